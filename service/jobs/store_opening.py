"""Opening the store's directory, and what can go wrong with a disk."""

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from service.problems import Busy, Damaged, NoRoom, Unable

# What a write may come to that is no bug: no room, a limit on sizes, a disk that fails.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_NO_FILES = (errno.EMFILE, errno.ENFILE)
_DAMAGED_DATABASE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNWRITABLE_DATABASE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
)

_HELD = "Another process holds the service's records ({}); send the request again."
_MANY_FILES = "The service has as many files open as it may; send the request again."
_DAMAGED = "The service's records are damaged ({}); its operator can move them away and restart it."


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


@contextmanager
def opening(directory: Path) -> Iterator[None]:
    """What goes wrong in here is told as a `StoreError`."""
    try:
        with room():
            yield
    except (OSError, NoRoom, Busy) as error:
        cause = error.__cause__ or error
        why = getattr(cause, "strerror", None) or str(cause)
        raise StoreError(f"{directory} cannot be used ({why}); set ITTEN_DATA") from error
    except (sqlite3.Error, msgspec.DecodeError, Damaged) as error:
        why = str(error.__cause__ or error)
        raise StoreError(
            f"the records in {directory} cannot be read ({why}); move it away or set ITTEN_DATA"
        ) from error


@contextmanager
def room() -> Iterator[None]:
    """What a disk does is told as a problem.

    Raises:
        NoRoom: it takes no more.
        Busy: no more files may be opened, or another process does not let go of the database.
        Damaged: the database is not as it was written.
    """
    try:
        yield
    except (OSError, sqlite3.DatabaseError) as error:
        problem = problem_of(error)
        if problem is None:
            raise
        raise problem from error


def problem_of(error: Exception) -> Unable | None:
    """What an error means for who called, where a disk or the system is at fault."""
    if isinstance(error, OSError):
        if error.errno in _NO_FILES:
            return Busy(_MANY_FILES)
        return _no_room(error.strerror) if error.errno in _UNWRITABLE else None
    # Without what SQLite says beyond its main codes; errors of the sqlite3 module have none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED_DATABASE:
        return Damaged(_DAMAGED.format(error))
    if code == sqlite3.SQLITE_BUSY:
        return Busy(_HELD.format(error))
    return _no_room(str(error)) if code in _UNWRITABLE_DATABASE else None


def _no_room(why: str | None) -> NoRoom:
    return NoRoom(f"The service's disk takes nothing more ({why}); try again later.")
