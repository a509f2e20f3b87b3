"""`AsyncItten`: a service with async and await. `Itten` blocks over the same code."""

from collections.abc import Mapping
from typing import Any, Literal, Self, Unpack, overload

import httpx

from service.client.answers import document_of, documents_of
from service.client.async_jobs import AT_ONCE, AsyncAnswer, AsyncJob, AsyncResult
from service.client.calls import Calls, OnWait, http_options
from service.client.documents import JobDocument
from service.client.fields import FieldFields, ShadeFields
from service.client.pictures import Part, Picture
from service.client.sending import form, parts_and_spec
from service.client.wires import AsyncWire, Wire
from service.jobs.jobs import new_job_id

PATIENCE_S = 60.0


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
    ) -> AsyncResult:
        """As `Itten.shade`."""
        async with await self.submit("shade", target, source, **fields) as job:
            return await job.result()

    async def field(self, target: Picture, **fields: Unpack[FieldFields]) -> AsyncResult:
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
    ) -> AsyncJob: ...

    @overload
    async def submit(
        self, kind: Literal["field"], target: Picture, **fields: Unpack[FieldFields]
    ) -> AsyncJob: ...

    async def submit(
        self, kind: str, target: Picture, source: Picture | None = None, **fields: Any
    ) -> AsyncJob:
        """As `Itten.submit`."""
        return await self._put(form(target, source, {"kind": kind} | fields))

    async def _put(self, request: dict[str, Any]) -> AsyncJob:
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
    ) -> AsyncAnswer:
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
    ) -> AsyncJob:
        """As `Itten.start`."""
        spec: dict[str, Any] = {"kind": kind, "params": dict(params or {})}
        spec |= {} if deadline_s is None else {"deadline_s": deadline_s}
        return await self._put(parts_and_spec(parts, spec))

    async def job(self, job: str) -> AsyncJob:
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
