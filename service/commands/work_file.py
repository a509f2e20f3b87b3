"""`--resume FILE`: what a partial job on this machine leaves for the same command to go on from."""

import os
from dataclasses import dataclass
from pathlib import Path

from service.commands.writing import CommandError, find, write_file
from service.jobs.array_files import comment_of
from service.jobs.store import MAX_WORK
from service.jobs.work_keys import is_work_key

_MOST = MAX_WORK + (1 << 20)  # bytes, with the headers of its arrays


@dataclass(frozen=True)
class WorkFile:
    """A file that holds the work of one job, of the same images and options; or none yet."""

    path: Path
    key: bytes  # of the job

    @property
    def exists(self) -> bool:
        """Whether there is something to go on from."""
        return find(self.path) is not None

    def read(self) -> bytes:
        """What was left, as an npz; empty when nothing was.

        Raises:
            CommandError: it belongs to another job, or is something else, or cannot be read.
        """
        self._check_place()
        if not self.exists:
            return b""
        try:
            comment = comment_of(self.path)
            if comment is None or not is_work_key(comment) or self.path.stat().st_size > _MOST:
                raise CommandError(f"{self.path}: holds no work to go on from; say another file")
            if comment != self.key:
                raise CommandError(
                    f"{self.path}: is of another picture, other options or another version of"
                    " Itten; say another file, or remove it"
                )
            return self.path.read_bytes()
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror}") from error

    def write(self, work: bytes) -> None:
        """Keep this work in place of what was there; raises OSError."""
        write_file(self.path, work, overwrite=True, option="--resume")

    def remove(self) -> None:
        """Nothing is left to do; raises OSError."""
        self.path.unlink(missing_ok=True)

    def _check_place(self) -> None:
        if self.exists and not self.path.is_file():
            raise CommandError(f"{self.path}: is no file")
        if not self.path.parent.is_dir():
            raise CommandError(f"{self.path}: there is no directory {self.path.parent}")
        if not os.access(self.path.parent, os.W_OK):
            raise CommandError(f"{self.path.parent}: may not be written to")
