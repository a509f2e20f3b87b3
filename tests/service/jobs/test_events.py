"""The frames of every event."""

import json
import math
import struct
from typing import Any

import msgspec
import pytest

from service.jobs import events
from service.jobs.admission import Quote
from service.jobs.events import Envelope, Event
from worker.wire import messages as wire


def certificate(y: int = 0, x: int = 0, bound: float | None = 0.01) -> wire.Certificate:
    return wire.Certificate(y, x, 64, 64, "converged", bound, 0.5, 3)


DOCUMENT = {"id": "job-1234", "state": "partial", "progress": {}}
PREVIEW = events.preview(
    wire.Preview(
        job="job-1234",
        kind="field",
        pass_index=2,
        x=16,
        y=8,
        width=600,
        height=400,
        full_width=1200,
        full_height=800,
        pixel_width=512,
        pixel_height=341,
        channels=3,
    ),
    b"\x89PNG...",
    "png",
)
EVENTS: list[tuple[Event, str, dict[str, Any]]] = [
    (
        events.Accepted(Quote(2, 1.5, "partial", 3)),
        "accepted",
        {
            "position": 2,
            "quote": {"position": 2, "seconds": 1.5, "expected": "partial", "passes": 3},
        },
    ),
    (events.Snapshot(DOCUMENT), "snapshot", DOCUMENT),
    (events.from_worker(wire.Started(job="j")), "started", {}),
    (events.from_worker(wire.PassDone(job="j", index=2, of=4)), "pass", {"index": 2, "of": 4}),
    (events.Complete(DOCUMENT), "complete", DOCUMENT),
    (events.Partial(DOCUMENT), "partial", DOCUMENT),
    (events.Failed(DOCUMENT), "failed", DOCUMENT),
    (events.Cancelled(DOCUMENT), "cancelled", DOCUMENT),
]


@pytest.mark.parametrize(("event", "name", "data"), EVENTS)
def test_text_frame(event: Event, name: str, data: dict[str, Any]) -> None:
    envelope = Envelope("job-1234", 7, event)
    assert json.loads(envelope.text()) == {
        "type": name,
        "job": "job-1234",
        "seq": 7,
        "data": data,
    }
    assert envelope.binary() is None


def test_certificates_are_objects_without_infinities() -> None:
    event = events.from_worker(
        wire.Tiles(
            job="j",
            pass_index=1,
            done=3,
            total=9,
            pass_done=3,
            pass_total=9,
            certificates=[certificate(bound=math.inf), certificate(0, 48, None)],
        )
    )
    data = json.loads(Envelope("j", 1, event).text())["data"]
    assert (data["pass"], data["done"], data["total"]) == (1, 3, 9)
    assert [each["angle_bound"] for each in data["certificates"]] == [None, None]
    assert data["certificates"][1]["x"] == 48


def test_tiles_of_the_source_are_those_of_pass_0() -> None:
    event = events.Tiles(0, 3, 12, [certificate(0, 0)])
    assert json.loads(Envelope("j", 1, event).text())["data"]["pass"] == 0
    first = events.Tiles(1, 4, 12, [certificate(0, 48)])
    assert first.after(event, 100) == first  # what was certified is another picture


def test_preview_is_announced_and_followed_by_its_picture() -> None:
    envelope = Envelope("job-1234", 9, PREVIEW)
    frame = envelope.binary()
    assert frame is not None
    (length,) = struct.unpack_from(">I", frame)
    header = json.loads(frame[4 : 4 + length])
    assert frame[4 + length :] == b"\x89PNG..."
    assert header == {
        "job": "job-1234",
        "seq": 9,
        "kind": "field",
        "format": "png",
        "x": 16,
        "y": 8,
        "width": 600,
        "height": 400,
        "full_width": 1200,
        "full_height": 800,
        "pass": 2,
    }
    announced = json.loads(envelope.text())
    assert announced["type"] == "preview"
    assert announced["data"] | {"job": "job-1234", "seq": 9} == header


def test_server_sent_event_is_one_block() -> None:
    block = Envelope("j", 3, events.Snapshot({"reason": "two\nlines\r"})).sse().decode()
    first, second, third = block.removesuffix("\n\n").splitlines()
    assert (first, second) == ("id: 3", "event: snapshot")
    assert json.loads(third.removeprefix("data: "))["data"] == {"reason": "two\nlines\r"}


@pytest.mark.parametrize("state", ["complete", "partial", "failed", "cancelled"])
def test_terminal_event_is_named_after_the_state(state: str) -> None:
    assert events.terminal({"state": state}).type == state


def test_merged_tiles_keep_the_newest_certificate_of_each_tile() -> None:
    earlier = events.Tiles(1, 2, 9, [certificate(0, 0, 0.9), certificate(0, 48, 0.8)])
    later = events.Tiles(1, 3, 9, [certificate(0, 0, 0.1)])
    merged = later.after(earlier, most=10)
    assert (merged.done, merged.total) == (3, 9)
    assert {(c.x, c.angle_bound) for c in merged.certificates} == {(0, 0.1), (48, 0.8)}
    assert len(later.after(earlier, most=1).certificates) == 1
    next_pass = events.Tiles(2, 10, 18, [])
    assert next_pass.after(earlier, most=10) == next_pass


def test_events_are_frozen() -> None:
    with pytest.raises(AttributeError):
        PREVIEW.x = 1  # type: ignore[misc]
    assert msgspec.structs.replace(PREVIEW, x=1).place != PREVIEW.place
