"""What a job makes of its worker's messages; no I/O."""

import msgspec
import pytest

from service.jobs import events
from service.jobs.admission import Quote
from service.jobs.jobs import Job, JobState, StateError
from service.jobs.live_data import LiveData
from service.jobs.live_job import LiveJob
from service.jobs.packed import Packed
from service.pictures.picture import Picture
from service.problems import NotReady
from worker.wire.messages import Finished, PassDone, Skipped, Started, Tiles

SOURCE = 3  # tiles
INPUT, FIRST = bytes([1, 2, 3]), bytes([4, 5, 6])


def job(kind: str = "shade") -> LiveJob:
    record = Job(id="12345678", kind=kind, created=0, deadline_s=10)
    return LiveJob(record, Picture(1, 1, 3, INPUT), 0, 9)


def tiles(done: int, before: int = 0, pass_index: int = 1, of: int = 4) -> Tiles:
    return Tiles(
        job="j",
        pass_index=pass_index,
        done=done,
        total=8 + SOURCE,
        pass_done=done - before,
        pass_total=of,
        certificates=[],
    )


def done(index: int) -> PassDone:
    return PassDone(job="j", index=index, of=2)


def test_without_a_worker_the_last_pass_is_the_result():
    live = job()
    for message, payload in ((Started(job="j"), b""), (tiles(4), b""), (done(1), FIRST)):
        live.hear(message, payload)
    live.hear(tiles(7, before=4, pass_index=2), b"")
    live.finish_without_worker("it is gone")
    assert live.record.state is JobState.PARTIAL
    assert live.result is not None
    assert live.result.pixels == FIRST
    assert (live.record.pass_tiles_converged, live.record.pass_tiles_total) == (3, 4)
    assert live.settled.is_set()


def test_tiles_of_the_source_are_progress_but_of_no_pass():
    live = job()
    live.hear(Started(job="j"), b"")
    live.hear(tiles(3, pass_index=0, of=SOURCE), b"")
    assert live.record.progress.tiles_done == 3
    assert (live.record.pass_tiles_converged, live.record.pass_tiles_total) == (0, 0)
    live.hear(tiles(5, before=SOURCE), b"")
    assert live.record.progress.tiles_total == 8 + SOURCE
    assert (live.record.pass_tiles_converged, live.record.pass_tiles_total) == (2, 4)


def test_a_pass_that_was_reached_and_has_no_tile_yet_counts_none():
    live = job()
    for message, payload in ((Started(job="j"), b""), (tiles(4), b""), (done(1), FIRST)):
        live.hear(message, payload)
    assert (live.record.pass_tiles_converged, live.record.pass_tiles_total) == (0, 4)
    live.hear(tiles(8, before=4, pass_index=2), b"")
    live.hear(done(2), FIRST)
    assert (live.record.pass_tiles_converged, live.record.pass_tiles_total) == (4, 4)


def test_what_was_skipped_is_in_the_document():
    live = job()
    live.hear(Started(job="j"), b"")
    skipped = Skipped("source", "its field was cut short")
    live.finish(Finished(job="j", state="partial", skipped=[skipped]), FIRST)
    assert live.record.document()["skipped"] == [
        {"what": "source", "why": "its field was cut short"}
    ]


def test_without_a_worker_or_a_pass_the_input_is_the_result():
    live = job()
    live.finish_without_worker("it is gone")
    assert live.result is not None
    assert live.result.pixels == INPUT
    assert live.record.progress.passes_done == 0


@pytest.mark.parametrize(("drawing", "colour"), [(False, (33, 145, 140)), (True, (255, 0, 0))])
def test_a_field_whose_worker_was_late_is_even_and_partial(
    drawing: bool, colour: tuple[int, int, int]
):
    live = job("field")
    live.record.drawing, live.record.background = drawing, "#ff0000"
    live.finish_without_worker("the worker did not answer in time", late=True)
    assert live.record.state is JobState.PARTIAL
    assert live.result is not None
    assert bytes(live.result.pixels) == bytes(colour)


def test_a_field_without_a_worker_is_a_failure():
    live = job("field")
    live.finish_without_worker("it is gone")
    assert live.record.state is JobState.FAILED
    assert live.result is None
    assert live.record.problem is not None
    assert live.record.problem["status"] == NotReady.status


def test_a_second_run_takes_nothing_back():
    live = job()
    for message, payload in ((Started(job="j"), b""), (tiles(4), b""), (done(1), FIRST)):
        live.hear(message, payload)
    for message in (Started(job="j"), tiles(1)):
        live.hear(message, b"")
    assert live.record.state is JobState.RUNNING
    assert live.record.progress.tiles_done == 4
    assert live.record.pass_tiles_converged == 0  # of the second pass, still
    live.hear(done(1), bytes(3))
    assert live.latest.pixels == FIRST


def test_a_second_run_that_comes_less_far_is_not_the_result():
    live = job()
    for message, payload in ((Started(job="j"), b""), (tiles(4), b""), (done(1), FIRST)):
        live.hear(message, payload)
    live.hear(Started(job="j"), b"")
    live.finish(Finished(job="j", state="partial", passes_total=2, arrays=True), INPUT)
    assert live.result is not None
    assert live.result.pixels == FIRST
    assert live.record.state is JobState.PARTIAL
    assert (live.record.progress.passes_done, live.record.progress.tiles_done) == (1, 4)
    assert not live.expects_arrays  # they are of the pass that is not shown


def test_one_end_and_no_other():
    live = job()
    live.hear(Started(job="j"), b"")
    live.finish(Finished(job="j", state="complete"), FIRST)
    with pytest.raises(StateError):
        live.finish_cancelled()


def test_pixels_of_another_size_are_an_error_and_no_end():
    live = job()
    with pytest.raises(ValueError, match="pixels"):
        live.finish(Finished(job="j", state="partial"), b"12345")
    assert not live.record.state.ended


async def test_listeners_of_a_second_run_hear_of_nothing_twice():
    live = job()
    box = live.broadcast.subscribe()
    heard = []

    async def hear(message: Started | Tiles | PassDone, payload: bytes = b"") -> None:
        live.hear(message, payload)
        while box:
            heard.append((await anext(box)).event)

    for message in (Started(job="j"), tiles(4), done(1), Started(job="j"), tiles(1), done(1)):
        await hear(message, FIRST)
    counts = [each.done for each in heard if isinstance(each, events.Tiles)]
    assert counts == [4, 4]
    assert [each.index for each in heard if isinstance(each, events.Pass)] == [1]


def test_while_it_runs_the_document_says_how_long_it_will():
    live = job()
    live.hear(Started(job="j"), b"")
    live.hear(msgspec.structs.replace(tiles(4), eta_s=1.5), b"")
    assert live.record.document()["progress"]["eta_s"] == 1.5
    live.finish_without_worker("it is gone")
    assert "eta_s" not in live.record.document()["progress"]


def test_the_document_shows_the_quote_until_the_end():
    live = job()
    live.record.quote = Quote(2, 1.5, "partial", 3)
    assert live.record.document()["quote"] == {
        "position": 2,
        "seconds": 1.5,
        "expected": "partial",
        "passes": 3,
    }
    live.finish_without_worker("it is gone")
    assert "quote" not in live.record.document()


def test_a_resumed_job_that_went_further_back_shows_what_there_was_and_leaves_its_work():
    live = job()
    live.record.resumed_from = "earlier-job"
    live.record.progress = msgspec.structs.replace(live.record.progress, passes_done=2)
    live.latest = Picture(1, 1, 3, FIRST)
    live.hear(Started(job="j"), b"")
    live.finish(Finished(job="j", state="partial", passes_done=1, arrays=True), INPUT)
    assert live.record.progress.passes_done == 2
    assert live.result is not None
    assert live.result.pixels == FIRST
    assert live.expects_arrays


@pytest.mark.parametrize(
    ("kept", "resumed_from", "state"),
    [
        (False, None, JobState.FAILED),
        (True, None, JobState.PARTIAL),
        (False, "abcdefgh", JobState.PARTIAL),
    ],
    ids=["nothing", "a checkpoint", "what it went on from"],
)
def test_data_without_a_worker_is_partial_where_there_is_something_to_go_on_from(
    kept: bool, resumed_from: str | None, state: JobState
):
    record = Job(id="12345678", kind="rankk", created=0, deadline_s=10, resumed_from=resumed_from)
    live = LiveData(record, Packed(b""), 0, 9)
    live.kept = kept
    live.finish_without_worker("no worker was ready in time")
    assert live.record.state is state
    assert (live.record.problem is None) == (state is JobState.PARTIAL)
    assert live.settled.is_set()
