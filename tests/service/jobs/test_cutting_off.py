"""A service that is killed while the arrays of an answer are on their way."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import structlog.testing
import trio

from service.jobs import results
from service.jobs.cutting_off import INTERRUPTED
from service.jobs.intake import Intake
from service.jobs.job_files import INPUT, RESULT_JSON, RESULT_NPZ
from service.jobs.jobs import Job, JobState, new_job_id
from service.jobs.packed import packed
from service.jobs.store import Store
from service.parts import open_parts
from service.problems import Conflict
from service.settings import Settings
from tests.service.jobs.stores import opened
from tests.service.jobs.test_resuming import asked, command, gone_on, settled
from worker.wire.messages import ArrayChunk, Finished

ANSWER = b'{"done": 1}'


def finished(kind: str, *, arrays: bool = True, state: str = "complete") -> Job:
    """A job that the worker has just answered."""
    job = Job(id=new_job_id(), kind=kind, created=1.0, deadline_s=10, spec={"params": {}})
    job.state = JobState.RUNNING
    job.finish(Finished(job=job.id, state=state, arrays=arrays))  # type: ignore[arg-type]
    return job


@contextmanager
def answered(data: Path, job: Job) -> Iterator[Store]:
    """A store that has the answer of a job; left without its arrays, as by a kill."""
    with closing(opened(data, keep_s=100)) as store:
        store.add(job, {INPUT: packed({"a": np.zeros(3)})})
        store.put_file_of([job.id], RESULT_JSON, ANSWER)
        yield store


@pytest.mark.parametrize("kind", ["texture.synth", "lattice.egg", "graph.fiedler", "field"])
def test_a_complete_job_without_its_arrays_is_interrupted_by_a_restart(kind: str, tmp_path: Path):
    job = finished(kind)
    with answered(tmp_path, job) as store:
        assert store.find(job.id).state is JobState.COMPLETE
    with closing(opened(tmp_path)) as store:
        found = store.find(job.id)
        assert (found.state, found.status_reason) == ("partial", INTERRUPTED)
        assert found.document()["links"]["resume"] == f"/jobs/{job.id}/resume"
        assert found.closed
        assert store.get_file(job.id, RESULT_JSON) == ANSWER
    with closing(opened(tmp_path)) as store:
        assert store.find(job.id) == found


def test_a_complete_job_that_has_them_stays_complete(tmp_path: Path):
    job, other, third = finished("texture.synth"), finished("field"), finished("field")
    chunk = ArrayChunk(job="", name="theta", dtype="<f4", shape=(1,), offset=0)
    with answered(tmp_path, job) as store:
        store.put_file_of([job.id], RESULT_NPZ, b"npz")
        for each in (other, third):
            store.add(each)
            store.put_array_chunk(each.id, chunk, bytes(4))
            store.arrays_done(each.id)
        store.field_npz(third.id)
    with closing(opened(tmp_path)) as store:
        for each in (job, other, third):
            found = store.find(each.id)
            assert (found.state, found.status_reason) == (JobState.COMPLETE, None)
            assert found.closed


@pytest.mark.parametrize(
    "job",
    [
        finished("shade"),  # its picture is all of its answer
        finished("rank.k", arrays=False),
        finished("texture.synth", state="partial"),  # it can be resumed as it is
    ],
    ids=lambda job: str(job.kind),
)
def test_nothing_else_that_was_answered_is_changed_by_a_restart(job: Job, tmp_path: Path):
    with answered(tmp_path, job):
        pass
    with closing(opened(tmp_path)) as store:
        assert store.find(job.id) == job


def test_a_job_whose_arrays_never_come_leaves_as_others_do(tmp_path: Path):
    # Of two services with one folder, the one that was killed comes back while the other runs:
    # nobody cuts off what was under way.
    job = finished("texture.synth")
    with answered(tmp_path, job) as store:
        assert job.arrays_due
        assert store.evict(now=1000) == [job.id]


async def test_it_is_gone_on_with_to_its_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with open_parts(Settings(data=tmp_path), command("quick")) as desk:
        await desk.link.wait_ready()
        some, take = trio.Event(), Intake._take

        async def stuck(self: Intake, chunk: ArrayChunk, payload: bytes) -> None:
            await take(self, chunk, payload)
            some.set()
            await trio.sleep_forever()

        with monkeypatch.context() as patched:
            patched.setattr(Intake, "_take", stuck)
            live = await desk.accept(asked(kind="field"))
            with trio.fail_after(60):
                await some.wait()
            desk.nursery.cancel_scope.cancel()
        assert live.record.state is JobState.COMPLETE
    async with open_parts(Settings(data=tmp_path), command("quick")) as desk:
        await desk.link.wait_ready()
        job = desk.store.find(live.record.id)
        assert (job.state, job.status_reason) == ("partial", INTERRUPTED)
        assert (await results.result(desk, job)).name == "result"
        with pytest.raises(Conflict, match="no field: interrupted by a restart; resume it"):
            await results.field_npz(desk, job)
        rest = await gone_on(desk, job)
        assert (rest.state, rest.closed) == (JobState.COMPLETE, True)
        field = np.load(io.BytesIO((await results.field_npz(desk, rest)).read_bytes()))
        assert (field["vectors"] == 1).all()


async def test_arrays_that_do_not_come_keep_no_job_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with open_parts(Settings(data=tmp_path), command("quick")) as desk:
        await desk.link.wait_ready()

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Intake, "_take", broken)
        with structlog.testing.capture_logs() as logs:
            job = await settled(desk, await desk.accept(asked(kind="field")))
        assert "a job broke" in [each["event"] for each in logs]
        assert (job.state, job.closed) == (JobState.COMPLETE, True)
        with pytest.raises(Conflict, match=r"no field\.$"):
            await results.field_npz(desk, job)
