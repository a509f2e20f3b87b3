"""What other processes say, and files say that they left: any bytes, and bytes nearly right."""

import io
import socket
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.client.event_stream import EventDecoder
from service.pictures.decoder_messages import Decode, Decoded, Header, Inspect, Rows
from service.pictures.decoder_socket import Refusal, ask_header, ask_picture
from tests.hostile.strategies import cuts, damaged, pieces, quickly, thoroughly
from tests.service.client.test_event_stream import STREAM
from tests.worker.sample_runs import submit
from worker.kinds.kept import Kept, kept_of
from worker.numerics.checkpoint import KEPT
from worker.shader.picture import Picture
from worker.wire.explained import Match, Segment
from worker.wire.framing import FrameDecoder, FrameError, encode
from worker.wire.messages import (
    Cancel,
    Explained,
    Finished,
    Message,
    PassDone,
    Tiles,
    ToService,
    ToWorker,
)

MESSAGES: list[Message] = [
    submit("a-job"),
    Cancel(job="a-job"),
    PassDone(job="a-job", index=1, of=2),
    Explained(
        job="a-job",
        index=1,
        segments=[Segment(1, 2, 3, 4, 5)],
        matches=[Match((1, 2), (3, 4), (5, 6), 90, 0.5)],
    ),
    Finished(job="a-job", state="partial"),
    Tiles(job="j", pass_index=0, done=1, total=2, pass_done=1, pass_total=2, certificates=[]),
]
MOST_PIXELS = 100
sizes = st.sampled_from((-(2**62), -1, 0, 1, 2, 4, 100, 2**31, 2**62))


def frame(message: Message, payload: bytes = b"") -> bytes:
    return b"".join(encode(message, payload))


FRAMES = b"".join(frame(message, b"payload") for message in MESSAGES)
PICTURE = frame(Decoded(width=4, height=2, channels=3)) + frame(Rows(), bytes(24))


@pytest.mark.parametrize("spoken", [ToWorker, ToService], ids=["to worker", "to service"])
@quickly
@given(data=st.binary(max_size=300) | damaged(FRAMES), at=cuts)
def test_frames(spoken: type, data: bytes, at: list[int]):
    decoder = FrameDecoder[Message](spoken, max_payload=1 << 20)
    with suppress(FrameError):
        for piece in pieces(data, at):
            for message, payload in decoder.feed(piece):
                assert isinstance(message, Message)
                assert len(payload) <= len(data)


@quickly
@given(data=st.binary(max_size=60) | damaged(PICTURE))
def test_a_decoder_that_is_not_what_it_was(data: bytes):
    hear(data)


@quickly
@given(width=sizes, height=sizes, channels=sizes)
def test_a_decoder_that_lies_about_a_size(width: int, height: int, channels: int):
    hear(frame(Header(format="PNG", width=width, height=height)))
    hear(frame(Decoded(width=width, height=height, channels=channels)))


def hear(said: bytes) -> None:
    """Ask a decoder that says this whatever it is asked."""
    for answered in (_header, _picture):
        ours, theirs = socket.socketpair()
        with ours, theirs, suppress(Refusal, OSError, EOFError, FrameError):
            theirs.sendall(said)
            theirs.shutdown(socket.SHUT_WR)
            assert answered(ours) <= MOST_PIXELS


def _header(connection: socket.socket) -> int:
    return ask_header(connection, Inspect(max_pixels=MOST_PIXELS), b"file").pixels


def _picture(connection: socket.socket) -> int:
    request = Decode(max_pixels=MOST_PIXELS, max_side=None)
    picture = ask_picture(connection, request, b"file")
    return picture.width * picture.height


@quickly
@given(data=damaged(STREAM) | st.binary(max_size=200), at=cuts)
def test_events(data: bytes, at: list[int]):
    decoder = EventDecoder()
    for piece in pieces(data, at):
        decoder.feed(piece)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_an_event_that_is_nested_too_deeply(opening: bytes):
    decoder = EventDecoder()
    decoder.feed(b'data: {"type": "complete", "data": {"x": ' + opening * 200_000 + b"\n\n")
    assert decoder.ended


def test_an_event_without_an_end():
    decoder = EventDecoder()
    for _ in range(200):
        decoder.feed(b"data: " + b"x" * 60_000 + b"\n")
    assert decoder.ended


def _work() -> bytes:
    file = io.BytesIO()
    field: dict[str, Any] = {
        "field_tiles": np.arange(3),
        "field_vectors": np.ones((3, 4, 16), np.float32),
    }
    field |= {f"field_{name}": np.ones(3, np.float32) for name in KEPT}
    picture = np.zeros((4, 6, 3), np.uint8)
    np.savez(file, passes=np.array([1], np.int32), picture=picture, **field)
    return file.getvalue()


WORK = _work()
LIKE = Picture(torch.zeros(3, 4, 6), None)


def test_work_that_is_whole():
    kept = kept_of(memoryview(WORK), LIKE, 4)
    assert kept.passes == 1
    assert set(kept.field) == {"tiles", "vectors", *KEPT}


@thoroughly
@given(data=damaged(WORK) | st.binary(max_size=100))
def test_work(data: bytes):
    with suppress(ValueError):
        assert isinstance(kept_of(memoryview(data), LIKE, 4), Kept)


def test_work_with_one_bit_that_is_another():
    for at in range(len(WORK)):
        broken = bytearray(WORK)
        broken[at] ^= 1 << at % 8
        with suppress(ValueError):
            kept_of(memoryview(broken), LIKE, 4)
