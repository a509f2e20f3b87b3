"""The database of the store: its tables, what earlier versions left, one writer at a time."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from service.jobs.content import Content, digest_of
from service.jobs.store_opening import room

CONTENT = "content"  # the directory of files by their hash
EARLIER = "jobs"  # that of version 1, with one directory per job
_PARTIAL = (".tmp", ".part")  # there: what was half written

WAIT_S = 1.0  # for another process to let go of the records; its transactions take milliseconds
BRIEF_S = 0.05  # after a wait in vain, until it has let go: everybody else would wait as well

Step = Callable[[sqlite3.Connection, Path], None]


class Database:
    """SQLite below the directory of the store; one transaction at a time, among processes too.

    Who only looks has a connection of its own, and waits for no transaction.
    """

    def __init__(self, directory: Path, *, alone: bool) -> None:
        """Open it, made when missing; `alone` says that no other process uses the directory.

        Raises:
            sqlite3.Error: it is damaged, or of another version.
            OSError, NoRoom: the directory cannot be written to.
        """
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._was_kept_waiting = False
        with ExitStack() as opened:
            self._db = opened.enter_context(closing(_connected(directory)))
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            _check(self._db)
            _migrate(self._db, directory, alone=alone)
            self._reader = opened.enter_context(closing(_connected(directory)))
            self._reader.execute("PRAGMA query_only = ON")
            self._close = opened.pop_all().close

    def close(self) -> None:
        """Close it, once nobody uses it."""
        with self._lock, self._looking:
            self._close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """To look at what is there; raises Damaged."""
        with self._looking, room():
            yield self._reader

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, undone by an exception.

        Raises:
            NoRoom: the disk is full.
            Busy: another process does not let go of it.
            Damaged: the database is not as it was written.
        """
        with self._lock, room(), self._db:
            self._begin()
            yield self._db

    def _begin(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._be_patient(BRIEF_S)
            self._was_kept_waiting = True
            raise
        if self._was_kept_waiting:
            self._be_patient(WAIT_S)
            self._was_kept_waiting = False

    def _be_patient(self, seconds: float) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _connected(directory: Path) -> sqlite3.Connection:
    path = directory / "itten.sqlite3"
    return sqlite3.connect(path, timeout=WAIT_S, check_same_thread=False)


def _check(db: sqlite3.Connection) -> None:
    with closing(db.execute("PRAGMA quick_check(1)")) as answers:
        (answer,) = answers.fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def _migrate(db: sqlite3.Connection, directory: Path, *, alone: bool) -> None:
    """Bring the tables to this version, one step and one transaction at a time."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(_STEPS):
        raise sqlite3.DatabaseError("they were written by a newer version of Itten")
    if version < len(_STEPS) and not alone:
        raise sqlite3.DatabaseError("an earlier version of Itten uses them; stop it first")
    for number, step in enumerate(_STEPS[version:], version + 1):
        with db:
            db.execute("BEGIN IMMEDIATE")
            step(db, directory)
            db.execute(f"PRAGMA user_version = {number}")


def _begin(db: sqlite3.Connection, _: Path) -> None:
    db.execute(
        "CREATE TABLE jobs (id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL,"
        " ended INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0, record BLOB NOT NULL)"
    )
    db.execute("CREATE INDEX jobs_by_age ON jobs (created)")
    db.execute("CREATE TABLE gone (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)")


def _name_files_by_content(db: sqlite3.Connection, directory: Path) -> None:
    """From a directory per job to files by their hash; the old ones stay until that is kept."""
    db.execute(
        "CREATE TABLE files (job TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,"
        " size INTEGER NOT NULL, PRIMARY KEY (job, name)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX files_by_digest ON files (digest, job)")
    # Without the bytes: they follow from the files. DROP COLUMN is not in every SQLite of 3.11.
    db.execute("ALTER TABLE jobs RENAME TO earlier")
    db.execute(
        "CREATE TABLE jobs (id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL,"
        " ended INTEGER NOT NULL, record BLOB NOT NULL)"
    )
    db.execute("INSERT INTO jobs SELECT id, owner, created, ended, record FROM earlier")
    db.execute("DROP TABLE earlier")  # and its index
    db.execute("CREATE INDEX jobs_by_age ON jobs (created)")
    content = Content(directory / CONTENT)
    for (job,) in db.execute("SELECT id FROM jobs").fetchall():
        root = directory / EARLIER / job
        for path in root.rglob("*"):
            name = path.relative_to(root)
            if path.is_file() and not any(Path(each).suffix in _PARTIAL for each in name.parts):
                digest = digest_of(path)
                content.link(path, digest)
                row = (job, name.as_posix(), digest, path.stat().st_size)
                db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", row)


_STEPS: tuple[Step, ...] = (_begin, _name_files_by_content)
"""What leads from each version to the next; a new database takes all of them."""
