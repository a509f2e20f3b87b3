"""Broadcast and mailboxes: order, bounds, late listeners, the end."""

from itertools import pairwise

import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from service.jobs import events, mailbox
from service.jobs.admission import Quote
from service.jobs.mailbox import Broadcast, Mailbox, PreviewPace
from tests.service.jobs.test_events import DOCUMENT, PREVIEW, certificate

END = events.Partial(DOCUMENT)
QUOTE = Quote(0, 1.0, "complete", 4)


def tiles(done: int) -> events.Tiles:
    return events.Tiles(1, done, 1000, [certificate(0, done)])


async def heard(box: Mailbox) -> list[tuple[int, str]]:
    return [(envelope.seq, envelope.event.type) async for envelope in box]


async def test_a_listener_hears_everything_in_order_and_then_no_more() -> None:
    broadcast = Broadcast("j")
    box = broadcast.subscribe()
    for event in (events.Accepted(QUOTE), events.Started(), tiles(1), events.Pass(1, 1), END):
        broadcast.publish(event)
    broadcast.publish(tiles(2))
    broadcast.publish(events.Complete(DOCUMENT))
    assert await heard(box) == [
        (1, "accepted"),
        (2, "started"),
        (3, "tiles"),
        (4, "pass"),
        (5, "partial"),
    ]
    assert await heard(box) == []


async def test_a_waiting_listener_wakes_for_each_event() -> None:
    broadcast = Broadcast("j")
    got: list[int] = []

    async def listen() -> None:
        with broadcast.subscribe() as box:
            async for envelope in box:
                got.append(envelope.seq)  # noqa: PERF401 - the test looks while it grows

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        for seq in range(1, 4):
            broadcast.publish(tiles(seq))
            await trio.testing.wait_all_tasks_blocked()
            assert got == list(range(1, seq + 1))
        broadcast.publish(END)
    assert broadcast.listeners == 0


async def test_a_late_listener_gets_a_snapshot_first() -> None:
    broadcast = Broadcast("j")
    assert len(broadcast.subscribe(DOCUMENT)) == 0  # nothing was said: not late
    broadcast.publish(events.Accepted(QUOTE))
    broadcast.publish(events.Started())
    box = broadcast.subscribe(DOCUMENT)
    broadcast.publish(END)
    assert await heard(box) == [(2, "snapshot"), (3, "partial")]


@pytest.mark.parametrize("published", [0, 3])
async def test_a_listener_after_the_end_gets_snapshot_and_end(published: int) -> None:
    broadcast = Broadcast("j")
    for done in range(published):
        broadcast.publish(tiles(done))
    broadcast.publish(END)
    assert await heard(broadcast.subscribe(DOCUMENT)) == [
        (published, "snapshot"),
        (published + 1, "partial"),
    ]


async def test_a_job_of_an_earlier_process_can_be_listened_to() -> None:
    broadcast = Broadcast.of_ended({"id": "job-1234", "state": "failed"})
    assert broadcast.ended
    assert [name for _, name in await heard(broadcast.subscribe(DOCUMENT))] == [
        "snapshot",
        "failed",
    ]


async def test_a_listener_that_never_reads_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MOST_MERGED", 100)
    broadcast = Broadcast("j")
    broadcast.publish(events.Accepted(QUOTE))
    box = broadcast.subscribe(DOCUMENT)
    for done in range(2 * mailbox.MOST_MERGED):
        broadcast.publish(tiles(done))
        broadcast.publish(msgspec.structs.replace(PREVIEW, x=done))
    for index in range(1, 17):
        broadcast.publish(events.Pass(index, 16))
    broadcast.publish(END)
    assert len(box) == 1 + 1 + mailbox.MAX_PREVIEWS + 16 + 1
    received = [envelope async for envelope in box]
    (merged,) = [each.event for each in received if isinstance(each.event, events.Tiles)]
    assert len(merged.certificates) == mailbox.MOST_MERGED
    assert merged.done == 2 * mailbox.MOST_MERGED - 1
    assert [each.event.index for each in received if isinstance(each.event, events.Pass)] == list(
        range(1, 17)
    )


async def test_the_newest_preview_of_a_place_wins() -> None:
    broadcast = Broadcast("j")
    box = broadcast.subscribe()
    for number in range(5):
        broadcast.publish(msgspec.structs.replace(PREVIEW, picture=bytes([number])))
        broadcast.publish(msgspec.structs.replace(PREVIEW, kind="image", picture=b""))
    broadcast.publish(END)
    received = [each.event async for each in box]
    assert [event.type for event in received] == ["preview", "preview", "partial"]
    assert isinstance(received[0], events.Preview)
    assert received[0].picture == bytes([4])


@given(reads=st.lists(st.booleans(), max_size=60), kinds=st.data())
def test_seq_rises_strictly_whatever_is_merged(reads: list[bool], kinds: st.DataObject) -> None:
    async def scenario() -> None:
        broadcast = Broadcast("j")
        box = broadcast.subscribe()
        seqs: list[int] = []
        for number, read in enumerate(reads):
            event = kinds.draw(st.sampled_from([tiles(number), PREVIEW, events.Pass(number, 99)]))
            broadcast.publish(event)
            if read:
                seqs.append((await anext(box)).seq)
        broadcast.publish(END)
        seqs += [seq for seq, _ in await heard(box)]
        assert all(a < b for a, b in pairwise(seqs))
        assert seqs[-1] == len(reads) + 1

    trio.run(scenario)


async def test_one_listener_leaving_does_not_touch_another() -> None:
    broadcast = Broadcast("j")
    first, second = broadcast.subscribe(), broadcast.subscribe()
    assert broadcast.listeners == 2
    first.close()
    first.close()
    broadcast.publish(END)
    assert broadcast.listeners == 1
    assert await heard(second) == [(1, "partial")]


async def test_a_cancelled_listener_loses_nothing() -> None:
    broadcast = Broadcast("j")
    box = broadcast.subscribe()
    with trio.move_on_after(0):
        await anext(box)
    broadcast.publish(tiles(1))
    broadcast.publish(END)
    assert [name for _, name in await heard(box)] == ["tiles", "partial"]


def test_pace_lets_ten_previews_a_second_through() -> None:
    pace = PreviewPace()
    assert sum(pace.allows(100 + step / 1000) for step in range(1000)) == 10
