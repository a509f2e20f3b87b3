"""Several jobs of one computation: who joins, who leaves, who is told what; no I/O."""

from msgspec.structs import replace

from service.jobs.admission import Admission, Work
from service.jobs.job_files import ARRAYS
from service.jobs.jobs import Job, JobState
from service.jobs.live_job import LiveJob
from service.jobs.shared import Shared
from service.pictures.picture import Picture
from tests.service.jobs.test_deadlines import submit
from tests.service.jobs.test_live_job import FIRST, INPUT, done, tiles
from tests.service.shade_worker import HELLO
from worker.wire.messages import ArrayChunk, Finished, Started


def job(kind: str = "shade", worker_by: float = 9) -> LiveJob:
    record = Job(id="12345678", kind=kind, created=0, deadline_s=10)
    return LiveJob(record, Picture(1, 1, 3, INPUT), 0, worker_by)


def shared(*members: LiveJob, seen_off: list[LiveJob] | None = None) -> Shared:
    place = Admission(1).reserve(Work("shade", 1, 1, 10), {"child": HELLO}, 0)
    picture = Picture(1, 1, 3, INPUT)
    off = [] if seen_off is None else seen_off
    found = Shared(submit(1), place, (picture,), 9, "digest", off.append)
    for each in members:
        found.join(each)
    return found


def begun(*members: LiveJob, seen_off: list[LiveJob] | None = None) -> Shared:
    """One that has come to its first pass."""
    found = shared(*members, seen_off=seen_off)
    for message, payload in ((Started(job="j"), b""), (tiles(4), b""), (done(1), FIRST)):
        found.hear(message, payload)
    return found


def test_everybody_hears_everything_and_gets_the_same_result():
    one, other = job(), job()
    both = begun(one, other)
    both.finish(Finished(job="j", state="complete", passes_done=2), FIRST, 9)
    for each in (one, other):
        assert each.record.state is JobState.COMPLETE
        assert each.result is not None
        assert each.result.pixels == FIRST
        assert each.broadcast.seq == 3


def test_who_comes_late_knows_what_the_others_know():
    one, late = job(), job()
    found = begun(one)
    found.join(late)
    assert late.record.state is JobState.RUNNING
    assert late.record.progress == one.record.progress
    assert late.latest.pixels == FIRST
    found.hear(tiles(7, before=4, pass_index=2), b"")
    assert late.record.progress.tiles_done == 7
    found.finish_without_worker("it is gone")
    assert late.result is not None
    assert late.result.pixels == FIRST


def test_the_document_counts_the_others_as_long_as_they_wait():
    members = [job(), job(), job()]
    found = shared(*members)
    assert [each.record.document()["shared_with"] for each in members] == [2, 2, 2]
    found.leave(members[0], "enough")
    assert "shared_with" not in members[0].record.document()
    assert [each.record.document()["shared_with"] for each in members[1:]] == [1, 1]
    found.leave(members[1], "enough")
    assert "shared_with" not in members[2].record.document()


async def test_the_first_may_leave_and_the_rest_goes_on():
    one, other = job(), job()
    seen_off: list[LiveJob] = []
    both = begun(one, other, seen_off=seen_off)
    one.cancel("it hung up")
    assert one.record.state is JobState.CANCELLED
    assert one.record.status_reason == "it hung up"
    assert seen_off == [one]
    assert not both.stop.cancel_called
    both.hear(tiles(7, before=4, pass_index=2), b"")
    assert one.record.progress.tiles_done == 4
    both.finish(Finished(job="j", state="complete"), FIRST, 9)
    assert other.record.state is JobState.COMPLETE
    assert one.record.state is JobState.CANCELLED


async def test_when_the_last_has_left_the_computation_stops_and_nobody_may_join():
    one, other = job(), job()
    seen_off: list[LiveJob] = []
    both = begun(one, other, seen_off=seen_off)
    one.cancel("first")
    assert both.joinable
    other.cancel("second")
    assert both.stop.cancel_called
    assert not both.joinable
    assert both.abandoned
    assert seen_off == [one]  # the other ends with the computation
    both.finish_without_worker("it was stopped")
    assert other.record.state is JobState.CANCELLED
    assert other.record.status_reason == "second"


def test_an_answer_that_crosses_a_cancel_is_the_end():
    one = job()
    found = begun(one)
    one.cancel("too late")
    found.finish(Finished(job="j", state="complete"), FIRST, 9)
    assert one.record.state is JobState.COMPLETE


async def test_nobody_joins_after_the_answer():
    found = begun(job())
    assert found.joinable
    found.finish(Finished(job="j", state="complete"), FIRST, 9)
    assert not found.joinable
    assert not found.pictures


async def test_after_the_end_the_arrays_come_as_long_as_one_wants_them():
    one, other = job(), job()
    both = begun(one, other)
    both.finish(Finished(job="j", state="complete", arrays=True), FIRST, 9)
    one.cancel("it was removed")
    assert one.record.state is JobState.COMPLETE
    assert both.expects_arrays
    assert not both.stop.cancel_called
    other.cancel("it was removed")
    assert not both.expects_arrays
    assert both.stop.cancel_called


def partial(arrays: bool = False) -> Finished:
    return Finished(job="j", state="partial", passes_done=1, arrays=arrays)


def test_who_has_more_time_than_a_partial_answer_took_goes_on():
    one, soon, later = job(), job(worker_by=9.4), job(worker_by=12)
    found = begun(one, soon, later)
    found.finish(partial(), FIRST, 9)
    assert [each.record.state for each in (one, soon)] == [JobState.PARTIAL] * 2
    rest = found.rest
    assert rest is not None
    assert later.record.state is JobState.RUNNING
    assert (later.shared, rest.members, rest.worker_by) == (rest, [later], 12)
    assert rest.submit.job != found.submit.job
    assert rest.place is found.place
    assert rest.pictures
    assert not rest.submit.work_bytes
    rest.go_on_from(b"npz")
    assert (rest.work, rest.submit.work_bytes) == (b"npz", 3)
    rest.leaves(9.5)
    rest.hear(Started(job="j"), b"")
    rest.finish(Finished(job="j", state="complete", passes_done=2), INPUT, 11)
    assert later.result is not None
    assert later.result.pixels == INPUT
    assert later.record.state is JobState.COMPLETE


def test_who_goes_on_keeps_what_was_reached():
    one, later = job(), job(worker_by=12)
    found = begun(one, later)
    found.finish(partial(), FIRST, 9)
    assert found.rest is not None
    found.rest.finish_without_worker("it is gone")
    assert later.record.state is JobState.PARTIAL
    assert later.result is not None
    assert later.result.pixels == FIRST


def test_those_who_go_on_are_due_at_the_earliest_of_their_times():
    later = [job(worker_by=12), job(worker_by=11), job(worker_by=13)]
    found = begun(job(), *later)
    found.finish(partial(), FIRST, 9)
    assert found.rest is not None
    assert found.rest.worker_by == found.place.deadline == 11
    assert [each.record.shared_with for each in later] == [2, 2, 2]


async def test_what_is_left_is_taken_in_for_who_goes_on_though_nobody_else_is_there():
    one, later = job(), job(worker_by=12)
    found = begun(one, later)
    one.cancel("it hung up")
    found.finish(partial(arrays=True), FIRST, 9)
    assert not found.members
    assert found.expects_arrays
    assert found.carrier is later


def test_an_answer_that_is_late_leaves_less_time():
    one, later = job(), job(worker_by=12)
    found = begun(one, later)
    found.finish(partial(), FIRST, 11.8)
    assert found.rest is None
    assert later.record.state is JobState.PARTIAL


def test_when_the_worker_is_late_those_with_more_time_begin_anew_and_when_it_is_lost_nobody():
    for late, state in ((9.2, JobState.RUNNING), (None, JobState.PARTIAL)):
        one, later = job(), job(worker_by=12)
        found = begun(one, later)
        found.finish_without_worker("no answer", late)
        assert one.record.state is JobState.PARTIAL
        assert later.record.state is state
        assert (found.rest is None) == (late is None)
        assert not found.expects_arrays


async def test_who_has_left_last_does_not_go_on():
    one = job(worker_by=12)
    found = begun(job(), one)
    found.members[0].cancel("it hung up")
    one.cancel("it hung up")
    found.finish_without_worker("it was stopped", 5)
    assert found.rest is None
    assert one.record.state is JobState.CANCELLED


def test_nobody_goes_on_from_a_complete_answer():
    found = begun(job(), job(worker_by=12))
    found.finish(Finished(job="j", state="complete"), FIRST, 5)
    assert found.rest is None


def test_a_field_without_a_worker_is_a_failure_for_everybody():
    members = [job(kind="field"), job(kind="field")]
    shared(*members).finish_without_worker("it is gone")
    assert all(each.record.problem is not None for each in members)


def test_a_quote_for_who_joins_is_what_is_left_of_the_first():
    found = shared(job())
    first = found.place.quote
    assert found.quote(0.0).seconds == first.seconds
    assert found.quote(first.seconds / 2).seconds == first.seconds / 2
    assert found.quote(1e9).seconds == 0


def test_arrays_are_complete_when_every_byte_of_each_has_come():
    found = shared(job())
    for name in ARRAYS:
        assert not found.arrays_complete
        chunk = ArrayChunk(job="j", name=name, dtype="<f4", shape=(2, 3), offset=0)
        found.add_piece(chunk, 8)
        assert not found.arrays_complete
        found.add_piece(chunk, 16)
    assert found.arrays_complete


def test_the_device_is_that_of_the_worker_which_has_begun():
    one = job()
    found = begun(one)
    assert one.record.device == "cpu"
    found.place.sit("other", replace(HELLO, device="cuda:0"), 0)
    assert one.record.device == "cpu"
    found.hear(Started(job="j"), b"")
    assert one.record.device == "cuda:0"
