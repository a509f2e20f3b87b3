"""The parts that a job works on, from files to arrays: hostile bytes in, checked numbers out.

It runs in a process of its own, with limits; nothing of it needs torch.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from worker.graphs.archive import npy_array, npz_arrays
from worker.graphs.errors import BadGraph
from worker.graphs.packing import packed
from worker.graphs.reading import read_json, read_npz
from worker.refusals import refusal
from worker.wire.jobs.kind import Array, Facts, Sort

ZIP, NPY, JSON = b"PK", b"\x93NUMPY", (b"{", b"[")
MOST_VALUES = 1 << 24  # of a matrix
MOST_MEMBERS = 64  # of a body; the kinds have a dozen
MOST_NAMES = 1 << 14  # bytes of the names of these, with what is between them
BadPart = BadGraph


class NotJson(BadPart):
    """What should be JSON is none."""


class Read(NamedTuple):
    """A part: its arrays by what is added to its name, and what is known of it."""

    arrays: dict[str, Array]
    facts: Facts


def read_part(sort: Sort, data: bytes) -> Read:
    """The arrays of a part.

    Raises:
        BadPart: names what is wrong in it, of several the first.
    """
    return READERS[sort](data)


def _graph(data: bytes) -> Read:
    if data[:2] == ZIP:
        file = read_npz(data)
    elif data.lstrip()[:1] in JSON:
        file = read_json(data)
    else:
        raise BadPart("", "must be a JSON document, or an npz as numpy.savez writes it")
    facts = {
        "nodes": file.rows.n,
        "entries": len(file.rows.col),
        "dropped_self_loops": file.dropped_self_loops,
        "dropped_zero_weights": file.dropped_zero_weights,
        "coordinates": int(file.coords is not None),
    }
    return Read({f".{name}": each for name, each in packed(file).items()}, facts)


def _matrix(data: bytes) -> Read:
    if data[:2] == ZIP:
        found = npz_arrays(data, (), "")
        if len(found) != 1:
            raise BadPart("", f"must be an npz of one array, not of {len(found)}")
        (x,) = found.values()
    elif data[:6] == NPY:
        x = npy_array("", data)
    else:
        x = _listed(data)
    if x.ndim != 2 or not 1 <= x.size <= MOST_VALUES:
        raise BadPart("", f"must be rows and columns, of 1 to {MOST_VALUES:,} numbers")
    return Read({"": _single(x)}, {"rows": x.shape[0], "columns": x.shape[1]})


def _single(x: Array) -> Array:
    """As float32; raises BadPart for a number that would not be one there."""
    with np.errstate(over="ignore"):
        single: Array = x.astype(np.float32, order="C")
    lost = np.isinf(single) & np.isfinite(x)
    if lost.any():
        row, column = np.unravel_index(int(lost.argmax()), x.shape)
        most = np.finfo(np.float32).max
        raise BadPart(f"[{row}][{column}]", f"{x[row, column]:g} is beyond {most:g} of float32")
    return single


def _listed(data: bytes) -> Array:
    try:
        rows: list[list[float | None]] = msgspec.json.decode(data, type=list[list[float | None]])
    except msgspec.ValidationError as error:
        place, message = refusal(error, None)
        raise BadPart(place, f"{message}; send rows of numbers, a npy or an npz") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadPart("", f"must be a list of rows of numbers, a npy or an npz: {error}") from error
    lengths = np.array([len(row) for row in rows])
    if (lengths != (lengths[:1] if len(lengths) else 0)).any():
        first = int((lengths != lengths[0]).argmax())
        raise BadPart(f"[{first}]", f"{lengths[first]} numbers; the first row has {lengths[0]}")
    return np.array(rows, np.float64)


def _image(_: bytes) -> Read:
    raise BadPart("", "must be a file part")  # images are decoded elsewhere


READERS: dict[Sort, Callable[[bytes], Read]] = {
    "graph": _graph,
    "matrix": _matrix,
    "image": _image,
}


def members(data: bytes) -> list[tuple[str, int, int]]:
    """The members of a JSON object: their names, and where their texts begin and end.

    Raises:
        BadPart: it is something else, or gives a member twice; NotJson: it is not even JSON.
    """
    try:
        found: dict[str, msgspec.Raw] = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        raise BadPart("spec", f"must be a JSON object: {error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson("spec", f"the body is not JSON: {error}") from error
    if len(found) > MOST_MEMBERS:
        raise BadPart("spec", f"has {len(found)} members; no kind takes more than {MOST_MEMBERS}")
    begin = _address(data)
    starts = {name: _address(raw) - begin for name, raw in found.items()}
    places = [(name, starts[name], starts[name] + len(bytes(raw))) for name, raw in found.items()]
    _check_names(data, places)
    return places


def _check_names(data: bytes, places: Sequence[tuple[str, int, int]]) -> None:
    """Refuse a name that is given twice: of such values the last is in its place, others beside."""
    beside, at = bytearray(), 0
    for _, begin, end in sorted(places, key=lambda place: place[1]):
        beside += data[at:begin] + b"0"
        at = end
    beside += data[at:]
    once = "has long names, or one of them twice; give each member once"
    if len(beside) > MOST_NAMES:
        raise BadPart("spec", once)
    names = [name for name, _ in json.loads(beside, object_pairs_hook=list)]
    for name in {name for name in names if names.count(name) > 1}:
        raise BadPart(name, "is given twice")


def _address(data: Any) -> int:
    address: int = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    return address
