import math
import time

import pytest
import trio
import trio.testing

from worker.wire.channel import PIECE, Channel
from worker.wire.framing import FrameDecoder, FrameError
from worker.wire.messages import Cancel, ToWorker


def over(stream: trio.abc.Stream) -> Channel[ToWorker]:
    return Channel[ToWorker](stream, FrameDecoder(ToWorker))


def socket_pair() -> tuple[Channel[ToWorker], Channel[ToWorker]]:
    left, right = trio.socket.socketpair()
    return over(trio.SocketStream(left)), over(trio.SocketStream(right))


async def test_concurrent_sends_do_not_mix():
    near, far = socket_pair()
    received = {}
    async with near, trio.open_nursery() as nursery:
        for number in range(5):
            payload = bytes([number]) * 1_000_000
            nursery.start_soon(near.send, Cancel(job=str(number)), payload)
        async with far:
            while len(received) < 5:
                message, payload = await anext(far)
                received[message.job] = set(payload)
    assert received == {str(number): {number} for number in range(5)}


async def test_the_end_and_a_cut_frame_end_the_loop():
    for sent in (b"", b"\0\0\0\x09\0"):
        near, far = trio.testing.memory_stream_pair()
        await near.send_all(sent) if sent else None
        await near.aclose()
        assert [frame async for frame in over(far)] == []


async def test_a_dead_peer_ends_the_loop_and_breaks_a_send():
    near, far = socket_pair()
    await far.aclose()
    assert [frame async for frame in near] == []
    with pytest.raises(trio.BrokenResourceError):
        await near.send(Cancel(job="j"), bytes(1 << 20))
    await near.aclose()


async def test_what_a_peer_said_before_it_died_is_read_after_a_send_that_broke():
    near, far = socket_pair()
    await far.send(Cancel(job="last words"))
    await far.aclose()
    with pytest.raises(trio.BrokenResourceError):
        await near.send(Cancel(job="j"), bytes(1 << 20))
    assert [message async for message, _ in near] == [Cancel(job="last words")]
    await near.aclose()


async def test_garbage_raises():
    near, far = trio.testing.memory_stream_pair()
    await near.send_all(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(FrameError):
        await anext(over(far))


async def test_a_send_that_is_cut_off_closes_the_connection():
    near, far = socket_pair()
    async with far, near:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(near.send, Cancel(job="j"), bytes(8 << 20))
            await trio.testing.wait_all_tasks_blocked()  # nobody reads
            nursery.cancel_scope.cancel()
        with pytest.raises(trio.ClosedResourceError):
            await near.send(Cancel(job="k"))
        assert [frame async for frame in far] == []


PAYLOAD = bytes(36_000_000)


async def framed() -> int:
    near, far = socket_pair()
    async with near, far, trio.open_nursery() as nursery:
        nursery.start_soon(near.send, Cancel(job="j"), PAYLOAD)
        _, received = await anext(far)
        return len(received)


async def plain() -> int:
    near, far = (trio.SocketStream(each) for each in trio.socket.socketpair())
    received = bytearray()
    async with near, far, trio.open_nursery() as nursery:
        nursery.start_soon(near.send_all, PAYLOAD)
        while len(received) < len(PAYLOAD):
            received += await far.receive_some(PIECE)
        return len(bytes(received))


async def test_36_megabytes_cost_little_more_than_their_way_through_the_socket():
    best = {framed: math.inf, plain: math.inf}
    for _ in range(3):
        for way in best:
            began = time.process_time()
            assert await way() == len(PAYLOAD)
            best[way] = min(best[way], time.process_time() - began)
    assert best[framed] < 2.5 * best[plain]


async def test_a_long_payload_arrives_whole_among_short_ones() -> None:
    near, far = socket_pair()
    sent = [bytes([n]) * size for n, size in enumerate((10, 3 << 20, 0, 1 << 20, 5))]
    received = []
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def send() -> None:
            for n, payload in enumerate(sent):
                await near.send(Cancel(job=f"job{n}"), payload)
            await near.aclose()

        async with far:
            async for _, payload in far:
                received.append(payload)
    assert received == sent
