"""The store: restarts, eviction, tombstones, many threads."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from service.jobs import store
from service.jobs.jobs import JobState
from service.jobs.store import Store
from service.problems import NoLongerKept, UnknownJob
from tests.service.jobs.stores import PICTURE, SIZE, a_job, numbered, opened
from tests.service.kept_files import file_of, on_disk
from worker.wire.messages import ArrayChunk


def test_a_job_and_its_pictures_outlive_a_restart(tmp_path: Path) -> None:
    job = a_job(JobState.RUNNING)
    first = opened(tmp_path)
    first.add(job)
    first.put_pixels_of([job.id], "result", PICTURE)
    job.move(JobState.COMPLETE)
    first.save(job)
    first.close()
    second = opened(tmp_path)
    assert second.find(job.id) == job
    assert second.latest_pixels(job.id) == PICTURE
    second.close()


def test_a_second_process_does_not_end_the_jobs_of_the_first(tmp_path: Path) -> None:
    first = opened(tmp_path)
    job = a_job(JobState.RUNNING)
    first.add(job)
    second = opened(tmp_path)
    assert second.find(job.id).state is JobState.RUNNING
    second.close()
    first.close()


def test_find_tells_never_was_from_no_longer(kept: Store) -> None:
    job = a_job()
    for unknown in (job.id, "", "\ud800", "x" * 10**6, "' OR 1=1 --"):
        with pytest.raises(UnknownJob) as caught:
            kept.find(unknown)
        assert len(caught.value.detail) < 200
        kept.delete(unknown)
    kept.add(job)
    kept.put_pixels_of([job.id], "input", PICTURE)
    kept.delete(job.id)
    kept.delete(job.id)
    with pytest.raises(NoLongerKept):
        kept.find(job.id)
    assert kept.get_pixels(job.id, "input") is None
    kept.add(job)  # an id that a client chose may be used again
    assert kept.find(job.id) == job


def test_the_newest_jobs_of_a_caller_come_first(kept: Store) -> None:
    jobs = [a_job(created=float(n), owner="me" if n % 2 else "you") for n in range(120)]
    for job in jobs:
        kept.add(job)
    mine = kept.newest(owner="me")
    assert [job.created for job in mine] == [float(n) for n in range(119, 19, -2)]
    assert kept.newest() == []
    assert len(kept.newest(limit=3, owner="you")) == 3


def test_saving_a_removed_job_does_not_bring_it_back(kept: Store, tmp_path: Path) -> None:
    job = a_job(JobState.RUNNING)
    kept.add(job)
    kept.delete(job.id)
    kept.save(job)
    kept.put_pixels_of([job.id], "result", PICTURE)
    with pytest.raises(NoLongerKept):
        kept.find(job.id)
    assert on_disk(tmp_path) == set()


def test_jobs_leave_by_age_but_not_while_they_run(tmp_path: Path) -> None:
    it = opened(tmp_path, keep_s=100)
    old, running, young = a_job(created=0), a_job(JobState.RUNNING, created=0), a_job(created=50)
    for job in (old, running, young):
        it.add(job)
    assert it.evict(now=101) == [old.id]
    with pytest.raises(NoLongerKept):
        it.find(old.id)
    assert {job.id for job in it.newest()} == {running.id, young.id}
    it.close()


def test_jobs_leave_by_size_the_oldest_first(tmp_path: Path) -> None:
    it = opened(tmp_path, keep_bytes=3 * SIZE)
    jobs = [a_job(created=float(n)) for n in range(5)]
    for number, job in enumerate(jobs):
        it.add(job)
        it.put_pixels_of([job.id], "input", PICTURE)
        it.put_pixels_of([job.id], "input", numbered(number))  # in its place, not counted twice
    assert it.evict(now=10) == [jobs[0].id, jobs[1].id]
    assert it.evict(now=10) == []
    assert it.kept_bytes == 3 * SIZE
    assert it.get_pixels(jobs[0].id, "input") is None
    assert it.get_pixels(jobs[2].id, "input") == numbered(2)
    it.close()


def test_what_several_jobs_have_counts_once_and_leaves_with_the_last(tmp_path: Path) -> None:
    it = opened(tmp_path, keep_bytes=2 * SIZE)
    jobs = [a_job(created=float(n)) for n in range(4)]
    for number, job in enumerate(jobs):
        it.add(job)
        it.put_pixels_of([job.id], "input", PICTURE)
        it.put_pixels_of([job.id], "result", numbered(number // 2))
    assert len(on_disk(tmp_path)) == 3
    assert it.evict(now=10) == [jobs[0].id, jobs[1].id]  # the first alone would free nothing
    assert it.get_pixels(jobs[3].id, "input") == PICTURE
    for job in jobs:
        it.delete(job.id)
    assert on_disk(tmp_path) == set()
    it.close()


def test_tombstones_are_bounded(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_TOMBSTONES", 3)
    jobs = [a_job() for _ in range(5)]
    for job in jobs:
        kept.add(job)
        kept.delete(job.id)
    for job, expected in zip(jobs, [UnknownJob] * 2 + [NoLongerKept] * 3, strict=True):
        with pytest.raises(expected):
            kept.find(job.id)


def test_a_field_is_kept_and_counted(tmp_path: Path) -> None:
    it = opened(tmp_path, keep_bytes=100)
    job = a_job()
    it.add(job)
    theta = np.arange(100, dtype="f4").reshape(25, 4)
    chunk = ArrayChunk(job=job.id, name="theta", dtype="<f4", shape=(25, 4), offset=0)
    it.put_array_chunk(job.id, chunk, theta.tobytes())
    it.arrays_done(job.id)
    path = it.field_npz(job.id)
    assert path is not None
    np.testing.assert_array_equal(np.load(path)["theta"], theta)
    assert it.get_array(job.id, "picture") is None
    assert it.evict(now=1000) == [job.id]
    assert not path.exists()
    it.close()


def test_many_threads_at_once(kept: Store) -> None:
    def work(number: int) -> str:
        job = a_job(JobState.RUNNING, created=float(number))
        kept.add(job)
        kept.put_pixels_of([job.id], "input", PICTURE)
        job.move(JobState.COMPLETE)
        kept.save(job)
        kept.evict(now=0)
        return kept.find(job.id).state

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(100))) == ["complete"] * 100
    assert len(kept.newest(limit=1000)) == 100


def test_one_picture_of_several_jobs_is_each_ones_own(kept: Store) -> None:
    jobs = [a_job() for _ in range(3)]
    for job in jobs:
        kept.add(job)
    ids = [job.id for job in jobs]
    kept.put_pixels_of(ids, "pass-1", PICTURE)
    kept.put_pixels_of(ids, "pass-1", PICTURE)
    kept.delete(ids[0])
    assert [kept.get_pixels(each, "pass-1") for each in ids] == [None, PICTURE, PICTURE]


def test_a_job_that_was_removed_goes_without_and_leaves_nothing(
    kept: Store, tmp_path: Path
) -> None:
    gone, there = a_job(), a_job()
    kept.add(gone)
    kept.add(there)
    kept.delete(gone.id)
    kept.put_pixels_of([gone.id, there.id], "result", PICTURE)
    assert kept.get_pixels(there.id, "result") == PICTURE
    kept.share(there.id, [gone.id], "result.px")
    assert kept.get_pixels(gone.id, "result") is None
    assert on_disk(tmp_path) == {file_of(tmp_path, there.id, "result.px")}
    kept.put_pixels_of([gone.id], "result", numbered(1))
    assert len(on_disk(tmp_path)) == 1


def test_a_clock_that_is_set_back_makes_no_job_stay_nor_the_newest_the_oldest(
    tmp_path: Path,
) -> None:
    with closing(opened(tmp_path, keep_s=100, keep_bytes=2 * SIZE)) as it:
        ahead, behind = a_job(created=5000), a_job(created=1000)
        for number, job in enumerate((ahead, behind)):
            it.add(job, {"input": numbered(number)})
        assert [each.id for each in it.newest()] == [behind.id, ahead.id]
        assert it.evict(now=1001) == []
        assert it.evict(now=1100.5) == [behind.id]  # dated 1000; the other one 1001
        assert it.evict(now=1101.5) == [ahead.id]


def test_what_was_accepted_first_leaves_first_whatever_the_clock_said(tmp_path: Path) -> None:
    with closing(opened(tmp_path, keep_bytes=SIZE)) as it:
        first, second = a_job(created=5000), a_job(created=1000)
        for number, job in enumerate((first, second)):
            it.add(job, {"input": numbered(number)})
        assert it.evict(now=1001) == [first.id]
