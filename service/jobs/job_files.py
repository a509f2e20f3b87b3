"""The files of a job: its pictures and the arrays of its field, below one directory per job.

    <root>/<job>/input.px, pass-1.px, ... result.px     pictures: a header, then raw pixels
    <root>/<job>/field.part/, later field/              one .npy per array
    <root>/<job>/field.npz                              the same as callers get it, once asked for

A file appears whole or not at all (written beside, then renamed). Nothing is synced to the platter:
a job outlives a restart of the service, not necessarily a power cut.
"""

import io
import math
import os
import secrets
import shutil
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from service.jobs.jobs import is_job_id
from service.pictures.picture import Picture
from worker.wire.messages import ArrayChunk

INPUT, RESULT = "input", "result"
ARRAYS = ("vectors", "lambda2", "tiles", "theta", "residual", "angle_bound", "iterations", "status")
# Not part of the npz: the field as RGB, and a line drawing's file as bytes.
PICTURE_ARRAY, SVG_ARRAY = "picture", "svg"
_NAMES = (*ARRAYS, PICTURE_ARRAY, SVG_ARRAY)

_HEADER = struct.Struct("<4sIII")  # magic, width, height, channels
_MAGIC = b"ITPX"


def pass_name(index: int) -> str:
    """The name of the picture after a pass; pass 0 is the input."""
    return f"pass-{index}" if index else INPUT


class JobFiles:
    """Pictures and arrays on disk. Every method blocks; jobs are independent of each other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._packing = threading.Lock()

    def put_pixels(self, job: str, name: str, picture: Picture) -> None:
        """Keep a picture under a name."""
        header = _HEADER.pack(_MAGIC, picture.width, picture.height, picture.channels)
        with _whole(self._path(job, f"{name}.px")) as file:
            file.write(header)
            file.write(picture.pixels)

    def get_pixels(self, job: str, name: str) -> Picture | None:
        """A picture by its name, None when there is none."""
        try:
            data = self._path(job, f"{name}.px").read_bytes()
        except FileNotFoundError:
            return None
        _, width, height, channels = _HEADER.unpack_from(data)
        return Picture(width, height, channels, memoryview(data)[_HEADER.size :])

    def latest_name(self, job: str) -> str | None:
        """The name of the picture that is furthest along."""
        names = {path.stem for path in self._path(job).glob("*.px")}
        passes = [name for name in names if name.startswith("pass-")]
        order = [RESULT, *sorted(passes, key=lambda name: -int(name[5:])), INPUT]
        return next((name for name in order if name in names), None)

    def put_array_chunk(self, job: str, chunk: ArrayChunk, payload: bytes | memoryview) -> None:
        """Write a piece of an array; chunks of an array may come in any order.

        Raises:
            ValueError: not an array of a field, or a piece outside of it.
        """
        dtype = np.dtype(chunk.dtype)
        header = _npy_header(dtype, chunk.shape)
        size = dtype.itemsize * math.prod(chunk.shape) if min(chunk.shape, default=0) >= 0 else -1
        known = chunk.name in _NAMES and dtype.kind in "biufU" and size >= 0
        if not known or not 0 <= chunk.offset <= size - memoryview(payload).nbytes:
            raise ValueError(f"a piece of {chunk.name!r} that cannot be: {chunk}")
        path = self._path(job, "field.part", f"{chunk.name}.npy")
        # Plain writes: a memory map on a full disk is a SIGBUS, not an error.
        with path.open("r+b" if path.exists() else "w+b") as file:
            if file.seek(0, os.SEEK_END) == 0:
                file.write(header)
                file.truncate(len(header) + size)
            file.seek(len(header) + chunk.offset)
            file.write(payload)

    def arrays_done(self, job: str) -> None:
        """All pieces are here: the field can be read from now on."""
        part, done = self._path(job) / "field.part", self._path(job) / "field"
        if part.exists():
            shutil.rmtree(done, ignore_errors=True)
            part.rename(done)

    def get_array(self, job: str, name: str) -> np.ndarray | None:
        """One array of the field, mapped and read-only; None while the field is not there."""
        try:
            array: np.ndarray = np.load(self._path(job) / "field" / f"{name}.npy", mmap_mode="r")
        except FileNotFoundError:
            return None
        return array

    def field_npz(self, job: str) -> Path | None:
        """The field's arrays as one npz file; None while the field is not there."""
        path = self._path(job) / "field.npz"
        with self._packing:
            arrays = [self._path(job) / "field" / f"{name}.npy" for name in ARRAYS]
            arrays = [each for each in arrays if each.exists()]
            if arrays and not path.exists():
                with _whole(path) as file, zipfile.ZipFile(file, "w") as archive:
                    for each in arrays:
                        archive.write(each, each.name)
                for each in arrays:
                    each.unlink()  # a field of 12 megapixels is 240 MB: not twice
        return path if path.exists() else None

    def size(self, job: str) -> int:
        """Bytes of all files of a job."""
        paths = self._path(job).rglob("*")
        return sum(path.stat().st_size for path in paths if path.is_file())

    def remove(self, job: str) -> None:
        """Remove all files of a job; harmless when there are none."""
        shutil.rmtree(self._path(job), ignore_errors=True)

    def clean(self, kept: set[str]) -> None:
        """Remove what a crash left: jobs without a record, files half written."""
        for directory in self.root.iterdir():
            if directory.name not in kept:
                shutil.rmtree(directory, ignore_errors=True)
        for path in self.root.glob("*/*.tmp"):
            path.unlink()

    def _path(self, job: str, *parts: str) -> Path:
        """A path of a job; with parts, its directory is made."""
        if not is_job_id(job):
            raise ValueError("not the id of a job")
        path = self.root.joinpath(job, *parts)
        if parts:
            path.parent.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is complete."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
