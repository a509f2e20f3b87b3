"""Arrays on disk: pieces of .npy files that become whole, npz files of them, links between jobs."""

import io
import math
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from worker.wire.messages import ArrayChunk

NAME = re.compile(r"[a-z0-9_.-]{1,80}")  # of an array, without what it belongs to


def array_bytes(chunk: ArrayChunk) -> int:
    """The size of the whole array that this is a piece of; -1 for no array that is taken."""
    dtype = np.dtype(chunk.dtype)
    if dtype.kind not in "biufU" or min(chunk.shape, default=0) < 0:
        return -1
    return dtype.itemsize * math.prod(chunk.shape)


def put_piece(path: Path, chunk: ArrayChunk, payload: bytes | memoryview) -> None:
    """Write a piece of the array in this file; pieces may come in any order.

    Raises:
        ValueError: not an array that is taken, or a piece outside of it.
    """
    size = array_bytes(chunk)
    if size < 0 or not 0 <= chunk.offset <= size - memoryview(payload).nbytes:
        raise ValueError(f"a piece of {chunk.name!r} that cannot be: {chunk}")
    header = _npy_header(np.dtype(chunk.dtype), chunk.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Plain writes: a memory map on a full disk is a SIGBUS, not an error.
    with path.open("r+b" if path.exists() else "w+b") as file:
        if file.seek(0, os.SEEK_END) == 0:
            file.write(header)
            file.truncate(len(header) + size)
        file.seek(len(header) + chunk.offset)
        file.write(payload)


def pack(arrays: Sequence[Path], path: Path, comment: bytes = b"") -> None:
    """Make one npz file of .npy files, which are gone then: a large field is not kept twice."""
    with whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for each in arrays:
            archive.write(each, each.name)
    for each in arrays:
        each.unlink()


def comment_of(path: Path) -> bytes | None:
    """What `pack` was told to note; None where there is no such file, or it is cut off."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


def link(source: Path, path: Path) -> None:
    """Give a file that is never written to again a second name; a copy where that cannot be.

    Raises:
        FileNotFoundError: there is no such file.
    """
    part = _beside(path)
    try:
        try:
            os.link(source, part)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without links
            shutil.copyfile(source, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is complete."""
    part = _beside(path)
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")


def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
