"""The store when it is killed, full, damaged, or used by two services at once."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from service.jobs import content, database
from service.jobs.cutting_off import INTERRUPTED
from service.jobs.jobs import JobState
from service.jobs.store import Store, StoreError
from service.pictures.picture import Picture
from service.problems import Busy, Conflict, Damaged, NoLongerKept, NoRoom, UnknownJob
from tests.service.jobs.stores import PICTURE, a_job, numbered, opened
from tests.service.kept_files import damage, file_of, names_of, on_disk
from worker.wire.messages import ArrayChunk

CRASH = """
import os, sys
from pathlib import Path
from service.jobs.jobs import Job, JobState
from service.pictures.picture import Picture
from service.jobs.store import Store
store = Store(Path(sys.argv[1]), keep_s=1e9, keep_bytes=1e9)
for name, state in (("with-picture", JobState.RUNNING), ("no-picture", JobState.QUEUED)):
    store.add(Job(id=name, kind="shade", created=1.0, deadline_s=10, state=state))
store.put_pixels_of(["with-picture"], "input", Picture(2, 1, 3, b"abcdef"))
os.kill(os.getpid(), 9)
"""


def test_jobs_cut_off_by_a_crash_are_ended(tmp_path: Path) -> None:
    crash = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    assert crash.returncode == -9
    it = opened(tmp_path)
    partial, failed = it.find("with-picture"), it.find("no-picture")
    assert (partial.state, partial.status_reason) == ("partial", INTERRUPTED)
    assert (failed.state, failed.status_reason) == ("failed", INTERRUPTED)
    assert it.latest_pixels("with-picture") == PICTURE
    it.close()


BUSY = """
import sys
from itertools import count
from pathlib import Path
from service.jobs.jobs import Job, JobState
from service.pictures.picture import Picture
from service.jobs.store import Store
store = Store(Path(sys.argv[1]), keep_s=1e9, keep_bytes=1e9)
for number in count(int(sys.argv[2])):
    job = Job(id=f"job-{number:09}", kind="shade", created=float(number), deadline_s=10)
    picture = Picture(100, 100, 3, bytes([number % 50]) * 30_000)
    store.add(job, {"input": picture})
    for name in ("pass-1", "result"):
        store.put_pixels_of([job.id], name, picture)
    job.state = JobState.COMPLETE
    store.save(job)
    print(number, flush=True)
    store.delete(f"job-{number - 20:09}")
"""


def test_what_was_kept_outlives_being_killed_at_any_moment(tmp_path: Path) -> None:
    last = -1
    for _ in range(3):
        command = [sys.executable, "-c", BUSY, str(tmp_path), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            until = last + 40
            for line in process.stdout:
                last = int(line)
                if last == until:
                    process.kill()
        with closing(opened(tmp_path)) as it:
            for number in range(last - 18, last + 1):
                job = f"job-{number:09}"
                assert it.find(job).state is JobState.COMPLETE
                for name in ("input", "pass-1", "result"):
                    picture = it.get_pixels(job, name)
                    assert picture is not None
                    assert bytes(picture.pixels[:1]) == bytes([number % 50])
            kept = {each.name for each in on_disk(tmp_path)}
            for each in it.newest(limit=1000):  # the last may have been cut off
                kept -= {
                    file_of(tmp_path, each.id, name).name for name in names_of(tmp_path, each.id)
                }
                if each.state is not JobState.COMPLETE:
                    it.delete(each.id)
            assert kept == set()


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job()
    kept.add(job)
    monkeypatch.setattr(content.secrets, "token_hex", lambda _: "full")
    (tmp_path / "content" / "full.tmp").symlink_to("/dev/full")
    with pytest.raises(NoRoom):
        kept.put_pixels_of([job.id], "input", Picture(1000, 1000, 3, bytes(3_000_000)))
    assert on_disk(tmp_path) == set()
    (tmp_path / "parts" / job.id / "field").mkdir(parents=True)
    (tmp_path / "parts" / job.id / "field" / "theta.npy").symlink_to("/dev/full")
    chunk = ArrayChunk(job=job.id, name="theta", dtype="<f4", shape=(1,), offset=0)
    with pytest.raises(NoRoom):
        kept.put_array_chunk(job.id, chunk, b"four")


def test_a_job_is_kept_with_its_images_or_not_at_all(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, images = a_job(), {"input": PICTURE, "source": numbered(1)}
    with monkeypatch.context() as patched:
        patched.setattr(content.secrets, "token_hex", lambda _: "full")
        (tmp_path / "content" / "full.tmp").symlink_to("/dev/full")
        with pytest.raises(NoRoom):
            kept.add(job, {"input": Picture(1000, 1000, 3, bytes(3_000_000))})
    with pytest.raises(NoLongerKept):
        kept.add(job, earlier="never-existed")
    with pytest.raises(UnknownJob):
        kept.find(job.id)
    kept.add(job, images)
    before = on_disk(tmp_path)
    with pytest.raises(Conflict):
        kept.add(job, {"input": numbered(2)})
    assert on_disk(tmp_path) == before
    later = a_job()
    kept.add(later, earlier=job.id)
    for name, picture in images.items():
        assert kept.get_pixels(later.id, name) == picture
    assert on_disk(tmp_path) == before


def add_many(kept: Store) -> None:
    for _ in range(1000):
        kept.add(a_job())


def test_a_full_database_is_told(kept: Store, tmp_path: Path) -> None:
    job = a_job()
    kept.add(job)
    kept._db._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(NoRoom):
        add_many(kept)
    pixels = Picture(1, 1, 3, b"abc")
    before = on_disk(tmp_path)
    for number in range(1000):  # until a page is full
        try:
            kept.put_pixels_of([job.id], f"pass-{number}", pixels)
        except NoRoom:
            break
    else:
        raise AssertionError
    assert kept.get_pixels(job.id, "pass-0") == pixels
    assert len(on_disk(tmp_path)) == len(before) + 1
    kept.delete(job.id)  # makes room
    assert on_disk(tmp_path) == before
    kept._db._db.execute("PRAGMA max_page_count = 100000")
    kept.add(a_job())


def test_a_database_that_is_damaged_while_it_is_used_is_told(kept: Store, tmp_path: Path) -> None:
    kept.add(a_job())
    kept._db._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept._db._db.execute("PRAGMA shrink_memory")
    database = tmp_path / "itten.sqlite3"
    with database.open("r+b") as file:
        file.write(b"\xff" * database.stat().st_size)
    for use in (kept.newest, lambda: kept.evict(0), lambda: kept.add(a_job())):
        with pytest.raises(Damaged, match="operator"):
            use()


def test_a_database_that_another_holds_is_told(kept: Store, tmp_path: Path) -> None:
    """One waits for it, others after that one only briefly, and who looks not at all."""
    known = a_job()
    kept.add(known)
    assert patience_of(kept) == database.WAIT_S
    kept._db._db.execute("PRAGMA busy_timeout = 1")
    with closing(opened(tmp_path)) as other, other._db.writing():
        for _ in range(2):
            with pytest.raises(Busy, match="holds"):
                kept.add(a_job())
            assert patience_of(kept) == database.BRIEF_S
        kept._db._db.execute("PRAGMA busy_timeout = 600000")
        writer = threading.Thread(target=kept.save, args=(known,))
        writer.start()
        assert kept.find(known.id) == known
        assert writer.is_alive()
    writer.join()
    assert patience_of(kept) == database.WAIT_S
    assert [each.id for each in kept.newest()] == [known.id]


def patience_of(kept: Store) -> float:
    [milliseconds] = kept._db._db.execute("PRAGMA busy_timeout").fetchone()
    return float(milliseconds / 1000)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/data cannot be used .*; set ITTEN_DATA"):
        opened(tmp_path / "file" / "data")
    for place in ("/proc/itten", "/sys/itten"):
        with pytest.raises(StoreError, match="set ITTEN_DATA"):
            opened(Path(place))


def test_damage_is_found_and_costs_what_has_it_alone(kept: Store, tmp_path: Path) -> None:
    one, other = a_job(), a_job()
    for number, job in enumerate((one, other)):
        kept.add(job)
        kept.put_pixels_of([job.id], "input", PICTURE)
        kept.put_pixels_of([job.id], "result", numbered(number))
    damage(file_of(tmp_path, one.id, "result.px"))
    with pytest.raises(NoLongerKept, match="damaged"):
        kept.latest_pixels(one.id)
    assert kept.get_pixels(one.id, "input") == PICTURE
    assert kept.latest_pixels(other.id) == numbered(1)
    kept.put_pixels_of([other.id], "pass-1", numbered(0))  # the same bytes again
    assert kept.latest_pixels(one.id) == numbered(0)


def test_two_services_share_what_they_keep_and_no_id(kept: Store, tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as other:
        job = a_job()
        kept.add(job)
        with pytest.raises(Conflict):
            other.add(job)
        kept.put_pixels_of([job.id], "input", PICTURE)
        same = a_job()
        other.add(same)
        other.put_pixels_of([same.id], "input", PICTURE)
        assert len(on_disk(tmp_path)) == 1
        kept.delete(job.id)
        assert other.get_pixels(same.id, "input") == PICTURE


def test_what_two_services_keep_and_remove_at_once_is_there_or_gone(
    kept: Store, tmp_path: Path
) -> None:
    with closing(opened(tmp_path)) as other:

        def work(number: int) -> None:
            it = (kept, other)[number % 2]
            job = a_job()
            it.add(job)
            it.put_pixels_of([job.id], "input", PICTURE)
            assert it.get_pixels(job.id, "input") == PICTURE
            it.delete(job.id)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(100)))
    assert on_disk(tmp_path) == set()
