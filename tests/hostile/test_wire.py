"""Malformed HTTP and WebSocket frames: no death, no hang, no bug, no time."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from itertools import pairwise

import pytest
import trio

from service.http.limits import Limits
from service.problems import MEDIA_TYPE
from tests.hostile.besieged import Besieged
from tests.hostile.wire_probes import BEHIND, FRAMES, INCOMPLETE, PROBES
from tests.service.house import png
from tests.service.live import read_to_end, upgrade

HANGS_S = 40.0  # less than it waits for a WebSocket that says nothing
GROWTH = 1 << 20  # bytes of memory, over all that is refused
CPU_S = 0.4  # of the service, for one probe
TINY_CHUNKS = 1_000_000


@contextmanager
def cheaply(fort: Besieged) -> Iterator[None]:
    before = fort.cpu_s()
    yield
    assert fort.cpu_s() - before < CPU_S


async def said(fort: Besieged, raw: bytes, *, end: bool) -> bytes:
    """The beginning of what the service says to these bytes; nothing where it hangs up."""
    began, answer = trio.current_time(), b""
    with trio.fail_after(HANGS_S):
        stream = await trio.open_tcp_stream("127.0.0.1", fort.port)
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, raw, end)
            with suppress(trio.BrokenResourceError):
                answer = bytes(await stream.receive_some())
            nursery.cancel_scope.cancel()
    # It hangs up for what was said, and not because nothing else comes.
    assert answer or trio.current_time() - began < Limits().header_s
    return answer


async def _send(stream: trio.SocketStream, raw: bytes, end: bool) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(raw)
        if end:
            await stream.send_eof()


def assert_no_bug(answer: bytes) -> None:
    assert answer == b"" or answer.startswith(b"HTTP/1.1 "), answer
    assert answer[9:10] != b"5", answer
    if answer[9:10] == b"4":
        assert MEDIA_TYPE.encode() in answer, answer


@pytest.mark.parametrize("name", PROBES)
async def test_bytes_that_no_client_sends_are_answered_or_end_the_connection(
    fort: Besieged, name: str
):
    with cheaply(fort):
        answer = await said(fort, PROBES[name], end=False)
    assert_no_bug(answer)


@pytest.mark.parametrize("name", [name for name, raw in PROBES.items() if raw.endswith(BEHIND)])
async def test_what_comes_behind_an_unclear_end_is_no_request(fort: Besieged, name: str):
    with trio.fail_after(HANGS_S):
        async with await trio.open_tcp_stream("127.0.0.1", fort.port) as stream:
            await stream.send_all(PROBES[name])
            answer = await read_to_end(stream)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("name", INCOMPLETE)
async def test_who_stops_in_the_middle_is_let_go(fort: Besieged, name: str):
    with cheaply(fort):
        assert_no_bug(await said(fort, INCOMPLETE[name], end=True))


async def test_frames_that_no_client_sends_end_their_session_at_most(fort: Besieged):
    await sessions(fort, list(FRAMES.values()))


async def sessions(fort: Besieged, frames: Sequence[bytes]) -> None:
    """Send each on a WebSocket of its own, all at once; all of them must end."""
    headers = {"Prefer": "respond-async", "Content-Type": "image/png"}
    started = fort.client.post("/shade?passes=6", content=png(), headers=headers)
    path = f"{started.headers['location']}/events"

    async def session(frame: bytes) -> None:
        async with await trio.open_tcp_stream("127.0.0.1", fort.port) as stream:
            with suppress(trio.BrokenResourceError):
                await stream.send_all(upgrade(path))
                assert b" 101 " in await stream.receive_some()
                await stream.send_all(frame)
                async for _ in stream:
                    pass

    with trio.fail_after(HANGS_S):
        async with trio.open_nursery() as nursery:
            for frame in frames:
                nursery.start_soon(session, frame)


async def test_a_hundred_refusals_leave_no_memory_behind(fort: Besieged):
    async def refusals() -> None:
        for name in PROBES:
            await said(fort, PROBES[name], end=False)
        await sessions(fort, [FRAMES["deflate"]] * 25)

    await refusals()
    held = [fort.rss()]
    while len(held) < 3:  # a leak shows each time; a crowd that met by chance does not
        await refusals()
        held.append(fort.rss())
    assert min(later - earlier for earlier, later in pairwise(held)) < GROWTH


async def test_more_connections_than_it_takes_are_turned_away(fort: Besieged):
    async with AsyncExitStack() as held:
        streams = [
            await held.enter_async_context(await trio.open_tcp_stream("127.0.0.1", fort.port))
            for _ in range(Limits().connections + 50)
        ]
        with trio.fail_after(HANGS_S):
            answer = await streams[-1].receive_some()
        assert answer.startswith(b"HTTP/1.1 503 ")
    with trio.fail_after(HANGS_S):
        while fort.newcomer() == 503:
            await trio.sleep(0.05)


async def test_a_million_tiny_chunks_are_refused_early(fort: Besieged):
    before = fort.rss()
    with cheaply(fort):
        head = b"POST /shade HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * TINY_CHUNKS
        assert (await said(fort, raw, end=False)).startswith(b"HTTP/1.1 400")
    assert fort.rss() - before < 4 << 20
