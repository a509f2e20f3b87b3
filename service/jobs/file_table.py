"""Which job has which files: rows of job, name, digest and size; a file without one is removed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.jobs.content import Content
from service.jobs.database import Database

_OWN = """
SELECT DISTINCT digest, size FROM files AS own WHERE job = :job
AND NOT EXISTS (SELECT 1 FROM files WHERE digest = own.digest AND job <> :job)
"""


@dataclass(eq=False)
class Change:
    """One transaction. Names may be patterns of SQLite's GLOB where they say which to look for."""

    db: sqlite3.Connection
    given: set[str] = field(default_factory=set)  # digests
    taken: set[str] = field(default_factory=set)  # that may have lost their last row

    def take(self, job: str, names: str) -> None:
        """Take files from a job."""
        self.taken.update(self.found(job, names).values())
        self.db.execute("DELETE FROM files WHERE job = ? AND name GLOB ?", (job, names))

    def give(self, job: str, name: str, digest: str, size: int) -> None:
        """Give a job a file, in place of another of this name; not one that was removed."""
        self.take(job, name)
        self.given.add(digest)
        insert = "INSERT INTO files SELECT id, ?, ?, ? FROM jobs WHERE id = ?"
        if not self.db.execute(insert, (name, digest, size, job)).rowcount:
            self.taken.add(digest)

    def share(self, job: str, other: str, names: str) -> bool:
        """Give another job files of this one; False where there are none."""
        query = "SELECT name, digest, size FROM files WHERE job = ? AND name GLOB ?"
        rows = self.db.execute(query, (job, names)).fetchall()
        for name, digest, size in rows:
            self.give(other, name, digest, size)
        return bool(rows)

    def found(self, job: str, names: str) -> dict[str, str]:
        """The digests of a job's files by their names."""
        query = "SELECT name, digest FROM files WHERE job = ? AND name GLOB ? ORDER BY name"
        return dict(self.db.execute(query, (job, names)).fetchall())


class FileTable:
    """The rows, and with them the files. Every method blocks."""

    def __init__(self, db: Database, content: Content) -> None:
        self._db, self._content = db, content

    @property
    def total(self) -> int:
        """Bytes of all files; what several jobs have counts once."""
        with self._db.reading() as db:
            query = "SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT digest, size FROM files)"
            total: int = db.execute(query).fetchone()[0]
        return total

    def found(self, job: str, names: str = "*") -> dict[str, str]:
        """The digests of a job's files by their names."""
        with self._db.reading() as db:
            return Change(db).found(job, names)

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """One transaction; afterwards, and where it fails, files without a row are removed."""
        given: set[str] = set()
        taken: set[str] = set()
        try:
            with self._db.writing() as db:
                yield Change(db, given, taken)
        except BaseException:
            self._sweep(given)
            raise
        self._sweep(taken)

    def _sweep(self, digests: set[str]) -> None:
        """Remove those of the files that have no row."""
        if not digests:
            return
        with self._db.writing() as db:  # nobody gives one to a job meanwhile
            for digest in digests:
                if not db.execute("SELECT 1 FROM files WHERE digest = ?", (digest,)).fetchone():
                    self._content.remove(digest)

    def remove(self, job: str) -> int:
        """Remove all files of a job; returns how many bytes that frees."""
        with self._db.writing() as db:
            own = db.execute(_OWN, {"job": job}).fetchall()
            for digest, _ in own:  # first: on a full disk the database has no room to say so
                self._content.remove(digest)
            db.execute("DELETE FROM files WHERE job = ?", (job,))
        return sum(size for _, size in own)

    def clean(self) -> None:
        """Remove what a crash left: rows without a job, files without a row."""
        with self._db.writing() as db:
            db.execute("DELETE FROM files WHERE job NOT IN (SELECT id FROM jobs)")
            self._content.clean({each for (each,) in db.execute("SELECT digest FROM files")})
