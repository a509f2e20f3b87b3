"""The files of a job: its pictures and the arrays of its field, below one directory per job.

    <root>/<job>/input.px, pass-1.px, ... result.px     pictures: a header, then raw pixels
    <root>/<job>/field.part/, later field/              one .npy per array
    <root>/<job>/field.npz                              the same as callers get it, once asked for
    <root>/<job>/work.part/, later work.npz             what a later job needs to go on from here

A file appears whole or not at all (written beside, then renamed). Nothing is synced to the platter:
a job outlives a restart of the service, not necessarily a power cut.
"""

import shutil
import stat
import struct
import threading
from pathlib import Path

import numpy as np

from service.jobs import array_files
from service.jobs.jobs import is_job_id
from service.pictures.picture import Picture
from service.threads import step_back
from worker.wire.messages import ArrayChunk

INPUT, SOURCE, RESULT = "input", "source", "result"
ARRAYS = ("vectors", "lambda2", "tiles", "theta", "residual", "angle_bound", "iterations", "status")
# Not part of the npz: the field as RGB, and a line drawing's file as bytes.
PICTURE_ARRAY, SVG_ARRAY = "picture", "svg"
_NAMES = (*ARRAYS, PICTURE_ARRAY, SVG_ARRAY)
WORK = "work."  # before the names of arrays that are needed to go on

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
        step_back()
        header = _HEADER.pack(_MAGIC, picture.width, picture.height, picture.channels)
        with array_files.whole(self._path(job, f"{name}.px")) as file:
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
            ValueError: not an array of a field or of work, or a piece outside of it.
        """
        array_files.put_piece(self._array_path(job, chunk.name), chunk, payload)

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
                array_files.pack(arrays, path)
        return path if path.exists() else None

    def work_done(self, job: str, key: bytes) -> None:
        """All pieces of the work are here: they become one npz file, with a key in its comment."""
        part = self._path(job) / "work.part"
        array_files.pack(sorted(part.glob("*.npy")), self._path(job) / "work.npz", key)
        part.rmdir()

    def drop_work_pieces(self, job: str) -> None:
        """Remove what has come of the work so far."""
        shutil.rmtree(self._path(job) / "work.part", ignore_errors=True)

    def drop_work(self, job: str) -> None:
        """Remove the work; harmless when there is none."""
        (self._path(job) / "work.npz").unlink(missing_ok=True)

    def work_path(self, job: str, key: bytes) -> Path | None:
        """The npz file of the work; None where there is none of this key."""
        path = self._path(job) / "work.npz"
        return path if array_files.comment_of(path) == key else None

    def inherit(self, job: str, earlier: str) -> None:
        """Take over what an earlier job leaves: its input and source, its passes, its work.

        Raises:
            FileNotFoundError: it leaves no input.
        """
        of = self._path(earlier)
        names = ["source.px", "work.npz", *(each.name for each in of.glob("pass-*.px"))]
        for name in [f"{INPUT}.px", *(each for each in names if (of / each).exists())]:
            array_files.link(of / name, self._path(job, name))

    def share(self, job: str, other: str, name: str) -> None:
        """Give another job a file, or all files of a directory.

        Raises:
            FileNotFoundError: this job has none of this name.
        """
        with self._packing:
            path = self._path(job) / name
            for each in sorted(path.iterdir()) if path.is_dir() else [path]:
                array_files.link(each, self._path(other, str(each.relative_to(self._path(job)))))

    def picture_shape(self, job: str, name: str) -> tuple[int, int, int] | None:
        """Width, height and channels of a picture, None when there is none."""
        try:
            with (self._path(job) / f"{name}.px").open("rb") as file:
                _, *shape = _HEADER.unpack(file.read(_HEADER.size))
        except FileNotFoundError:
            return None
        return shape[0], shape[1], shape[2]

    def size(self, job: str) -> int:
        """Bytes of all files of a job."""
        return sum(map(_size, self._path(job).rglob("*")))

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
        for path in self.root.glob("*/*.part"):
            shutil.rmtree(path, ignore_errors=True)

    def _array_path(self, job: str, name: str) -> Path:
        short = name.removeprefix(WORK)
        if name not in _NAMES and (name == short or not array_files.NAME.fullmatch(short)):
            raise ValueError(f"an array {name!r} that cannot be")
        return self._path(job, "work.part" if name != short else "field.part", f"{short}.npy")

    def _path(self, job: str, *parts: str) -> Path:
        """A path of a job; with parts, its directory is made."""
        if not is_job_id(job):
            raise ValueError("not the id of a job")
        path = self.root.joinpath(job, *parts)
        if parts:
            path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _size(path: Path) -> int:
    """Bytes of a file; a file that has gone meanwhile has none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
