"""Where a command reads its picture and where it writes its answer."""

import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from service.commands.options import FORMATS, Kind

STREAM = "-"  # standard input, standard output
_TEXT = ("svg", "json")
_SAME = {"jpeg": "jpg", "jpe": "jpg"}


class CommandError(Exception):
    """The caller can mend it; the message says what."""


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


def output_format(kind: Kind, output: str, chosen: str | None) -> str:
    """What to write: what was chosen, else what the file's ending says.

    Raises:
        CommandError: an ending that says nothing, or a place that cannot be written to.
    """
    ending = Path(output).suffix.removeprefix(".").lower()
    as_format = chosen or _SAME.get(ending, ending) or "png"
    if as_format not in FORMATS[kind]:
        known = ", ".join(f".{each}" for each in FORMATS[kind])
        raise CommandError(f"{output}: `itten {kind}` writes {known}; or say --format")
    _check_place(output, as_format)
    return as_format


def _check_place(output: str, as_format: str) -> None:
    if output == STREAM:
        if sys.stdout.isatty() and as_format not in _TEXT:
            raise CommandError(f"{as_format} is not for a terminal; send it to a file or a pipe")
        return
    directory = Path(output).parent
    if Path(output).is_dir():
        raise CommandError(f"{output}: is a directory")
    if not directory.is_dir():
        raise CommandError(f"{output}: there is no directory {directory}")
    if not os.access(output if Path(output).exists() else directory, os.W_OK):
        raise CommandError(f"{output}: may not be written to")


def write_output(output: str, data: bytes | Path) -> None:
    """Write bytes, or what is in a file; a regular file appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    if output == STREAM:
        with open(sys.stdout.fileno(), "wb", closefd=False) as file:
            _fill(file, data)
        return
    path = Path(os.path.realpath(output))
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):  # /dev/null, a named pipe
        with path.open("wb") as file:
            _fill(file, data)
        return
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            _fill(file, data)
        with suppress(FileNotFoundError):
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _fill(file: BinaryIO, data: bytes | Path) -> None:
    if isinstance(data, bytes):
        file.write(data)
        return
    with data.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
