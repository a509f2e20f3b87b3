"""Server-sent events, cut anywhere, as the events they tell of."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client.event_stream import EventDecoder, read_event
from service.jobs.admission import Quote
from service.jobs.events import (
    Accepted,
    Complete,
    Envelope,
    Event,
    Pass,
    Snapshot,
    Started,
    Tiles,
)
from service.jobs.jobs import Job, JobState
from worker.wire.messages import Certificate

JOB = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=10.0, state=JobState.COMPLETE)
TILES = Tiles(2, 3, 8, [Certificate(0, 48, 64, 64, "converged", 0.01, 0.5, 3)])
EVENTS: list[Event] = [
    Snapshot(JOB.document()),
    Accepted(Quote(1, 0.5, "partial", 2)),
    Started(),
    TILES,
    Pass(1, 2),
    Complete(JOB.document()),
]
STREAM = b"".join(Envelope(JOB.id, seq, each).sse() for seq, each in enumerate(EVENTS))


def read(*pieces: bytes) -> list[Event]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def test_what_the_service_tells_is_heard() -> None:
    assert read(STREAM) == EVENTS


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in itertools.pairwise(ends))) == EVENTS


def test_beats_and_kinds_that_are_new_are_passed_by() -> None:
    new = b'event: news\ndata: {"type": "news", "job": "j", "seq": 1, "data": {}}\r\n\r\n'
    pass_1 = Envelope(JOB.id, 2, Pass(1, 2)).sse().replace(b"\n", b"\r\n")
    assert read(b": still here\n\n", new, pass_1) == [Pass(1, 2)]


def test_a_frame_that_is_cut_off_is_not_told() -> None:
    assert read(Envelope(JOB.id, 1, Pass(1, 2)).sse()[:-1]) == []


def test_a_certificate_without_a_bound() -> None:
    [certificate] = TILES.certificates
    without = Certificate(0, 0, 8, 8, "coarse", None, float("nan"), 0)
    text = Envelope(JOB.id, 1, Tiles(1, 0, 1, [without, certificate])).text()
    event = read_event(text.encode())
    assert isinstance(event, Tiles)
    assert event.certificates[0].angle_bound is None
    assert event.certificates[1] == certificate


@pytest.mark.parametrize(
    "text",
    [
        b"no JSON",
        b"[]",
        b'{"type": "pass", "data": {"index": "one", "of": 2}}',
        b'{"type": "tiles", "data": {}}',
        b'{"type": "snapshot", "data": {"state": "running"}}',
        b'{"type": "complete", "data": {"progress": 7}}',
    ],
)
def test_what_is_no_event_ends_it(text: bytes) -> None:
    decoder = EventDecoder()
    before, after = (Envelope(JOB.id, seq, Pass(seq, 2)).sse() for seq in (1, 2))
    assert decoder.feed(before + b"data: " + text + b"\n\n" + after) == [Pass(1, 2)]
    assert decoder.ended


def test_a_line_without_an_end_ends_it() -> None:
    decoder = EventDecoder()
    decoder.feed(b"data: ")
    assert not decoder.ended
    decoder.feed(b"x" * (9 << 20))
    assert decoder.ended


def test_after_the_terminal_event_nothing_comes() -> None:
    decoder = EventDecoder()
    assert decoder.feed(STREAM + STREAM) == EVENTS
    assert decoder.ended
