"""What outlives a restart: records of jobs in SQLite, their pictures and fields in files.

Every method blocks: call it in a thread (`trio.to_thread.run_sync`). Jobs leave after `keep_s`
seconds, or earlier when their files exceed `keep_bytes`, the oldest first; the ids of those that
left are remembered for a while, so that they are answered with 410 and not with 404.
"""

import fcntl
import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import numpy as np

from service.jobs.cutting_off import cut_off
from service.jobs.database import Database
from service.jobs.job_files import JobFiles
from service.jobs.jobs import Job, is_full_id, public_id
from service.jobs.packed import Packed
from service.jobs.store_opening import StoreError, lock, opening, room
from service.pictures.picture import Picture
from service.problems import Conflict, NoLongerKept, UnknownJob, echo
from worker.wire.messages import ArrayChunk

__all__ = ["Store", "StoreError"]

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
        self.kept_bytes = 0.0  # at the end of the last `evict`; read without waiting for anybody
        with opening(directory), ExitStack() as opened:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            shared = opened.enter_context((directory / "lock").open("a"))
            alone = lock(shared)
            self._db = opened.enter_context(closing(Database(directory, alone=alone)))
            self._files = JobFiles(directory, self._db)
            if alone:
                self._recover()
            fcntl.flock(shared, fcntl.LOCK_SH)
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        self._close()

    # --- records -------------------------------------------------------------------------------

    def add(
        self,
        job: Job,
        pictures: Mapping[str, Picture | Packed] | None = None,
        earlier: str | None = None,
    ) -> None:
        """Keep a new job, with these pictures, or with what an earlier one leaves; or none of it.

        Raises:
            Conflict: another service over this directory has one of this id.
            NoLongerKept: the earlier job was removed.
            NoRoom: the disk is full.
        """
        row = (job.id, job.owner, job.created, job.state.ended, msgspec.json.encode(job))

        def record(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM gone WHERE id = ?", (job.id,))
            db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?)", row)

        try:
            with room():
                if earlier is None:
                    self._files.add(job.id, pictures or {}, record)
                else:
                    self._files.inherit(job.id, earlier, record)
        except sqlite3.IntegrityError as error:
            raise Conflict("Another request took this id just now; send yours again.") from error

    def save(self, job: Job) -> None:
        """Keep the record as it is now; a job that was removed stays removed."""
        with self._db.writing() as db:
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
        if not is_full_id(job):
            raise UnknownJob(f"{echo(job)} is not the id of a job")
        with self._db.reading() as db:
            row = db.execute("SELECT record FROM jobs WHERE id = ?", (job,)).fetchone()
            gone = row or db.execute("SELECT 1 FROM gone WHERE id = ?", (job,)).fetchone()
        if row is not None:
            return _decode(row[0])
        if gone is not None:
            raise NoLongerKept("this job and its pictures were removed; send the request again")
        raise UnknownJob(f"there is no job {echo(public_id(job))}")

    def full_id(self, job: str, owner: str) -> str | None:
        """The full id of a job by either id: one of this owner, else the newest of the others."""
        which = "WHERE id = ?1 OR substr(id, instr(id, '.') + 1) = ?1"
        query = f"SELECT id FROM jobs {which} ORDER BY owner = ?2 DESC, rowid DESC"  # noqa: S608
        with self._db.reading() as db:
            row = db.execute(query, (job, owner)).fetchone()
        return None if row is None else str(row[0])

    def newest(self, limit: int = 50, owner: str | None = "") -> list[Job]:
        """The newest jobs of an owner, or of all, the newest first."""
        which = "WHERE owner = ?1 OR ?1 IS NULL ORDER BY rowid DESC LIMIT ?2"
        query = f"SELECT record FROM jobs {which}"  # noqa: S608
        with self._db.reading() as db:
            rows = db.execute(query, (owner, limit)).fetchall()
        return [_decode(record) for (record,) in rows]

    def delete(self, job: str) -> int:
        """Remove a job and its files; harmless when it is not there. Returns the bytes freed."""
        if not is_full_id(job):
            return 0
        freed = self._files.remove(job)  # first: on a full disk the database has no room to say so
        with self._db.writing() as db:
            if db.execute("DELETE FROM jobs WHERE id = ?", (job,)).rowcount:
                db.execute("INSERT OR REPLACE INTO gone (id) VALUES (?)", (job,))
                oldest = "DELETE FROM gone WHERE number <= (SELECT max(number) FROM gone) - ?"
                db.execute(oldest, (_TOMBSTONES,))
        return freed

    def evict(self, now: float, *, by_age: bool = True) -> list[str]:
        """Remove ended jobs that are too old or too many, the oldest first; says which.

        Rows are in the order of acceptance: of two, `created` may say otherwise, as the machine's
        clock may have been set. A job from the future counts as one of now. Where `now` is not
        sure, nothing is done `by_age`.
        """
        if by_age:
            self._date_back(now)
        keep_s = self._keep_s if by_age else math.inf
        query = "SELECT id, created FROM jobs WHERE ended ORDER BY rowid"
        with self._db.reading() as db:
            ended = db.execute(query).fetchall()
        total = self._files.total
        evicted = []
        for job, created in ended:
            if total > self._keep_bytes or now - created > keep_s:
                total -= self.delete(job)
                evicted.append(job)
        self.kept_bytes = total
        return evicted

    def _date_back(self, now: float) -> None:
        with self._db.reading() as db:
            ahead = db.execute("SELECT 1 FROM jobs WHERE created > ? LIMIT 1", (now,)).fetchone()
        if ahead is not None:
            with self._db.writing() as db:
                db.execute("UPDATE jobs SET created = ?1 WHERE created > ?1", (now,))

    # --- files ---------------------------------------------------------------------------------

    def put_pixels_of(self, jobs: Sequence[str], name: str, picture: Picture) -> None:
        """Keep one picture for several jobs: `input`, `pass-1`, ..., `result`.

        One that was removed meanwhile goes without it.

        Raises:
            NoRoom: the disk is full.
        """
        with room():
            self._files.put_pixels(jobs, name, picture)

    def put_file_of(self, jobs: Sequence[str], name: str, data: bytes) -> None:
        """Keep a file for several jobs; as `put_pixels_of`."""
        with room():
            self._files.put_file(jobs, name, data)

    def get_file(self, job: str, name: str) -> bytes | None:
        """A file of a job, None where there is none; raises as `get_pixels`."""
        return self._files.get_file(job, name)

    def path(self, job: str, name: str) -> Path | None:
        """Where a file of a job lies, None where there is none; raises as `get_pixels`."""
        return self._files.path(job, name)

    def put_explanation_of(
        self, jobs: Sequence[str], index: int, files: Mapping[str, bytes]
    ) -> None:
        """Keep how a pass came about for several jobs; as `put_pixels_of`."""
        with room():
            self._files.put_explanation(jobs, index, files)

    def get_explanation(self, job: str, index: int, ending: str) -> bytes | None:
        """A file of a pass that is explained, None where there is none; raises as `get_pixels`."""
        return self._files.get_explanation(job, index, ending)

    def share(self, job: str, others: Sequence[str], names: str) -> None:
        """Give other jobs files of this one, by their name or a pattern; as `put_pixels_of`."""
        self._files.share(job, others, names)

    def get_pixels(self, job: str, name: str) -> Picture | None:
        """A picture of a job, None when there is none.

        Raises:
            NoLongerKept: it is damaged.
        """
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

    def work_done(self, job: str, jobs: Sequence[str], key: bytes, whole: bool) -> None:
        """A checkpoint has arrived; `JobFiles.work_done`. Raises as `put_pixels_of`."""
        with room():
            self._files.work_done(job, jobs, key, whole=whole)

    def drop_work_pieces(self, job: str) -> None:
        """Remove what has come of the work so far."""
        self._files.drop_pieces(job, "work")

    def drop_pieces(self, job: str) -> None:
        """Remove what has come of arrays that are not complete."""
        self._files.drop_pieces(job)

    def drop_work(self, job: str) -> None:
        """Remove the work of a job."""
        self._files.drop_work(job)

    def get_work(self, job: str, key: bytes) -> bytes:
        """The npz of what a job left to go on from; empty where there is none of this key."""
        return self._files.get_work(job, key)

    def inherit(self, job: str, earlier: str) -> None:
        """Take over an earlier job's input and source, the pictures of its passes, its work.

        Raises:
            NoLongerKept: the earlier job was removed meanwhile.
            NoRoom: the disk is full.
        """
        self._files.inherit(job, earlier)

    def arrays_done(self, job: str) -> None:
        """All arrays of the field are complete; raises as `put_pixels_of`."""
        self._files.arrays_done(job)

    def get_array(self, job: str, name: str) -> np.ndarray | None:
        """One array of the field, None while the field is not there; raises as `get_pixels`."""
        return self._files.get_array(job, name)

    def field_npz(self, job: str) -> Path | None:
        """The npz file of the field, packed when first asked for; raises NoRoom, NoLongerKept."""
        with room():
            return self._files.field_npz(job)

    # --- opening -------------------------------------------------------------------------------

    def _recover(self) -> None:
        """End what an earlier process left unfinished."""
        self._files.clean()
        with self._db.reading() as db:
            rows = db.execute("SELECT record FROM jobs").fetchall()
        for job in [_decode(record) for (record,) in rows]:
            if not job.closed:
                cut_off(job, self._files)
                self.save(job)


def _decode(record: bytes) -> Job:
    return msgspec.json.decode(record, type=Job)
