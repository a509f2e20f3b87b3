"""Where a command reads its pictures, and which files it is to write."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from service.commands.option_texts import ABOUT, FORMATS
from service.commands.writing import CommandError, find, refuse_existing, write_file, write_stream

STREAM = "-"  # standard input, standard output
_TEXT = ("svg", "json")
_SAME = {"jpeg": "jpg", "jpe": "jpg"}


def read_input(name: str, most: int) -> bytes:
    """The bytes of a file or of standard input.

    Raises:
        CommandError: there is no such file, or more than `most` bytes of it.
    """
    try:
        if name == STREAM:
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    if len(data) > most:
        raise CommandError(f"{name}: is larger than {most / 2**20:g} MB; see ITTEN_MAX_BODY_MB")
    return data


def stem(name: str) -> str:
    """What files are named after that come from this input."""
    return "stdin" if name == STREAM else Path(name).stem


@dataclass(frozen=True)
class Output:
    """The file, or the stream, that the answer goes to."""

    name: str
    as_format: str
    overwrite: bool

    @classmethod
    def chosen(
        cls, kind: str, target: str, name: str | None, as_format: str | None, *, overwrite: bool
    ) -> "Output":
        """What was asked for, else a file in this directory that is named after the target.

        Raises:
            CommandError: an ending that says nothing.
        """
        name = name or f"{stem(target)}-{ABOUT[kind].suffix}.{as_format or 'png'}"
        ending = Path(name).suffix.removeprefix(".").lower()
        as_format = as_format or _SAME.get(ending, ending) or "png"
        if as_format not in FORMATS[kind]:
            known = ", ".join(f".{each}" for each in FORMATS[kind])
            raise CommandError(f"{name}: `itten {kind}` writes {known}; or say --format")
        return cls(name, as_format, overwrite)

    def check(self) -> None:
        """Before the work is done.

        Raises:
            CommandError: a file that exists, or a place that cannot be written to.
        """
        if self.name != STREAM:
            _check_file(Path(self.name), self.overwrite, "-o")
        elif sys.stdout.isatty() and self.as_format not in _TEXT:
            raise CommandError(
                f"{self.as_format} is not for a terminal; send it to a file or a pipe"
            )

    def write(self, data: bytes | Path) -> None:
        """Write bytes, or what is in a file.

        Raises:
            CommandError: a file that exists by now.
            OSError: it cannot be written.
        """
        if self.name == STREAM:
            write_stream(data)
        else:
            write_file(Path(self.name), data, overwrite=self.overwrite, option="-o")


@dataclass(frozen=True)
class PassFiles:
    """The files of the pictures after each pass."""

    directory: Path
    stem: str
    passes: int
    overwrite: bool

    def path(self, index: int) -> Path:
        """The file of a pass, from 1."""
        return self.directory / f"{self.stem}-pass-{index}.png"

    def check(self) -> None:
        """As `Output.check`."""
        parent = self.directory
        while find(parent) is None:
            parent = parent.parent
        if not parent.is_dir():
            raise CommandError(f"{self.directory}: {parent} is not a directory")
        if not os.access(parent, os.W_OK):
            raise CommandError(f"{self.directory}: may not be written to")
        if parent == self.directory:
            for index in range(1, self.passes + 1):
                _check_file(self.path(index), self.overwrite, "--save-passes")

    def check_apart(self, output: str) -> None:
        """Raises CommandError for a result that would take the name of a pass."""
        passes = {self.path(index).resolve() for index in range(1, self.passes + 1)}
        if output != STREAM and Path(output).resolve() in passes:
            raise CommandError(f"{output}: is one of --save-passes; say another place with -o")

    def write(self, index: int, data: bytes) -> None:
        """Write the picture after a pass; raises as `Output.write`."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.path(index)
        write_file(path, data, overwrite=self.overwrite, option="--save-passes")


def _check_file(path: Path, overwrite: bool, option: str) -> None:
    if find(path) is not None and path.is_dir():
        raise CommandError(f"{path}: is a directory")
    if not path.parent.is_dir():
        raise CommandError(f"{path}: there is no directory {path.parent}")
    if not overwrite:
        refuse_existing(path, option)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandError(f"{path}: may not be written to")
