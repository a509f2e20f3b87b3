"""What data jobs show that were cut off before they gave an answer."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.jobs.job_files import INPUT, RESULT_JSON, RESULT_NPZ
from service.jobs.jobs import Job, JobState, new_job_id
from service.jobs.left import left_by
from service.jobs.packed import packed
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.problems import NoRoom
from tests.service.jobs.stores import opened
from worker.arrays import chunks
from worker.graphs.expanded import Expanded
from worker.wire.jobs.identity import SIGNATURE

DIGEST = "ab" * 32
N = 40
DONE = [3, 7, 39]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = opened(tmp_path)
    yield store
    store.close()


def cut_off(store: Store, kind: str = "graph.expand", n: int = N, **fields: Any) -> Job:
    """A partial job over a graph, which gave no answer."""
    job = Job(
        id=new_job_id(),
        kind=kind,
        created=1000.0,
        deadline_s=10,
        digest=DIGEST,
        state=JobState.PARTIAL,
        spec={"params": {"radius": 3} if kind == "graph.expand" else {}},
        facts={"nodes": n, "entries": 2 * n},
        **fields,
    )
    store.add(job, {INPUT: packed({"graph.crow": np.zeros(n + 1, np.int32)})})
    return job


def checkpoint(n: int = N) -> dict[str, np.ndarray]:
    made = Expanded(np.arange(n), 3)
    made.done[DONE], made.lambda2[DONE], made.ball_size[DONE] = True, [0.5, 0.25, 0.75], 9
    made.hops[DONE] = 3
    return made.checkpoint() | {SIGNATURE: np.full(32, 0xCD, np.uint8)}


def leave(store: Store, job: Job, arrays: dict[str, np.ndarray], digest: str = DIGEST) -> None:
    for name, array in arrays.items():
        for chunk, piece in chunks(job.id, f"work.{name}", array):
            store.put_array_chunk(job.id, chunk, piece)
    store.work_done(job.id, [job.id], work_key(digest), whole=True)


def test_values_of_the_last_checkpoint(store: Store):
    job = cut_off(store)
    leave(store, job, checkpoint())
    answer = left_by(store, job)
    assert answer is not None
    document = json.loads(answer)
    assert (document["done"], document["total"]) == (3, N)
    assert document["graph_sha256"] == "cd" * 32
    assert [document["lambda2"][node] for node in DONE] == [0.5, 0.25, 0.75]
    assert document["lambda2"].count(None) == document["ball_size"].count(None) == N - 3
    assert document["expansion"][3] == 8.0
    assert store.get_file(job.id, RESULT_JSON) == answer
    path = store.path(job.id, RESULT_NPZ)
    assert path is not None
    with np.load(path) as file:
        assert np.isfinite(file["lambda2"]).nonzero()[0].tolist() == DONE


def test_many_values_are_linked_and_the_record_says_so(store: Store):
    job = cut_off(store, n=20_000)
    leave(store, job, checkpoint(20_000))
    answer = left_by(store, job)
    assert answer is not None
    assert set(json.loads(answer)) == {"done", "total", "graph_sha256"}
    assert "lambda2" in store.find(job.id).linked


@pytest.mark.parametrize("n", [7, 50], ids=["fewer nodes", "more nodes"])
def test_a_checkpoint_of_something_else_shows_nothing(store: Store, n: int):
    job = cut_off(store)
    made = Expanded(np.arange(n), 3)
    leave(store, job, made.checkpoint() | {"gap": np.zeros(3)})
    assert left_by(store, job) is None


def test_work_of_another_version_or_none_shows_nothing(store: Store):
    job = cut_off(store)
    assert left_by(store, job) is None
    leave(store, job, checkpoint(), digest="cd" * 32)
    assert left_by(store, job) is None


def test_only_a_partial_job_shows_it(store: Store):
    job = cut_off(store)
    leave(store, job, checkpoint())
    for state in (JobState.CANCELLED, JobState.FAILED, JobState.RUNNING):
        job.state = state
        assert left_by(store, job) is None


def test_who_went_on_and_came_to_nothing_shows_what_it_went_on_from(store: Store):
    first = cut_off(store, "graph.fiedler", linked=["vectors"])
    store.put_file_of([first.id], RESULT_JSON, b'{"lambda2":0.5}')
    file = io.BytesIO()
    np.savez(file, vectors=np.ones((1, N)))
    store.put_file_of([first.id], RESULT_NPZ, file.getvalue())
    second = cut_off(store, "graph.fiedler", resumed_from=first.id)
    third = cut_off(store, "graph.fiedler", resumed_from=second.id)
    assert left_by(store, third) == b'{"lambda2":0.5}'
    assert store.find(third.id).linked == ["vectors"]
    store.delete(first.id)
    assert store.get_file(third.id, RESULT_JSON) == b'{"lambda2":0.5}'
    assert store.path(third.id, RESULT_NPZ) is not None
    assert left_by(store, second) is None


def test_where_there_is_no_room_it_is_shown_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise NoRoom("full")

    job = cut_off(store)
    leave(store, job, checkpoint())
    with monkeypatch.context() as patch:
        patch.setattr(store, "put_file_of", full)
        answer = left_by(store, job)
    assert answer is not None
    assert json.loads(answer)["done"] == 3
    assert store.get_file(job.id, RESULT_JSON) is None
    assert left_by(store, job) == answer
