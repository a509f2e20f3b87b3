"""`AsyncJob`, and what came of it. `service.client.sync_jobs` blocks over the same code."""

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from service.client.answers import decoded, document_of
from service.client.calls import Calls
from service.client.documents import JobDocument
from service.client.errors import ServiceError, Unreachable
from service.client.following import follow
from service.client.pictures import Picture
from service.client.results import (
    MEDIA,
    BaseAnswer,
    BaseResult,
    Format,
    Layer,
    arrays_in,
    format_of,
)
from service.client.sending import form
from service.jobs.events import Event, Snapshot, Terminal
from service.jobs.jobs import JobState

if TYPE_CHECKING:
    import numpy as np

    from service.jobs.explanations import Explanation

AT_ONCE = {"Prefer": "respond-async"}


class AsyncJob:
    """As `Job`: every method is awaited, `events` is an async generator.

    Attributes:
        document: what the service last said of it.
    """

    def __init__(self, calls: Calls, document: JobDocument, patience_s: float) -> None:
        self._calls, self._patience_s = calls, patience_s
        self.document = document

    @property
    def id(self) -> str:
        """Its name at the service."""
        return self.document.id

    def __repr__(self) -> str:
        return f"<job {self.id}, {self.document.kind}, {self.document.state}>"

    async def refresh(self) -> JobDocument:
        """As `Job.refresh`."""
        self.document = document_of(await self._calls.call("GET", self._path))
        return self.document

    async def events(self) -> AsyncGenerator[Event, None]:
        """As `Job.events`; a generator that is left early is to be closed, as by `aclosing`."""
        async with aclosing(follow(self._calls, self.id)) as events:
            async for event in events:
                if isinstance(event, Snapshot | Terminal):
                    self.document = JobDocument.of(event.document)
                yield event

    async def wait(self) -> JobDocument:
        """As `Job.wait`."""
        if not self.document.state.ended:
            async for _ in self.events():
                pass
        return self.document

    async def result(self) -> "AsyncResult":
        """As `Job.result`."""
        await self._end()
        return AsyncResult(self, await self.read("png"))

    async def answer(self) -> "AsyncAnswer":
        """As `Job.answer`."""
        await self._end()
        return AsyncAnswer(self, decoded(await self._get("result"), dict[str, Any]))

    async def _end(self) -> None:
        """Wait for a job that comes to something; raises ServiceError where it does not."""
        job = await self.wait()
        if job.problem is not None:
            raise ServiceError.of(job.problem)
        if job.state is JobState.CANCELLED:
            raise ServiceError(f"The job has been cancelled: {job.status_reason}.", 409, "conflict")

    async def read(self, as_format: Format) -> bytes:
        """As `Job.read`."""
        arrays = "result" if self.document.links.get("result") else "field"
        part = arrays if as_format in ("npz", "svg") else "image"
        headers = {"Accept": MEDIA[as_format]}
        return (await self._calls.call("GET", f"{self._path}/{part}", headers=headers)).content

    async def after_pass(self, index: int) -> bytes:
        """As `Job.after_pass`."""
        return (await self._get("image", **{"pass": index})).content

    async def source(self) -> bytes:
        """As `Job.source`."""
        return (await self._get("image", part="source")).content

    async def eigenvector(self, channel: int) -> bytes:
        """As `Job.eigenvector`."""
        return (await self._get("field", channel=channel)).content

    async def explanation(self, index: int) -> "Explanation":
        """As `Job.explanation`."""
        from service.jobs.explanations import Explanation  # late: it knows how layers are drawn

        return decoded(await self._get("explanation", **{"pass": index}), Explanation)

    async def layer(self, index: int, name: Layer) -> bytes:
        """As `Job.layer`."""
        return (await self._get("explanation", **{"pass": index}, layer=name)).content

    async def resume(
        self,
        deadline_s: float | None = None,
        *,
        target: Picture | None = None,
        source: Picture | None = None,
        **fields: Any,
    ) -> "AsyncJob":
        """As `Job.resume`."""
        deadline = {} if deadline_s is None else {"deadline_s": deadline_s}
        request = form(target, source, fields | deadline)
        answer = await self._calls.call(
            "POST",
            f"{self._path}/resume",
            patience_s=self._patience_s,
            headers=AT_ONCE,
            **request,
        )
        return AsyncJob(self._calls, document_of(answer), self._patience_s)

    async def cancel(self) -> None:
        """As `Job.cancel`."""
        await self._calls.cancel(self.id)

    async def remove(self) -> None:
        """As `Job.remove`."""
        await self._calls.call("DELETE", self._path)

    async def _get(self, part: str, /, **query: Any) -> httpx.Response:
        return await self._calls.call("GET", f"{self._path}/{part}", params=query)

    @property
    def _path(self) -> str:
        return f"/jobs/{self.id}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, Unreachable):
            await self._calls.abandon(self.id)


class AsyncResult(BaseResult):
    """As `Result`: what may ask the service is awaited."""

    def __init__(self, job: AsyncJob, data: bytes) -> None:
        super().__init__(job.document, data)
        self.job = job

    async def save(self, path: str | os.PathLike[str]) -> None:
        """As `Result.save`."""
        as_format = format_of(path)
        data = self.data if as_format == "png" else await self.job.read(as_format)
        Path(path).write_bytes(data)

    async def arrays(self) -> "dict[str, np.ndarray]":
        """As `Result.arrays`."""
        return arrays_in(await self.job.read("npz"))


class AsyncAnswer(BaseAnswer):
    """As `Answer`: what asks the service is awaited."""

    def __init__(self, job: AsyncJob, result: dict[str, Any]) -> None:
        super().__init__(job.document, result)
        self.job = job

    async def arrays(self) -> "dict[str, np.ndarray]":
        """As `Answer.arrays`."""
        return arrays_in(await self.job.read("npz"))
