"""Events over a stream that breaks, is held back, or is none: every pass once, then the end."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.client import Complete, Event, Partial, Pass, Snapshot, Unreachable
from service.client.calls import LOST_S
from service.client.following import Story
from service.jobs.events import Envelope, Started
from service.jobs.jobs import JobState
from tests.service.client.stub import ClockWire, Itten, document

JOB = "job-12345678"


def frame(event: Event, seq: int = 1) -> bytes:
    return Envelope(JOB, seq, event).sse()


def breaks(*events: Event, error: Exception | None = None) -> Iterator[bytes]:
    yield b"".join(map(frame, events)) + b"data: {"
    raise error or httpx.ReadError("connection reset")


def silent(*events: Event) -> Iterator[bytes]:
    return breaks(*events, error=httpx.ReadTimeout(""))  # as the transport does


def ends(*events: Event) -> Iterator[bytes]:
    yield b"".join(map(frame, events))


def nonsense(*events: Event) -> Iterator[bytes]:
    yield b"".join(map(frame, events)) + b"data: nonsense\n\n"


class Service:
    """One job of three passes; each question finds it one further, each stream is of a script."""

    def __init__(self, *streams: Iterator[bytes] | httpx.Response, away_until: float = 0) -> None:
        self.streams, self.away_until = list(streams), away_until
        self.asked, self.listened, self.wire = 0, 0, ClockWire(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            self.listened += 1
            stream = self.streams.pop(0) if self.streams else httpx.Response(406)
            return stream if isinstance(stream, httpx.Response) else _response(stream)
        if self.asked and self.wire.time < self.away_until:
            raise httpx.ConnectError("refused")
        self.asked += 1
        passes = self.asked - 1  # the first is who asks for the job
        state = JobState.COMPLETE if passes == 3 else JobState.RUNNING
        return httpx.Response(200, json=document(state, passes, 3))

    def followed(self) -> list[Event]:
        return list(Itten.over(self.wire).job(JOB).events())


def _response(stream: Iterator[bytes]) -> httpx.Response:
    return httpx.Response(200, content=stream)


def passes(events: list[Event]) -> list[int]:
    return [each.index for each in events if isinstance(each, Pass)]


@pytest.mark.parametrize("stream", [breaks, silent, ends, nonsense])
def test_a_stream_that_is_of_no_more_use(stream: Any) -> None:
    service = Service(stream(Pass(1, 3)), stream(Pass(2, 3)))
    events = service.followed()
    assert (passes(events), service.listened) == ([1, 2, 3], 3)
    assert isinstance(events[-1], Complete)
    assert [type(each) for each in events if not isinstance(each, Pass)].count(Complete) == 1


def test_a_stream_that_says_nothing_is_not_asked_for_again() -> None:
    service = Service(silent(), ends(Pass(1, 3)))
    events = service.followed()
    assert (passes(events), service.listened) == ([1, 2, 3], 1)
    assert [type(each) for each in events[::2]] == [Pass] * 3


@pytest.mark.parametrize("status", [406, 503, 404])
def test_a_stream_that_never_was(status: int) -> None:
    service = Service(httpx.Response(status))
    assert passes(service.followed()) == [1, 2, 3]
    assert service.listened == 1


def test_one_stream_to_the_end_needs_no_question() -> None:
    end = Complete(document(JobState.COMPLETE, 3, 3))
    service = Service(ends(Started(), Pass(1, 3), Pass(2, 3), Pass(3, 3), end))
    assert service.followed() == [Started(), Pass(1, 3), Pass(2, 3), Pass(3, 3), end]
    assert service.asked == 1


def test_a_service_that_is_away_for_a_while_and_tells_again() -> None:
    end = Partial(document(JobState.PARTIAL, 2, 3))
    streams = breaks(Pass(1, 3)), breaks(), ends(Snapshot(document(passes=1, of=3)), end)
    service = Service(*streams, away_until=LOST_S - 1)
    events = service.followed()
    assert (passes(events), service.listened) == ([1, 2], 3)
    assert events[-1] == end


def test_a_service_that_stays_away() -> None:
    with pytest.raises(Unreachable):
        Service(breaks(Pass(1, 3)), away_until=1000).followed()


def test_passes_that_were_missed_are_told_before_what_shows_them() -> None:
    story = Story()
    snapshot, end = Snapshot(document(passes=2, of=4)), Partial(document(JobState.PARTIAL, 3, 4))
    assert list(story.tell(Started())) == [Started()]
    assert list(story.tell(snapshot)) == [Pass(1, 4), Pass(2, 4), snapshot]
    assert list(story.tell(Pass(2, 4))) == []
    assert list(story.tell(end)) == [Pass(3, 4), end]
    assert story.ended
