"""The state table and the job document."""

import json
import math
from itertools import pairwise, product

import msgspec
import pytest

from service.jobs.jobs import NEXT, Job, JobState, StateError, Timings, is_job_id, new_job_id
from worker.wire.messages import Finished, Skipped

DOCUMENT = {
    "id", "kind", "state", "created", "deadline_s", "progress", "quality", "timings", "device",
    "oom_retries", "skipped", "links", "name", "spec",
}  # fmt: skip


def a_job(state: JobState = JobState.QUEUED) -> Job:
    return Job(id="a" * 22, kind="shade", created=0.25, deadline_s=10, state=state)


@pytest.mark.parametrize(("old", "new"), list(product(JobState, JobState)))
def test_only_moves_of_the_table_are_made(old: JobState, new: JobState) -> None:
    job = a_job(old)
    if new in NEXT[old]:
        job.move(new, "because")
        assert (job.state, job.status_reason) == (new, "because")
    else:
        with pytest.raises(StateError):
            job.move(new, "because")
        assert (job.state, job.status_reason) == (old, None)


def test_every_state_is_in_the_table_and_reached() -> None:
    assert set(NEXT) == set(JobState)
    assert {state for moves in NEXT.values() for state in moves} == set(JobState)
    assert {str(state) for state in JobState if state.ended} == {
        "complete",
        "partial",
        "failed",
        "cancelled",
    }


def test_document_has_the_fields_of_the_contract() -> None:
    document = json.loads(json.dumps(a_job().document()))
    assert set(document) == DOCUMENT
    assert document["created"] == "1970-01-01T00:00:00.250Z"
    assert document["progress"] == dict.fromkeys(
        ("tiles_done", "tiles_total", "passes_done", "passes_total"), 0
    )
    assert set(document["timings"]) == {"queue_s", "field_s", "shade_s", "encode_s"}
    assert set(document["links"]) == {"self", "events", "image", "field", "explanation", "resume"}
    job = a_job()
    job.move(JobState.FAILED, "worker lost")
    job.problem = {"status": 500}
    assert set(job.document()) == DOCUMENT | {"status_reason", "problem"}


def test_the_workers_last_word_goes_into_the_record() -> None:
    job = a_job(JobState.RUNNING)
    job.timings = Timings(queue_s=0.5)
    job.finish(
        Finished(
            job=job.id,
            state="partial",
            reason="deadline",
            pass_tiles_converged=3,
            pass_tiles_total=4,
            passes_done=1,
            passes_total=4,
            tiles_done=7,
            tiles_total=16,
            angle_bound_median=0.01,
            angle_bound_max=math.inf,
            queue_s=0.25,
            field_s=1.0,
            shade_s=2.0,
            skipped=[Skipped("segments", "too few")],
        )
    )
    document = json.loads(json.dumps(job.document(), allow_nan=False))
    assert document["state"] == "partial"
    assert document["quality"] == {"angle_bound_median": 0.01, "angle_bound_max": None}
    assert document["timings"] == {
        "queue_s": 0.75,
        "field_s": 1.0,
        "shade_s": 2.0,
        "encode_s": 0.0,
    }
    assert document["skipped"] == [{"what": "segments", "why": "too few"}]
    assert (job.pass_tiles_converged, job.pass_tiles_total) == (3, 4)


def test_a_record_survives_the_store() -> None:
    job = a_job(JobState.PARTIAL)
    job.skipped = [Skipped("a", "b")]
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job


def test_ids_are_random_safe_and_recognised() -> None:
    ids = [new_job_id() for _ in range(1000)]
    assert all(is_job_id(each) and len(each) == 22 for each in ids)
    assert not any(each.startswith("-") for each in ids)  # which is how an option begins
    assert all(a != b for a, b in pairwise(sorted(ids)))
    for bad in (
        "",
        "a" * 7,
        "a" * 65,
        "../../..",
        "aaaaaaaa\n",
        "aaaaaaa/",
        "aaaaaaaä",
        "a" * 10**6,
    ):
        assert not is_job_id(bad)


def test_records_do_not_share_their_lists() -> None:
    first, second = a_job(), a_job()
    first.skipped.append(Skipped("a", "b"))
    assert second.skipped == []
