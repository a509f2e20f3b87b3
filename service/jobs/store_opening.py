"""Opening the store's directory, and what can go wrong with a disk."""

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from service.problems import Damaged, NoRoom

# What a write may come to that is no bug: no room, a limit on sizes, a disk that fails.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_DAMAGED_DATABASE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNWRITABLE_DATABASE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
)

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
    except (OSError, NoRoom) as error:
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
        NoRoom: it takes no more, or another service does not let go of the database.
        Damaged: the database is not as it was written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise _no_room(error.strerror) from error
    except sqlite3.DatabaseError as error:
        # Without what SQLite says beyond its main codes; errors of the sqlite3 module have none.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED_DATABASE:
            raise Damaged(_DAMAGED.format(error)) from error
        if code not in _UNWRITABLE_DATABASE:
            raise
        raise _no_room(str(error)) from error


def _no_room(why: str | None) -> NoRoom:
    return NoRoom(f"The service's disk takes nothing more ({why}); try again later.")
