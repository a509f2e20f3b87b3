"""`Job`, and what came of it: what `service.client.async_jobs` has, waited for."""

import os
from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from service.client.async_jobs import AsyncAnswer, AsyncJob, AsyncResult
from service.client.documents import JobDocument
from service.client.pictures import Picture
from service.client.results import BaseAnswer, BaseResult, Format, Layer
from service.client.wires import each, run
from service.jobs.events import Event

if TYPE_CHECKING:
    import numpy as np

    from service.jobs.explanations import Explanation


class Job:
    """A job at the service. A `with` block that is left by an exception cancels it."""

    def __init__(self, job: AsyncJob) -> None:
        self._job = job

    @property
    def id(self) -> str:
        """Its name at the service."""
        return self._job.id

    @property
    def document(self) -> JobDocument:
        """What the service last said of it."""
        return self._job.document

    def __repr__(self) -> str:
        return repr(self._job)

    def refresh(self) -> JobDocument:
        """Ask how far it is."""
        return run(self._job.refresh())

    def events(self) -> Generator[Event, None, None]:
        """What happens to it, as it happens, until its end.

        Every `Pass` is told once and in order, and the last event is a `Terminal`: `Complete`,
        `Partial`, `Failed` or `Cancelled`. `Tiles` come as often as the connection allows, with the
        certificates that changed. A stream that breaks is taken up again; in between, and for who
        comes late, a `Snapshot` has the job's document.
        """
        return each(self._job.events())

    def wait(self) -> JobDocument:
        """Wait for its end, whatever that is."""
        return run(self._job.wait())

    def result(self) -> "Result":
        """Wait for its end and fetch the picture, which may be partial.

        Raises:
            ServiceError: it has failed, or was cancelled.
        """
        return Result(run(self._job.result()))

    def answer(self) -> "Answer":
        """Wait for the end of a job of data and fetch its answer; raises as `result`."""
        return Answer(run(self._job.answer()))

    def read(self, as_format: Format) -> bytes:
        """The result as a file: `png`, `webp`, `jpg`; the field as `npz`; a drawing as `svg`."""
        return run(self._job.read(as_format))

    def after_pass(self, index: int) -> bytes:
        """The picture after a pass as PNG, once it is there; 0 is the input."""
        return run(self._job.after_pass(index))

    def source(self) -> bytes:
        """The image that lent it strokes as PNG; a job without one raises ServiceError, 404."""
        return run(self._job.source())

    def eigenvector(self, channel: int) -> bytes:
        """Eigenvector 1 to 4 of its field as PNG, in the colours of viridis."""
        return run(self._job.eigenvector(channel))

    def explanation(self, index: int) -> "Explanation":
        """How a pass came about, of a job with `explain=True`: segments, and what they matched."""
        return run(self._job.explanation(index))

    def layer(self, index: int, name: Layer) -> bytes:
        """What a pass worked with, as PNG: the `gate`, the `contours` or the `segments`."""
        return run(self._job.layer(index, name))

    def resume(
        self,
        deadline_s: float | None = None,
        *,
        target: Picture | None = None,
        source: Picture | None = None,
        **fields: Any,
    ) -> "Job":
        """Go on from where a partial job ended, as a new job with a deadline of its own.

        Pictures and fields need not be said again; those that are must be as they were.

        Raises:
            ServiceError: 409, it is not partial, or other pictures or fields were said.
        """
        return Job(run(self._job.resume(deadline_s, target=target, source=source, **fields)))

    def cancel(self) -> None:
        """End it now; harmless when it has ended."""
        run(self._job.cancel())

    def remove(self) -> None:
        """Remove a job that has ended, with its pictures; one that runs is cancelled."""
        run(self._job.remove())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run(self._job.__aexit__(kind, error, trace))


class Result(BaseResult):
    """The picture that a job ended with; `status` says whether it is whole or partial.

    Attributes:
        job: to resume, or to read other formats and passes from.
    """

    def __init__(self, result: AsyncResult) -> None:
        super().__init__(result.document, result.data)
        self._result, self.job = result, Job(result.job)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file: .png, .webp, .jpg; .npz is the field, .svg a line drawing.

        Raises:
            ClientError: another ending.
            OSError: the file cannot be written.
        """
        run(self._result.save(path))

    def arrays(self) -> "dict[str, np.ndarray]":
        """The arrays of the field: `vectors` (H, W, k), `lambda2` (H, W), and certificates."""
        return run(self._result.arrays())


class Answer(BaseAnswer):
    """What a job of data ended with; `status` says whether it is whole or partial.

    Attributes:
        job: to resume, or to read its picture from.
    """

    def __init__(self, answer: AsyncAnswer) -> None:
        super().__init__(answer.document, answer.result)
        self._answer, self.job = answer, Job(answer.job)

    def arrays(self) -> "dict[str, np.ndarray]":
        """All arrays of the answer; NaN where a value is not there."""
        return run(self._answer.arrays())
