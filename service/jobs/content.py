"""Files named by the hash of what they hold: the same bytes are kept once.

    <root>/<sha256>         whole, and never written to again
    <root>/<random>.tmp     on the way there

Nothing is synced to the platter. What a power cut tore or a disk turned no longer hashes to its
name, and is found when it is read.
"""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from service.jobs.store_opening import room
from service.problems import NoLongerKept

_GONE = "What was kept of this job is gone; send the request again."
_UNREADABLE = (errno.ENOENT, errno.EIO)
_log = structlog.stdlib.get_logger("itten.content")


class Content:
    """Files below one directory, by their SHA-256 in hexadecimal. Every method blocks."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(exist_ok=True)

    @contextmanager
    def new(self) -> Iterator[Path]:
        """Where to write a file that `put` may take; it is gone with the block."""
        part = self._root / f"{secrets.token_hex(8)}.tmp"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def put(self, path: Path, digest: str) -> None:
        """Take a file of this digest, and with it replace one that may be damaged."""
        path.replace(self.path(digest))

    def link(self, path: Path, digest: str) -> None:
        """Take a file of this digest and leave it where it is; a copy where that cannot be."""
        self.remove(digest)
        try:
            os.link(path, self.path(digest))
        except OSError:  # a file system without links
            shutil.copyfile(path, self.path(digest))

    def read(self, digest: str) -> bytes:
        """What a file holds.

        Raises:
            NoLongerKept: it is missing or damaged.
        """
        with _readable(digest):
            data = self.path(digest).read_bytes()
            _check(digest, hashlib.sha256(data).hexdigest())
            return data

    def path(self, digest: str) -> Path:
        """Where a file is, if it is there."""
        return self._root / digest

    def checked(self, digest: str) -> Path:
        """Where a file is, once it has been read through; raises as `read`."""
        path = self.path(digest)
        with _readable(digest):
            _check(digest, digest_of(path))
        return path

    def remove(self, digest: str) -> None:
        """Remove a file; harmless when there is none."""
        self.path(digest).unlink(missing_ok=True)

    def clean(self, kept: set[str]) -> None:
        """Remove all but these, and what was half written."""
        for path in self._root.iterdir():
            if path.name not in kept:
                path.unlink()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(digest: str, found: str) -> None:
    if found != digest:
        _log.error("a file is damaged and is not shown", file=digest, hashes_to=found)
        raise NoLongerKept("What was kept of this job is damaged; send the request again.")


@contextmanager
def _readable(digest: str) -> Iterator[None]:
    with room():
        try:
            yield
        except OSError as error:
            if error.errno not in _UNREADABLE:
                raise
            _log.error("a file cannot be read", file=digest, reason=error.strerror)
            raise NoLongerKept(_GONE) from error
