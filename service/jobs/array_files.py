"""Arrays on disk: pieces of .npy files that become whole, and npz files of them."""

import io
import math
import os
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from worker.wire.messages import ArrayChunk

NAME = re.compile(r"[a-z0-9_.-]{1,80}")  # of an array, without what it belongs to
_PIECE = 1 << 20  # bytes that are copied at a time


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


def pack(arrays: Mapping[str, Path], path: Path, comment: bytes = b"") -> None:
    """Make one npz file of .npy files, by their names in it; of the same ones always the same."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = comment
        for name, each in arrays.items():
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.file_size = each.stat().st_size  # decides how wide its sizes are written
            with each.open("rb") as source, archive.open(entry, "w") as copy:
                shutil.copyfileobj(source, copy, _PIECE)


def joined(archives: Sequence[bytes], comment: bytes) -> bytes:
    """Several npz files as one, their arrays below `0/`, `1/` and so on; one as it is."""
    if len(archives) < 2:
        return b"".join(archives)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as whole:
        whole.comment = comment
        for number, archive in enumerate(archives):
            with zipfile.ZipFile(io.BytesIO(archive)) as part:
                for name in part.namelist():
                    whole.writestr(f"{number}/{name}", part.read(name))
    return buffer.getvalue()


def comment_of(file: Path | BinaryIO) -> bytes | None:
    """What `pack` was told to note; None where there is no such file, or it is cut off."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.comment
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
