"""`AsyncItten`: a service with async and await. `Itten` blocks over the same code."""

import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

import httpx

from service.client.answers import decoded, document_of, documents_of
from service.client.calls import Calls, OnWait, http_options
from service.client.documents import JobDocument
from service.client.errors import ServiceError, Unreachable
from service.client.fields import FieldFields, ShadeFields
from service.client.following import follow
from service.client.pictures import Part, Picture, image_file, part_file
from service.client.results import MEDIA, BaseAnswer, BaseResult, Format, Layer, format_of
from service.client.wires import AsyncWire, Wire
from service.jobs.events import Event, Snapshot, Terminal
from service.jobs.jobs import JobState, new_job_id

if TYPE_CHECKING:
    import numpy as np

    from service.jobs.explanations import Explanation

PATIENCE_S = 60.0
AT_ONCE = {"Prefer": "respond-async"}


class AsyncItten:
    """As `Itten`, on trio or asyncio: every method is awaited."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        on_wait: OnWait | None = None,
    ) -> None:
        http = httpx.AsyncClient(**http_options(url, key))
        self._begin(AsyncWire(http), patience_s, on_wait)

    @property
    def on_wait(self) -> OnWait | None:
        """Who is told of each refusal after which the service is asked again."""
        return self._calls.on_wait

    @on_wait.setter
    def on_wait(self, told: OnWait | None) -> None:
        self._calls.on_wait = told

    @classmethod
    def over(
        cls, wire: Wire, *, patience_s: float = PATIENCE_S, on_wait: OnWait | None = None
    ) -> Self:
        """A client with a connection of the caller's."""
        itten = cls.__new__(cls)
        itten._begin(wire, patience_s, on_wait)
        return itten

    def _begin(self, wire: Wire, patience_s: float, on_wait: OnWait | None) -> None:
        self._calls, self._patience_s = Calls(wire, on_wait), patience_s

    async def shade(
        self, target: Picture, source: Picture | None = None, **fields: Unpack[ShadeFields]
    ) -> "AsyncResult":
        """As `Itten.shade`."""
        async with await self.submit("shade", target, source, **fields) as job:
            return await job.result()

    async def field(self, target: Picture, **fields: Unpack[FieldFields]) -> "AsyncResult":
        """As `Itten.field`."""
        async with await self.submit("field", target, **fields) as job:
            return await job.result()

    @overload
    async def submit(
        self,
        kind: Literal["shade"],
        target: Picture,
        source: Picture | None = None,
        **fields: Unpack[ShadeFields],
    ) -> "AsyncJob": ...

    @overload
    async def submit(
        self, kind: Literal["field"], target: Picture, **fields: Unpack[FieldFields]
    ) -> "AsyncJob": ...

    async def submit(
        self, kind: str, target: Picture, source: Picture | None = None, **fields: Any
    ) -> "AsyncJob":
        """As `Itten.submit`."""
        return await self._put(_form(target, source, {"kind": kind} | fields))

    async def _put(self, request: dict[str, Any]) -> "AsyncJob":
        # With an id of its own choice a request can be sent again, and be cancelled unanswered.
        job = new_job_id()
        try:
            answer = await self._calls.call(
                "PUT", f"/jobs/{job}", patience_s=self._patience_s, headers=AT_ONCE, **request
            )
        except BaseException as error:
            if not isinstance(error, Exception):  # cancelled, or Ctrl-C
                await self._calls.abandon(job)
            raise
        return AsyncJob(self._calls, document_of(answer), self._patience_s)

    async def compute(
        self,
        kind: str,
        params: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        **parts: Part,
    ) -> "AsyncAnswer":
        """As `Itten.compute`."""
        started = await self.start(kind, params, deadline_s=deadline_s, **parts)
        async with started as job:
            return await job.answer()

    async def start(
        self,
        kind: str,
        params: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        **parts: Part,
    ) -> "AsyncJob":
        """As `Itten.start`."""
        spec: dict[str, Any] = {"kind": kind, "params": dict(params or {})}
        spec |= {} if deadline_s is None else {"deadline_s": deadline_s}
        files = {name: part_file(each) for name, each in parts.items()}
        return await self._put({"files": files or None, "data": {"spec": json.dumps(spec)}})

    async def job(self, job: str) -> "AsyncJob":
        """As `Itten.job`."""
        answer = await self._calls.call("GET", f"/jobs/{job}")
        return AsyncJob(self._calls, document_of(answer), self._patience_s)

    async def jobs(self) -> list[JobDocument]:
        """As `Itten.jobs`."""
        answer = await self._calls.call("GET", "/jobs")
        return documents_of(answer)

    async def close(self) -> None:
        """Close the connections; jobs go on."""
        await self._calls.wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


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
        request = _form(target, source, fields | deadline)
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

    async def _get(self, part: str, **query: Any) -> httpx.Response:
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
        import numpy as np  # late: those who want pictures need none

        with np.load(BytesIO(await self.job.read("npz")), allow_pickle=False) as arrays:
            return dict(arrays)


class AsyncAnswer(BaseAnswer):
    """As `Answer`: what asks the service is awaited."""

    def __init__(self, job: AsyncJob, result: dict[str, Any]) -> None:
        super().__init__(job.document, result)
        self.job = job

    async def arrays(self) -> "dict[str, np.ndarray]":
        """As `Answer.arrays`."""
        import numpy as np  # late: those who want a number need none

        with np.load(BytesIO(await self.job.read("npz")), allow_pickle=False) as arrays:
            return dict(arrays)


def _form(target: Picture | None, source: Picture | None, spec: dict[str, Any]) -> dict[str, Any]:
    """The parts of a request as httpx takes them; fields that are None are not sent."""
    given = {"target": target, "source": source}
    said = {name: value for name, value in spec.items() if value is not None}
    files = {name: image_file(each) for name, each in given.items() if each is not None}
    return {"files": files or None, "data": {"spec": json.dumps(said)}}
