import contextlib
import math
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.sample_runs import submit
from worker.wire.framing import MAX_PAYLOAD, FrameDecoder, FrameError, encode
from worker.wire.messages import Cancel, PassDone, Shape, Started, ToService, ToWorker


def joined(*frames: list[memoryview]) -> bytes:
    return b"".join(b"".join(frame) for frame in frames)


@given(
    payloads=st.lists(st.binary(max_size=50), max_size=5),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_frames_survive_any_cutting(payloads: list[bytes], cuts: list[int]):
    sent = [(Cancel(job=f"job{i}"), payload) for i, payload in enumerate(payloads)]
    data = joined(*(encode(*frame) for frame in sent))
    decoder = FrameDecoder[ToWorker](ToWorker)
    received, position, turn = [], 0, 0
    while position < len(data):
        size = cuts[turn % len(cuts)]
        received += decoder.feed(data[position : position + size])
        position, turn = position + size, turn + 1
    assert received == sent


@pytest.mark.parametrize("source", [None, Shape(5, 7, 4)])
def test_a_submit_survives_the_crossing(source: Shape | None):
    message = msgspec.structs.replace(submit("a-job"), source=source)
    frames = FrameDecoder[ToWorker](ToWorker).feed(joined(encode(message, b"pixels")))
    assert frames == [(message, b"pixels")]


def test_a_payload_that_leaves_in_parts_arrives_as_one():
    parts = (b"tar", b"", memoryview(bytearray(b"get")), b"source")
    frames = FrameDecoder[ToService](ToService).feed(joined(encode(Started(job="j"), *parts)))
    assert frames == [(Started(job="j"), b"targetsource")]


def test_big_payloads_are_not_copied_on_the_way_out():
    payload, other = bytearray(10), bytearray(10)
    _, body, rest = encode(Started(job="j"), memoryview(payload), memoryview(other))
    payload[3] = other[4] = 7
    assert body[3] == rest[4] == 7


def test_a_payload_of_any_shape_counts_its_bytes():
    square = memoryview(bytes(range(16))).cast("B", (4, 4)).cast("B").cast("f")
    frames = FrameDecoder[ToService](ToService).feed(
        joined(encode(PassDone(job="j", index=1, of=1), square))
    )
    assert frames[0][1] == bytes(range(16))


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        bytes(8),
        b"\0\0\0\1\0\0\0\0\xc1",
        b"\0\0\0\4\0\0\0\0\x81\xa1\xff\x01",
        b"\0\0\x10\0\0\0\0\0" + b"\x91" * 4096,
        b"\0\0\0\1" + (MAX_PAYLOAD + 1).to_bytes(4, "big"),
        joined(encode(Started(job="not for a worker"))),
    ],
)
def test_garbage_is_refused(data: bytes):
    with pytest.raises(FrameError):
        FrameDecoder[ToWorker](ToWorker).feed(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_frame_error(data: bytes):
    with contextlib.suppress(FrameError):
        FrameDecoder[ToWorker](ToWorker, max_payload=100).feed(data)


def test_a_frame_over_the_limits_is_refused_before_it_is_sent():
    with pytest.raises(FrameError):
        encode(Cancel(job="j" * (5 << 20)))
    half = memoryview(bytes(MAX_PAYLOAD // 2))
    with pytest.raises(FrameError):
        encode(Cancel(job="j"), half, half, b"!")


def test_a_lie_about_the_length_costs_no_memory_and_no_time():
    decoder = FrameDecoder[ToWorker](ToWorker)
    head = joined(encode(Cancel(job="j")))
    lying = head[:4] + MAX_PAYLOAD.to_bytes(4, "big") + head[8:]
    assert decoder.feed(lying) == []


def seconds_to_decode(size: int) -> float:
    data = joined(encode(Cancel(job="j"), bytes(size)))
    pieces = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    best = math.inf
    for _ in range(5):
        decoder = FrameDecoder[ToWorker](ToWorker)
        began = time.thread_time()
        for piece in pieces:
            decoder.feed(piece)
        best = min(best, time.thread_time() - began)
    return best


def test_decoding_takes_linear_time():
    # Quadratic time would make it 256 times as long; out of the cache, linear time is up to 64.
    assert seconds_to_decode(16 << 20) < 128 * seconds_to_decode(1 << 20)
