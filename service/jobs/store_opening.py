"""Opening the store's directory, and what can go wrong with a disk."""

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from service.problems import NoRoom

# What a write may come to that is no bug: no room, a limit on sizes, a disk that fails.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_UNWRITABLE_DATABASE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
)


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
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise StoreError(
            f"the records in {directory} cannot be read ({error}); move it away or set ITTEN_DATA"
        ) from error


@contextmanager
def room() -> Iterator[None]:
    """A disk that takes no more, and a database that is not let go of, are told as `NoRoom`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise _no_room(error.strerror) from error
    except sqlite3.OperationalError as error:
        # Without what SQLite says beyond its main codes.
        if error.sqlite_errorcode & 0xFF not in _UNWRITABLE_DATABASE:
            raise
        raise _no_room(str(error)) from error


def _no_room(why: str | None) -> NoRoom:
    return NoRoom(f"The service's disk takes nothing more ({why}); try again later.")
