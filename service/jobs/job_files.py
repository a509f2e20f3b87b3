"""The files of a job: its pictures and the arrays of its field, each by its name and its content.

    input.px, pass-1.px, ... result.px      pictures: a header, then raw pixels
    field/vectors.npy, ...                  the arrays of the field
    field.npz                               the same as callers get it, once asked for
    input.npz, result.npz, result.json      of jobs whose answer is data: what they work on, and it
    explanation-1.json, .layers, ...        how passes came about (`service.jobs.explanations`)
    work.npz, work-1.npz, ...               what a later job needs to go on from here, and tiles
                                            that were finished since then
    <parts>/<job>/field, <parts>/<job>/work arrays that still arrive, on disk only

A file appears whole or not at all, and the arrays of a field together. What is read is compared
with its hash (`service.jobs.content`).
"""

import io
import shutil
import sqlite3
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from service.jobs import array_files
from service.jobs.content import Content, digest_of
from service.jobs.database import CONTENT, EARLIER, Database
from service.jobs.file_table import FileTable
from service.jobs.jobs import is_full_id
from service.jobs.packed import Packed
from service.pictures.picture import Picture
from service.problems import NoLongerKept
from service.threads import step_back
from worker.wire.messages import ArrayChunk

INPUT, SOURCE, RESULT = "input", "source", "result"
ARRAYS = ("vectors", "lambda2", "tiles", "theta", "residual", "angle_bound", "iterations", "status")
# Not part of the npz: the field as RGB, and a line drawing's file as bytes.
PICTURE_ARRAY, SVG_ARRAY = "picture", "svg"
_NAMES = (*ARRAYS, PICTURE_ARRAY, SVG_ARRAY)
WORK = "work."  # before the names of arrays that are needed to go on
DATA = "result."  # before those of an answer that is data

_FIELD_NPZ, _WORK_NPZ, _ALL_WORK = "field.npz", "work.npz", "work*.npz"
INPUT_NPZ, RESULT_NPZ, RESULT_JSON = "input.npz", "result.npz", "result.json"
_INHERITED = (f"{SOURCE}.px", "pass-*.px", "explanation-*", _ALL_WORK)
_HEADER, _MAGIC = struct.Struct("<4sIII"), b"ITPX"  # magic, width, height, channels

Begin = Callable[[sqlite3.Connection], object]  # what a transaction begins with


def _nothing(_: sqlite3.Connection) -> None:
    pass


def pass_name(index: int) -> str:
    """The name of the picture after a pass; pass 0 is the input."""
    return f"pass-{index}" if index else INPUT


def passes_of(name: str | None) -> int:
    """After how many passes a picture of this name was kept; 0 also for a result."""
    _, _, index = (name or "").rpartition("pass-")
    return int(index) if index.isdecimal() else 0


class JobFiles:
    """Pictures and arrays on disk. Every method blocks; those that read raise NoLongerKept."""

    def __init__(self, directory: Path, db: Database) -> None:
        self._parts = directory / "parts"
        self._earlier = directory / EARLIER
        self._parts.mkdir(exist_ok=True)
        self._content = Content(directory / CONTENT)
        self._table = FileTable(db, self._content)
        self._packing = threading.Lock()

    def add(self, job: str, pictures: Mapping[str, Picture | Packed], record: Begin) -> None:
        """Keep a new job with what it works on, or neither; `record` adds its record."""
        with self._written(pictures) as made:
            self._keep([job], made, begin=record)

    def put_pixels(self, jobs: Sequence[str], name: str, picture: Picture) -> None:
        """Keep a picture of these jobs under a name; one that was removed goes without it."""
        with self._written({name: picture}) as made:
            self._keep(jobs, made)

    def put_file(self, jobs: Sequence[str], name: str, data: bytes) -> None:
        """Keep a file of these jobs under a name; as `put_pixels`."""
        with self._content.new() as part:
            part.write_bytes(data)
            self._keep(jobs, {name: part})

    def get_file(self, job: str, name: str) -> bytes | None:
        """A file by its name, None where there is none."""
        return self._read(job, name)

    def path(self, job: str, name: str) -> Path | None:
        """Where a file lies that has been read through, None where there is none."""
        digest = self._table.found(job, name).get(name)
        return None if digest is None else self._content.checked(digest)

    def put_explanation(self, jobs: Sequence[str], index: int, files: Mapping[str, bytes]) -> None:
        """Keep how a pass of these jobs came about, its files by their endings; as `put_pixels`."""
        with ExitStack() as parts:
            made = {each: parts.enter_context(self._content.new()) for each in files}
            for ending, path in made.items():
                path.write_bytes(files[ending])
            self._keep(jobs, {f"explanation-{index}.{ending}": made[ending] for ending in made})

    def get_explanation(self, job: str, index: int, ending: str) -> bytes | None:
        """A file of a pass that is explained, None where there is none."""
        return self._read(job, f"explanation-{index}.{ending}")

    def get_pixels(self, job: str, name: str) -> Picture | None:
        """A picture by its name, None when there is none."""
        data = self._read(job, f"{name}.px")
        if data is None:
            return None
        _, width, height, channels = _HEADER.unpack_from(data)
        return Picture(width, height, channels, memoryview(data)[_HEADER.size :])

    def latest_name(self, job: str) -> str | None:
        """The name of the picture that is furthest along."""
        kept = self._table.found(job, "*.px") | self._table.found(job, INPUT_NPZ)
        names = {Path(name).stem for name in kept}
        passes = sorted(filter(passes_of, names), key=passes_of, reverse=True)
        return next((name for name in (RESULT, *passes, INPUT) if name in names), None)

    def put_array_chunk(self, job: str, chunk: ArrayChunk, payload: bytes | memoryview) -> None:
        """Write a piece of an array; chunks of an array may come in any order.

        Raises:
            ValueError: not an array of a field or of work, or a piece outside of it.
        """
        array_files.put_piece(self._array_path(job, chunk.name), chunk, payload)

    def arrays_done(self, job: str) -> None:
        """All pieces are here: the field, or the answer, can be read from now on."""
        answer = sorted(self._part(job, "result").glob("*.npy"))
        if answer:
            with self._content.new() as part:
                array_files.pack({each.name: each for each in answer}, part)
                self._keep([job], {RESULT_NPZ: part})
        pieces = sorted(self._part(job, "field").glob("*.npy"))
        self._keep([job], {f"field/{each.name}": each for each in pieces}, instead_of=[_FIELD_NPZ])

    def has_arrays(self, job: str) -> bool:
        """Whether all pieces were there once, of its field or its answer."""
        return bool(self._table.found(job, "field[./]*") or self._table.found(job, RESULT_NPZ))

    def get_array(self, job: str, name: str) -> np.ndarray | None:
        """One array of the field; None while the field is not there."""
        data = self._read(job, f"field/{name}.npy")
        if data is None:
            return None
        array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
        return array

    def field_npz(self, job: str) -> Path | None:
        """The field's arrays as one npz file; None while the field is not there."""
        with self._packing:
            for digest in self._table.found(job, _FIELD_NPZ).values():
                return self._content.checked(digest)
            self._pack_field(job)
            for digest in self._table.found(job, _FIELD_NPZ).values():
                return self._content.path(digest)
        return None

    def work_done(self, job: str, jobs: Sequence[str], key: bytes, *, whole: bool) -> None:
        """All pieces of this job's work are here: they become an npz file of these jobs.

        It has a key in its comment. A `whole` one takes the place of those before it.
        """
        pieces = sorted(self._part(job, "work").glob("*.npy"))
        name = _WORK_NPZ if whole else f"work-{len(self._table.found(job, _ALL_WORK))}.npz"
        with self._content.new() as part:
            array_files.pack({each.name: each for each in pieces}, part, key)
            self._keep(jobs, {name: part}, instead_of=[_ALL_WORK] if whole else [])
        self.drop_pieces(job, "work")

    def drop_pieces(self, job: str, what: str = "") -> None:
        """Remove what has come of the arrays so far: of the `field`, of the `work`, of both."""
        shutil.rmtree(self._part(job, what), ignore_errors=True)

    def drop_work(self, job: str) -> None:
        """Remove the work; harmless when there is none."""
        with self._table.changing() as change:
            change.take(job, _ALL_WORK)

    def get_work(self, job: str, key: bytes) -> bytes:
        """The npz of all work that is undamaged; empty where there is none of this key."""
        found = []
        for digest in self._table.found(job, _ALL_WORK).values():
            with suppress(NoLongerKept):
                data = self._content.read(digest)
                if array_files.comment_of(io.BytesIO(data)) == key:
                    found.append(data)
        return array_files.joined(found, key)

    def inherit(self, job: str, earlier: str, record: Begin = _nothing) -> None:
        """Take over what an earlier job leaves: its input and source, its passes, its work.

        `record` adds the record of a new job; without input there will be none of it.
        """
        with self._table.changing() as change:
            record(change.db)
            for names in _INHERITED:
                change.share(earlier, job, names)
            if not change.share(earlier, job, f"{INPUT}.*"):
                raise NoLongerKept("the job to go on from was removed; send the request again")

    def share(self, job: str, others: Sequence[str], names: str) -> None:
        """Give other jobs files of this one; the names may be a pattern."""
        with self._table.changing() as change:
            for each in others:
                change.share(job, each, names)

    @property
    def total(self) -> int:
        """Bytes of all files that jobs have; what several have counts once."""
        return self._table.total

    def remove(self, job: str) -> int:
        """Remove all files of a job; returns how many bytes that frees."""
        self.drop_pieces(job)
        return self._table.remove(job)

    def clean(self) -> None:
        """Remove what a crash or an earlier version left."""
        for each in self._parts.iterdir():
            shutil.rmtree(each, ignore_errors=True)
        self._table.clean()
        shutil.rmtree(self._earlier, ignore_errors=True)

    def _pack_field(self, job: str) -> None:
        """Make one file of the arrays, in place of them: a large field is not kept twice."""
        files = {f"field/{name}.npy": f"{name}.npy" for name in ARRAYS}
        found = {k: v for k, v in self._table.found(job, "field/*").items() if k in files}
        if found:
            arrays = {files[name]: self._content.checked(each) for name, each in found.items()}
            with self._content.new() as part:
                array_files.pack(arrays, part)
                self._keep([job], {_FIELD_NPZ: part}, instead_of=[*found])

    @contextmanager
    def _written(self, pictures: Mapping[str, Picture | Packed]) -> Iterator[dict[str, Path]]:
        """Pictures as files that may be kept; those that are not are gone with the block."""
        step_back()
        with ExitStack() as parts:
            made = {}
            for name, each in pictures.items():
                ending = "px" if isinstance(each, Picture) else "npz"
                path = made[f"{name}.{ending}"] = parts.enter_context(self._content.new())
                with path.open("wb") as file:
                    if isinstance(each, Picture):
                        file.write(_HEADER.pack(_MAGIC, *each.shape))
                    file.write(each.buffer)
            yield made

    def _keep(
        self,
        jobs: Sequence[str],
        made: Mapping[str, Path],
        *,
        instead_of: Sequence[str] = (),
        begin: Begin = _nothing,
    ) -> None:
        """Give jobs files that were made, in place of others, in one transaction."""
        files = [(name, path, digest_of(path), path.stat().st_size) for name, path in made.items()]
        with self._table.changing() as change:
            begin(change.db)
            for job in jobs:
                for name in instead_of:
                    change.take(job, name)
            for name, path, digest, size in files:
                for job in jobs:
                    change.give(job, name, digest, size)
                self._content.put(path, digest)

    def _read(self, job: str, name: str) -> bytes | None:
        digest = self._table.found(job, name).get(name)
        return None if digest is None else self._content.read(digest)

    def _array_path(self, job: str, name: str) -> Path:
        if name in _NAMES:
            return self._part(job, "field") / f"{name}.npy"
        for prefix in (WORK, DATA):
            short = name.removeprefix(prefix)
            if short != name and array_files.NAME.fullmatch(short):
                return self._part(job, prefix[:-1]) / f"{short}.npy"
        raise ValueError(f"an array {name!r} that cannot be")

    def _part(self, job: str, what: str) -> Path:
        if not is_full_id(job):
            raise ValueError("not the id of a job")
        return self._parts / job / what
