"""How the client reaches a service: all that `Itten` and `AsyncItten` do not share.

All that the client does is written once, as coroutines over a `Wire`. Those over a `SyncWire` never
suspend: `run` has them at their end in one step, without a thread or an event loop.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Protocol, Self, TypeVar

import anyio
import httpx

SILENCE_S = 5.0  # of an event stream, then the job is asked about instead
GOODBYE_S = 3.0  # to cancel a job that nobody wants any more
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # of one read or write
_PIECE = 1 << 16  # bytes that are written at a time
_EVENTS = {"Accept": "text/event-stream"}

T = TypeVar("T")


class Wire(Protocol):
    """One service; what is asked of it raises httpx.RequestError."""

    @property
    def url(self) -> httpx.URL:
        """Where it is."""

    def now(self) -> float:
        """Seconds on a clock that only goes on."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The whole answer to a request."""

    def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """The pieces of a stream of events as they come; none where it is refused."""

    async def farewell(self, call: Callable[[], Awaitable[None]]) -> None:
        """Make a last call, also while this task is being cancelled."""

    async def close(self) -> None:
        """Hang up."""


class AsyncWire:
    """A `Wire` whose waits let other tasks run."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @property
    def url(self) -> httpx.URL:
        """Where the service is."""
        return self._http.base_url

    def now(self) -> float:
        """Seconds on the clock of the event loop."""
        return anyio.current_time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The whole answer to a request."""
        built = self._http.build_request(method, path, **request)
        built.stream = _Body(built.read())
        return await self._http.send(built)

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """The pieces of a stream of events as they come; none where it is refused."""
        stream = self._http.stream("GET", path, headers=_EVENTS, timeout=SILENCE_S)
        async with stream as answer:
            if answer.status_code == httpx.codes.OK:
                pieces = answer.aiter_bytes()
                try:
                    async for piece in pieces:
                        yield piece
                finally:
                    await _ended(pieces)

    async def farewell(self, call: Callable[[], Awaitable[None]]) -> None:
        """Make a last call within a moment, also while this task is being cancelled."""
        with anyio.move_on_after(GOODBYE_S, shield=True):
            await call()

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()


class _Body(httpx.AsyncByteStream):
    """A body in pieces, by no generator, which an upload that is cancelled would leave unclosed."""

    def __init__(self, body: bytes) -> None:
        self._body, self._sent = body, 0

    def __aiter__(self) -> Self:
        self._sent = 0
        return self

    async def __anext__(self) -> bytes:
        piece = self._body[self._sent : self._sent + _PIECE]
        if not piece:
            raise StopAsyncIteration
        self._sent += len(piece)
        return piece


class SyncWire:
    """A `Wire` whose coroutines return at their first step; until then they block."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> httpx.URL:
        """Where the service is."""
        return self._http.base_url

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The whole answer to a request."""
        return self._http.request(method, path, **request)

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """The pieces of a stream of events as they come; none where it is refused."""
        stream = self._http.stream("GET", path, headers=_EVENTS, timeout=SILENCE_S)
        with stream as answer:
            if answer.status_code == httpx.codes.OK:
                for piece in answer.iter_bytes():
                    yield piece

    async def farewell(self, call: Callable[[], Awaitable[None]]) -> None:
        """Make a last call."""
        await call()

    async def close(self) -> None:
        """Hang up."""
        self._http.close()


async def _ended(pieces: AsyncIterator[bytes]) -> None:
    """End the generators of httpx: left within each other, only an exception reaches them all."""
    with suppress(httpx.RequestError), anyio.CancelScope() as scope:
        scope.cancel()
        async for _ in pieces:  # what has arrived, then the wait for more is cancelled
            pass


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine over a `SyncWire` returns."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("it waits for an event loop")


def each(values: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """What an async generator over a `SyncWire` yields."""
    try:
        while True:
            try:
                value = run(values.__anext__())
            except StopAsyncIteration:
                return
            yield value
    finally:
        run(values.aclose())
