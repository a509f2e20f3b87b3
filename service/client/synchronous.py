"""`Itten`: a service that is waited for. What is done is in `service.client.asynchronous`."""

from collections.abc import Mapping
from typing import Any, Literal, Self, Unpack, overload

import httpx

from service.client.asynchronous import PATIENCE_S, AsyncItten
from service.client.calls import OnWait, http_options
from service.client.documents import JobDocument
from service.client.fields import FieldFields, ShadeFields
from service.client.pictures import Part, Picture
from service.client.sync_jobs import Answer, Job, Result
from service.client.wires import SyncWire, Wire, run


class Itten:
    """A service of Itten.

    All methods raise `Unreachable` where the service does not answer, and `ServiceError` where it
    refuses, after having asked again as it says. Once it has answered it may be away for ten
    seconds, as for a restart. Threads may share it.

    Args:
        url: where it is; a path is put before those of the service.
        key: `itten_...`, for a service that asks for one.
        patience_s: how long a service that is full is asked again for a place, when it says to.
        on_wait: told of each such refusal; its `retry_after` is how long it waits now.

    Raises:
        ClientError: not an address, or not a key.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        on_wait: OnWait | None = None,
    ) -> None:
        wire = SyncWire(httpx.Client(**http_options(url, key)))
        self._itten = AsyncItten.over(wire, patience_s=patience_s, on_wait=on_wait)

    @classmethod
    def over(
        cls, wire: Wire, *, patience_s: float = PATIENCE_S, on_wait: OnWait | None = None
    ) -> Self:
        """A client with a connection of the caller's."""
        itten = cls.__new__(cls)
        itten._itten = AsyncItten.over(wire, patience_s=patience_s, on_wait=on_wait)
        return itten

    def shade(
        self, target: Picture, source: Picture | None = None, **fields: Unpack[ShadeFields]
    ) -> Result:
        """Shade a picture, with its own strokes or with those of a source.

        It takes until the deadline at most, `deadline_s` after the upload, and longer only while a
        full service is asked again. Left by an exception, as Ctrl-C, it cancels the job.

        Args:
            target: a path, the bytes of a file, or a PIL image.
            source: another one, of any size.
            fields: of the spec: passes, deadline_s, quality, ...; unknown or wrong ones are a
                ServiceError that names them in `errors`.

        Raises:
            OSError: a file cannot be read.
        """
        return Result(run(self._itten.shade(target, source, **fields)))

    def field(self, target: Picture, **fields: Unpack[FieldFields]) -> Result:
        """The Fiedler field of a picture, or with `render="contours"` a line drawing of it.

        As `shade`; its result can also be saved as `.npz`, a drawing as `.svg`.
        """
        return Result(run(self._itten.field(target, **fields)))

    @overload
    def submit(
        self,
        kind: Literal["shade"],
        target: Picture,
        source: Picture | None = None,
        **fields: Unpack[ShadeFields],
    ) -> Job: ...

    @overload
    def submit(
        self, kind: Literal["field"], target: Picture, **fields: Unpack[FieldFields]
    ) -> Job: ...

    def submit(
        self, kind: Any, target: Picture, source: Picture | None = None, **fields: Any
    ) -> Job:
        """Start a job and return; arguments as those of `shade` and `field`."""
        return Job(run(self._itten.submit(kind, target, source, **fields)))

    def compute(
        self,
        kind: str,
        params: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        **parts: Part,
    ) -> Answer:
        """Have data computed: of a graph, of a texture, of ranks.

        It takes until the deadline at most; as `shade`.

        Args:
            kind: such as `graph.expand`; `/docs` of the service has all.
            params: of the kind.
            deadline_s: seconds until the answer, whole or partial.
            parts: what it works on, by name: a document as a dict, or the path or bytes of a file;
                `graph={"generator": "territory"}`, `graph="graph.npz"`.
        """
        started = self.start(kind, params, deadline_s=deadline_s, **parts)
        with started as job:
            return job.answer()

    def start(
        self,
        kind: str,
        params: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        **parts: Part,
    ) -> Job:
        """Start a job of data and return; arguments as those of `compute`."""
        return Job(run(self._itten.start(kind, params, deadline_s=deadline_s, **parts)))

    def job(self, job: str) -> Job:
        """The job of this id."""
        return Job(run(self._itten.job(job)))

    def jobs(self) -> list[JobDocument]:
        """The newest fifty jobs of this key, the last one first."""
        return run(self._itten.jobs())

    def close(self) -> None:
        """Close the connections; jobs go on."""
        run(self._itten.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
