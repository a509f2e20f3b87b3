"""What outlives a restart: records of jobs in SQLite, their pictures and fields in files.

Every method blocks: call it in a thread (`trio.to_thread.run_sync`). Jobs leave after `keep_s`
seconds, or earlier when their files exceed `keep_bytes`, the oldest first; the ids of those that
left are remembered for a while, so that they are answered with 410 and not with 404.
"""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np

from service.jobs.job_files import JobFiles
from service.jobs.jobs import Job, JobState, is_job_id
from service.jobs.store_opening import StoreError, connect, lock, opening, room
from service.pictures.picture import Picture
from service.problems import NoLongerKept, UnknownJob, echo
from worker.wire.messages import ArrayChunk

__all__ = ["Store", "StoreError"]

INTERRUPTED = "interrupted by a restart"
_TOMBSTONES = 10_000
MAX_WORK = 256 << 20  # bytes, of what one job leaves to go on from
WORK_SHARE = 0.25  # of all that is kept, at most, for the work of one job


class Store:
    """Jobs and their files below one directory; safe to call from any thread."""

    def __init__(self, directory: Path, *, keep_s: float, keep_bytes: float) -> None:
        """Open the store, made when missing; jobs cut off by a restart are ended.

        Raises:
            StoreError: the directory or the database in it cannot be used.
        """
        self._keep_s, self._keep_bytes = keep_s, keep_bytes
        self._lock = threading.Lock()
        self._files = JobFiles(directory / "jobs")
        with opening(directory), ExitStack() as opened:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files.root.mkdir(exist_ok=True)
            shared = opened.enter_context((directory / "lock").open("a"))
            alone = lock(shared)
            self._db = opened.enter_context(closing(connect(directory / "itten.sqlite3")))
            if alone:
                self._recover()
            fcntl.flock(shared, fcntl.LOCK_SH)
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        with self._lock:
            self._close()

    # --- records -------------------------------------------------------------------------------

    def add(self, job: Job) -> None:
        """Keep a new job."""
        with self._writing() as db:
            db.execute("DELETE FROM gone WHERE id = ?", (job.id,))
            db.execute(
                "INSERT INTO jobs (id, owner, created, ended, record) VALUES (?, ?, ?, ?, ?)",
                (job.id, job.owner, job.created, job.state.ended, msgspec.json.encode(job)),
            )

    def save(self, job: Job) -> None:
        """Keep the record as it is now; a job that was removed stays removed."""
        with self._writing() as db:
            db.execute(
                "UPDATE jobs SET ended = ?, record = ? WHERE id = ?",
                (job.state.ended, msgspec.json.encode(job), job.id),
            )

    def find(self, job: str) -> Job:
        """A job by its id.

        Raises:
            UnknownJob: there never was one.
            NoLongerKept: it was removed.
        """
        if not is_job_id(job):
            raise UnknownJob(f"{echo(job)} is not the id of a job")
        with self._lock:
            row = self._db.execute("SELECT record FROM jobs WHERE id = ?", (job,)).fetchone()
            gone = row or self._db.execute("SELECT 1 FROM gone WHERE id = ?", (job,)).fetchone()
        if row is not None:
            return _decode(row[0])
        if gone is not None:
            raise NoLongerKept("this job and its pictures were removed; send the request again")
        raise UnknownJob(f"there is no job {echo(job)}")

    def newest(self, limit: int = 50, owner: str = "") -> list[Job]:
        """The newest jobs of a caller, the newest first."""
        query = "SELECT record FROM jobs WHERE owner = ? ORDER BY created DESC, rowid DESC LIMIT ?"
        with self._lock:
            rows = self._db.execute(query, (owner, limit)).fetchall()
        return [_decode(record) for (record,) in rows]

    def delete(self, job: str) -> None:
        """Remove a job and its files; harmless when it is not there."""
        if not is_job_id(job):
            return
        self._files.remove(job)  # first: on a full disk the database has no room to say so
        with self._writing() as db:
            if db.execute("DELETE FROM jobs WHERE id = ?", (job,)).rowcount:
                db.execute("INSERT OR REPLACE INTO gone (id) VALUES (?)", (job,))
                oldest = "DELETE FROM gone WHERE number <= (SELECT max(number) FROM gone) - ?"
                db.execute(oldest, (_TOMBSTONES,))

    def evict(self, now: float | None = None) -> list[str]:
        """Remove ended jobs that are too old or too many, the oldest first; says which."""
        now = time.time() if now is None else now
        query = "SELECT id, created, bytes FROM jobs WHERE ended ORDER BY created, rowid"
        with self._lock:
            ended = self._db.execute(query).fetchall()
            (total,) = self._db.execute("SELECT total(bytes) FROM jobs").fetchone()
        evicted = []
        for job, created, size in ended:
            if total > self._keep_bytes or now - created > self._keep_s:
                self.delete(job)
                evicted.append(job)
                total -= size
        return evicted

    # --- files ---------------------------------------------------------------------------------

    def put_pixels(self, job: str, name: str, picture: Picture) -> None:
        """Keep a picture of a job: `input`, `pass-1`, ..., `result`.

        Raises:
            NoRoom: the disk is full.
            UnknownJob, NoLongerKept: the job was removed meanwhile.
        """
        with room():
            self._files.put_pixels(job, name, picture)
        self._account(job)

    def put_pixels_of(self, jobs: Sequence[str], name: str, picture: Picture) -> None:
        """Keep one picture for several jobs; one that was removed meanwhile goes without it.

        Raises:
            NoRoom: the disk is full.
        """
        with room():
            self._files.put_pixels(jobs[0], name, picture)
            for each in jobs[1:]:
                try:
                    self._files.share(jobs[0], each, f"{name}.px")
                except FileNotFoundError:
                    self._files.put_pixels(each, name, picture)
        self._account_all(jobs)

    def share(self, job: str, others: Sequence[str], name: str) -> None:
        """Give other jobs a file of this one, or all files of a directory; as `put_pixels_of`."""
        with room(), suppress(FileNotFoundError):
            for each in others:
                self._files.share(job, each, name)
        self._account_all(others)

    def get_pixels(self, job: str, name: str) -> Picture | None:
        """A picture of a job, None when there is none."""
        return self._files.get_pixels(job, name)

    def latest_pixels(self, job: str) -> Picture | None:
        """The picture that is furthest along: the result, the last pass, or the input."""
        name = self._files.latest_name(job)
        return None if name is None else self._files.get_pixels(job, name)

    def put_array_chunk(self, job: str, chunk: ArrayChunk, payload: bytes | memoryview) -> None:
        """Keep a piece of an array of the field; raises as `put_pixels`."""
        with room():
            self._files.put_array_chunk(job, chunk, payload)

    @property
    def work_limit(self) -> float:
        """Bytes that the work of one job may have."""
        return min(MAX_WORK, WORK_SHARE * self._keep_bytes)

    def work_done(self, job: str, key: bytes) -> None:
        """All arrays of the work are complete; raises as `put_pixels`."""
        with room():
            self._files.work_done(job, key)
        self._account(job)

    def drop_work_pieces(self, job: str) -> None:
        """Remove what has come of the work so far."""
        self._files.drop_work_pieces(job)

    def drop_work(self, job: str) -> None:
        """Remove the work of a job; raises as `put_pixels`."""
        self._files.drop_work(job)
        self._account(job)

    def get_work(self, job: str, key: bytes) -> bytes:
        """The npz of what a job left to go on from; empty where there is none of this key."""
        path = self.work_path(job, key)
        try:
            return b"" if path is None else path.read_bytes()
        except FileNotFoundError:
            return b""

    def work_path(self, job: str, key: bytes) -> Path | None:
        """The file of the work; None where there is none of this key."""
        return self._files.work_path(job, key)

    def inherit(self, job: str, earlier: str) -> None:
        """Take over an earlier job's input and source, the pictures of its passes, its work.

        Raises:
            NoLongerKept: the earlier job was removed meanwhile.
            NoRoom, UnknownJob: as `put_pixels`.
        """
        try:
            with room():
                self._files.inherit(job, earlier)
        except FileNotFoundError as error:
            raise NoLongerKept(
                "the job to go on from was removed; send the request again"
            ) from error
        self._account(job)

    def picture_shape(self, job: str, name: str) -> tuple[int, int, int] | None:
        """Width, height and channels of a picture of a job, None when there is none."""
        return self._files.picture_shape(job, name)

    def arrays_done(self, job: str) -> None:
        """All arrays of the field are complete; raises as `put_pixels`."""
        self._files.arrays_done(job)
        self._account(job)

    def get_array(self, job: str, name: str) -> np.ndarray | None:
        """One array of the field, read-only; None while the field is not there."""
        return self._files.get_array(job, name)

    def field_npz(self, job: str) -> Path | None:
        """The npz file of the field, packed when first asked for; raises as `put_pixels`."""
        with room():
            path = self._files.field_npz(job)
        self._account(job)
        return path

    def _account(self, job: str) -> None:
        """Note the size of a job's files; files of a job without a record are removed."""
        size = self._files.size(job)
        with self._writing() as db:
            known = db.execute("UPDATE jobs SET bytes = ? WHERE id = ?", (size, job)).rowcount
        if not known:
            self._files.remove(job)
            self.find(job)  # raises what became of it

    def _account_all(self, jobs: Sequence[str]) -> None:
        for each in jobs:
            with suppress(UnknownJob, NoLongerKept):
                self._account(each)

    # --- opening -------------------------------------------------------------------------------

    def _recover(self) -> None:
        """End what an earlier process left unfinished."""
        rows = self._db.execute("SELECT id, record, ended FROM jobs").fetchall()
        self._files.clean({job for job, _, _ in rows})
        for job in [_decode(record) for _, record, ended in rows if not ended]:
            shown = self._files.latest_name(job.id)
            job.move(JobState.PARTIAL if shown else JobState.FAILED, INTERRUPTED)
            self.save(job)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, one writer at a time."""
        with self._lock, room(), self._db:
            yield self._db


def _decode(record: bytes) -> Job:
    return msgspec.json.decode(record, type=Job)
