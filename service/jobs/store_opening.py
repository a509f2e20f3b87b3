"""Opening the store's directory and database, and what can go wrong with a disk."""

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from service.problems import NoRoom

VERSION = 1  # of the tables below, kept as SQLite's user_version
_TABLES = f"""
BEGIN;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    created REAL NOT NULL,
    ended INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL
);
CREATE INDEX jobs_by_age ON jobs (created);
CREATE TABLE gone (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
PRAGMA user_version = {VERSION};
COMMIT;
"""


class StoreError(Exception):
    """The store cannot be opened; the text says what to change."""


def lock(file: IO[str]) -> bool:
    """Whether nobody else uses the directory; if somebody does, wait until it is in order."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return False
    return True


def connect(path: Path) -> sqlite3.Connection:
    """The database, its tables made when missing; to be used under a lock of the caller's."""
    db = sqlite3.connect(path, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(_TABLES)
    elif version != VERSION:
        raise sqlite3.DatabaseError("they were written by another version of Itten")


@contextmanager
def opening(directory: Path) -> Iterator[None]:
    """What goes wrong in here is told as a `StoreError`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"{directory} cannot be used ({why}); set ITTEN_DATA") from error
    except NoRoom as error:
        raise StoreError(f"the disk of {directory} is full; set ITTEN_DATA") from error
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise StoreError(
            f"the records in {directory} cannot be read ({error}); move it away or set ITTEN_DATA"
        ) from error


@contextmanager
def room() -> Iterator[None]:
    """A full disk is told as `NoRoom`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NoRoom("the disk of the service is full; try again later") from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise NoRoom("the disk of the service is full; try again later") from error
