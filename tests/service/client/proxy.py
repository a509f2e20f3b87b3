"""What lies between a client and a service: it breaks streams of events, again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

_STREAM = b"text/event-stream\r\n"  # in the head of the answer


@asynccontextmanager
async def breaking(port: int, after: int) -> AsyncIterator[str]:
    """The URL of a way to a port of this machine, on which a stream breaks after so many bytes."""

    async def connected(near: trio.SocketStream) -> None:
        far = await trio.open_tcp_stream("127.0.0.1", port)
        async with near, far, trio.open_nursery() as both:
            both.start_soon(_passed_on, near, far, both.cancel_scope)
            with suppress(trio.BrokenResourceError):
                await _passed_until(far, near, after)
            both.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, connected, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def _passed_on(
    source: trio.SocketStream, sink: trio.SocketStream, end: trio.CancelScope
) -> None:
    with suppress(trio.BrokenResourceError):
        async for piece in source:
            await sink.send_all(piece)
    end.cancel()


async def _passed_until(source: trio.SocketStream, sink: trio.SocketStream, after: int) -> None:
    """Pass on all answers, and of a stream of events so many bytes."""
    left: int | None = None
    async for piece in source:
        if left is None and _STREAM in piece:
            left = after
        await sink.send_all(piece[:left])
        if left is not None:
            left -= len(piece)
            if left <= 0:
                return
