"""Who listens to a job: a WebSocket that is never read from, and one who waits for the end."""

import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import trio

SMALL = 2048  # bytes that the system takes for a client that does not read
ENDS = tuple(f"event: {end}" for end in ("complete", "partial", "failed", "cancelled"))


def never_reading(url: str, job: str) -> AbstractAsyncContextManager[None]:
    """Listen to a job without ever taking what is said, while the block runs."""
    return unread(url, _upgrade(f"/jobs/{job}/events", urlsplit(url).netloc))


@asynccontextmanager
async def unread(url: str, request: bytes) -> AsyncIterator[None]:
    """Ask, and never take the answer, while the block runs.

    Raises:
        OSError: nobody listens at the URL.
    """
    parts = urlsplit(url)
    plain = trio.socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    with plain:
        await plain.connect((parts.hostname, parts.port))
        await plain.send(request)
        yield


def _upgrade(path: str, host: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


async def until_end(http: httpx.AsyncClient, job: str) -> None:
    """Return when the service says that the job has ended.

    Raises:
        ValueError: the stream ended without saying so.
    """
    accept = {"Accept": "text/event-stream"}
    async with http.stream("GET", f"/jobs/{job}/events", headers=accept) as events:
        async for line in events.aiter_lines():
            if line.startswith(ENDS):
                return
    raise ValueError("the events ended without an end")
