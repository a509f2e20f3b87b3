"""Files that appear whole or not at all, and that take no other file's place unasked."""

import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class CommandError(Exception):
    """The caller can mend it; the message says what."""


def find(path: Path) -> os.stat_result | None:
    """What is at a path, a link as such; None for nothing.

    Raises:
        CommandError: a path that cannot be.
    """
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:  # a name that is too long, or below a file
        raise CommandError(f"{path}: {error.strerror}") from error


def refuse_existing(path: Path, option: str) -> None:
    """Let pass what a file can be made of: nothing, or a device or pipe.

    Raises:
        CommandError: there is a file; `option` names another place for it.
    """
    if find(path) is not None and not _is_stream(path):
        raise _exists(path, option)


def write_stream(data: bytes | Path) -> None:
    """Write bytes, or what is in a file, to standard output; raises OSError."""
    with open(sys.stdout.fileno(), "wb", closefd=False) as file:
        _fill(file, data)


def write_file(path: Path, data: bytes | Path, *, overwrite: bool, option: str) -> None:
    """Write bytes, or what is in a file, to a file, a device or a pipe.

    Raises:
        CommandError: there is a file by now; `option` names another place for it.
        OSError: it cannot be written.
    """
    if _is_stream(path):
        with path.open("wb") as file:
            _fill(file, data)
        return
    if overwrite:
        path = Path(os.path.realpath(path))
    part = path.with_name(f".itten-{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            _fill(file, data)
        if overwrite:
            _replace(part, path)
        else:
            _place(part, path)
    except FileExistsError as error:
        raise _exists(path, option) from error
    finally:
        part.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
    """Whether what is written there goes on: /dev/null, a named pipe."""
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


def _replace(part: Path, path: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.copymode(path, part)
    part.replace(path)


def _place(part: Path, path: Path) -> None:
    """Give a file its name; raises FileExistsError where that is taken, as rename would not."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: what appears is ours, but not at once whole
        with path.open("xb") as file:
            try:
                _fill(file, part)
            except BaseException:
                path.unlink(missing_ok=True)
                raise


def _fill(file: BinaryIO, data: bytes | Path) -> None:
    if isinstance(data, bytes):
        file.write(data)
        return
    with data.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)


def _exists(path: Path, option: str) -> CommandError:
    return CommandError(f"{path}: exists; say --overwrite, or another place with {option}")
