"""The store: restarts, eviction, tombstones, a full disk, many threads."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from service.jobs import array_files, store
from service.jobs.jobs import Job, JobState, new_job_id
from service.jobs.store import Store, StoreError
from service.pictures.picture import Picture
from service.problems import NoLongerKept, NoRoom, UnknownJob
from worker.wire.messages import ArrayChunk

PICTURE = Picture(2, 1, 3, b"abcdef")
SIZE = 16 + 6  # bytes of that picture on disk


def a_job(state: JobState = JobState.COMPLETE, created: float = 1000.0, owner: str = "") -> Job:
    return Job(
        id=new_job_id(), kind="shade", created=created, deadline_s=10, state=state, owner=owner
    )


def opened(directory: Path, keep_s: float = 1e9, keep_bytes: float = 1e9) -> Store:
    return Store(directory, keep_s=keep_s, keep_bytes=keep_bytes)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    it = opened(tmp_path)
    yield it
    it.close()


def test_a_job_and_its_pictures_outlive_a_restart(tmp_path: Path) -> None:
    job = a_job(JobState.RUNNING)
    first = opened(tmp_path)
    first.add(job)
    first.put_pixels(job.id, "result", PICTURE)
    job.move(JobState.COMPLETE)
    first.save(job)
    first.close()
    second = opened(tmp_path)
    assert second.find(job.id) == job
    assert second.latest_pixels(job.id) == PICTURE
    second.close()


CRASH = """
import os, sys
from pathlib import Path
from service.jobs.jobs import Job, JobState
from service.pictures.picture import Picture
from service.jobs.store import Store
store = Store(Path(sys.argv[1]), keep_s=1e9, keep_bytes=1e9)
for name, state in (("with-picture", JobState.RUNNING), ("no-picture", JobState.QUEUED)):
    store.add(Job(id=name, kind="shade", created=1.0, deadline_s=10, state=state))
store.put_pixels("with-picture", "input", Picture(2, 1, 3, b"abcdef"))
os.kill(os.getpid(), 9)
"""


def test_jobs_cut_off_by_a_crash_are_ended(tmp_path: Path) -> None:
    crash = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    assert crash.returncode == -9
    it = opened(tmp_path)
    partial, failed = it.find("with-picture"), it.find("no-picture")
    assert (partial.state, partial.status_reason) == ("partial", store.INTERRUPTED)
    assert (failed.state, failed.status_reason) == ("failed", store.INTERRUPTED)
    assert it.latest_pixels("with-picture") == PICTURE
    it.close()


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
    kept.put_pixels(job.id, "input", PICTURE)
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
    with pytest.raises(NoLongerKept):
        kept.put_pixels(job.id, "result", PICTURE)
    assert list((tmp_path / "jobs").iterdir()) == []


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
    for job in reversed(jobs):
        it.add(job)
        it.put_pixels(job.id, "input", PICTURE)
        it.put_pixels(job.id, "input", PICTURE)  # replaced, not counted twice
    assert it.evict(now=10) == [jobs[0].id, jobs[1].id]
    assert it.evict(now=10) == []
    assert it.get_pixels(jobs[0].id, "input") is None
    assert it.get_pixels(jobs[2].id, "input") == PICTURE
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


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job()
    kept.add(job)
    monkeypatch.setattr(array_files.secrets, "token_hex", lambda _: "full")
    directory = tmp_path / "jobs" / job.id
    directory.mkdir()
    (directory / "input.px.full.tmp").symlink_to("/dev/full")
    with pytest.raises(NoRoom):
        kept.put_pixels(job.id, "input", Picture(1000, 1000, 3, bytes(3_000_000)))
    assert list(directory.iterdir()) == []
    (directory / "field.part").mkdir()
    (directory / "field.part" / "theta.npy").symlink_to("/dev/full")
    chunk = ArrayChunk(job=job.id, name="theta", dtype="<f4", shape=(1,), offset=0)
    with pytest.raises(NoRoom):
        kept.put_array_chunk(job.id, chunk, b"four")


def add_many(kept: Store) -> None:
    for _ in range(1000):
        kept.add(a_job())


def test_a_full_database_is_told(kept: Store) -> None:
    kept._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(NoRoom):
        add_many(kept)
    kept._db.execute("PRAGMA max_page_count = 100000")
    kept.add(a_job())


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/data cannot be used .*; set ITTEN_DATA"):
        opened(tmp_path / "file" / "data")
    for place in ("/proc/itten", "/sys/itten"):
        with pytest.raises(StoreError, match="set ITTEN_DATA"):
            opened(Path(place))


def test_damaged_or_newer_records_are_told(tmp_path: Path) -> None:
    opened(tmp_path / "newer").close()
    newer = sqlite3.connect(tmp_path / "newer" / "itten.sqlite3")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "itten.sqlite3").write_bytes(b"no database" * 1000)
    for name in ("newer", "damaged"):
        with pytest.raises(StoreError, match="move it away or set ITTEN_DATA"):
            opened(tmp_path / name)


def test_many_threads_at_once(kept: Store) -> None:
    def work(number: int) -> str:
        job = a_job(JobState.RUNNING, created=float(number))
        kept.add(job)
        kept.put_pixels(job.id, "input", PICTURE)
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
    assert {each.name for each in (tmp_path / "jobs").iterdir()} == {there.id}
