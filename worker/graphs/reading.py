"""Graphs as they are sent: `itten.graph/1` in JSON, npz, or the name of a generator."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from worker.graphs.archive import npz_arrays
from worker.graphs.edges import Edges, Listed, check_size, graph_of
from worker.graphs.errors import BadGraph
from worker.graphs.generator_params import GENERATOR_PARAMS, MOST_NODES, Node
from worker.graphs.generators import GENERATORS, Drawn
from worker.graphs.rows import Rows
from worker.refusals import refusal

if TYPE_CHECKING:
    from worker.graphs.graph import Graph

Array = NDArray[Any]
T = TypeVar("T")
NAME = r"\A[A-Za-z0-9_-]{1,64}\Z"
Name = Annotated[str, Meta(pattern=NAME)]
ATTR = "attr_"
OF_SCIPY = ("format", "shape", "_is_array")  # from `save_npz`; indptr and indices say it all


@dataclass(frozen=True)
class GraphFile:
    """A graph and what came with it."""

    rows: Rows
    coords: Array | None  # (n, 2) float64
    attrs: dict[str, Array]  # (n,) float64 each
    labels: list[str] | None  # n of them
    cost: Array | None  # (nnz,) float32, what a step along each entry costs; None: 1 / w
    dropped_self_loops: int = 0
    dropped_zero_weights: int = 0

    @property
    def graph(self) -> "Graph":
        """To compute with, on the CPU."""
        return self.rows.graph


class _Edges(Struct, forbid_unknown_fields=True):
    src: list[Node]
    dst: list[Node]
    w: list[float] | None = None


class _Document(Struct, forbid_unknown_fields=True):
    format: Literal["itten.graph/1"] = "itten.graph/1"
    n: Annotated[int, Meta(ge=1, le=MOST_NODES)] | None = None
    edges: _Edges | None = None
    symmetric: Listed = "upper"
    coords: list[tuple[float, float]] | None = None
    attrs: dict[Name, list[float]] = {}
    labels: list[str | int] | None = None
    generator: (
        Literal["territory", "square", "triangle", "hex", "pinched", "heightfield", "gnp"] | None
    ) = None
    params: dict[str, Any] = {}


def read_json(body: bytes) -> GraphFile:
    """The graph of a JSON document, at most 64 MiB.

    Raises:
        BadGraph: names what is wrong, of several the first.
    """
    try:
        document = msgspec.json.decode(body, type=_Document)
    except msgspec.ValidationError as error:
        raise _named(error, _Document) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadGraph("graph", f"not JSON: {error}") from error
    return _read(document)


def read_document(document: Mapping[str, object]) -> GraphFile:
    """The graph of a document that was parsed as part of another; as `read_json`."""
    return _read(_converted(document, _Document))


def read_npz(body: bytes) -> GraphFile:
    """The graph of an npz: `n` and `src`, `dst`[, `w`], or `indptr`, `indices`[, `data`].

    Edges of the first form are listed once each, those of the second in both directions. `coords`
    (n, 2) and `attr_<name>` (n,) may be there.

    Raises:
        BadGraph: names what is wrong, of several the first.
    """
    known = ("n", "src", "dst", "w", "indptr", "indices", "data", "coords")
    arrays = npz_arrays(body, known, ATTR, passed_over=OF_SCIPY)
    compressed = "indptr" in arrays
    needed = ("indptr", "indices") if compressed else ("n", "src", "dst")
    allowed = ("n", "indptr", "indices", "data") if compressed else ("n", "src", "dst", "w")
    for name in needed:
        if name not in arrays:
            raise BadGraph(name, "this array is missing; n, src, dst, or indptr, indices")
    for name in arrays:
        if name in known[:-1] and name not in allowed:
            raise BadGraph(name, "not beside indptr" if compressed else "only beside indptr")
        if name.startswith(ATTR) and not re.search(NAME, name.removeprefix(ATTR)):
            raise BadGraph(name, "its name, after attr_, must be 1 to 64 of A-Z, a-z, 0-9, _ and -")
    for name in set(arrays) & {"src", "dst", "indptr", "indices", "w", "data"}:
        _check_vector(name, arrays[name], whole=name not in ("w", "data"))
    n = _count(arrays, len(arrays["indptr"]) - 1 if compressed else None)
    edges = _uncompressed(arrays, n) if compressed else _listed(arrays)
    made = graph_of(n, edges, "both" if compressed else "upper")
    attrs = {k.removeprefix(ATTR): v for k, v in arrays.items() if k.startswith(ATTR)}
    return _file(Drawn(made.rows, arrays.get("coords"), attrs), None, made[1:])


def _read(document: _Document) -> GraphFile:
    if document.generator is not None:
        for name in ("n", "edges", "coords", "labels", "attrs"):
            if getattr(document, name):
                raise BadGraph(name, f"leave it out: {document.generator} makes its own")
        params = _converted(document.params, GENERATOR_PARAMS[document.generator], ".params")
        return _file(GENERATORS[document.generator](params), None, (0, 0))
    if document.n is None or document.edges is None:
        missing = "n" if document.n is None else "edges"
        raise BadGraph(missing, "missing; a graph has n and edges, or a generator")
    if document.params:
        raise BadGraph("params", "these belong to a generator; leave them out, or name it")
    check_size(document.n, len(document.edges.src), "edges.src")
    listed = document.edges
    w = None if listed.w is None else np.array(listed.w, np.float64)
    edges = Edges(np.array(listed.src, np.int64), np.array(listed.dst, np.int64), w)
    made = graph_of(document.n, edges, document.symmetric)
    coords = None if document.coords is None else np.array(document.coords).reshape(-1, 2)
    attrs = {name: np.array(values, np.float64) for name, values in document.attrs.items()}
    labels = None if document.labels is None else list(map(str, document.labels))
    return _file(Drawn(made.rows, coords, attrs), labels, made[1:])


def _file(drawn: Drawn, labels: list[str] | None, dropped: tuple[int, int]) -> GraphFile:
    n = drawn.rows.n
    if labels is not None and len(labels) != n:
        raise BadGraph("labels", f"{len(labels)} labels for {n} nodes")
    attrs = {name: _checked(f"attrs.{name}", v, (n,)) for name, v in drawn.attrs.items()}
    coords = None if drawn.coords is None else _checked("coords", drawn.coords, (n, 2))
    return GraphFile(drawn.rows, coords, attrs, labels, drawn.cost, *dropped)


def _checked(name: str, values: Array, shape: tuple[int, ...]) -> Array:
    """As float64, if these are finite numbers of that shape."""
    if values.shape != shape:
        raise BadGraph(name, f"of shape {values.shape}; it must be {shape}")
    finite = np.isfinite(values)
    if not finite.all():
        first = int((~finite).reshape(len(values), -1).any(1).argmax())
        raise BadGraph(f"{name}[{first}]", "not a finite number")
    return values.astype(np.float64)


def _count(arrays: Mapping[str, Array], rows: int | None) -> int:
    n = arrays.get("n", np.array(rows))
    if n.size != 1 or n.dtype.kind not in "iu":
        raise BadGraph("n", "one integer, the number of nodes")
    if rows is not None and int(n.reshape(())) != rows:
        raise BadGraph("n", f"{n.reshape(())} beside {rows} rows of indptr")
    check_size(int(n.reshape(())), 0, "n")
    return int(n.reshape(()))


def _listed(arrays: Mapping[str, Array]) -> Edges:
    return Edges(arrays["src"], arrays["dst"], arrays.get("w"), ("src", "dst", "w"))


def _uncompressed(arrays: Mapping[str, Array], n: int) -> Edges:
    crow, col = arrays["indptr"], arrays["indices"]
    counts: Array = np.diff(crow.astype(np.int64))
    bad = np.concatenate([crow[:1] != 0, counts < 0])
    if bad.any():
        raise BadGraph(f"indptr[{bad.argmax()}]", "it begins with 0 and never falls")
    if crow[-1] != len(col):
        raise BadGraph(f"indptr[{n}]", f"{crow[-1]} beside {len(col)} indices")
    names = ("indices", "indices", "data")
    return Edges(np.repeat(np.arange(n), counts), col, arrays.get("data"), names)


def _check_vector(name: str, values: Array, *, whole: bool) -> None:
    if values.ndim != 1 or (whole and values.dtype.kind not in "iu"):
        raise BadGraph(name, "a list of integers" if whole else "a list of numbers")


def _converted(values: object, kind: type[T], at: str = "") -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _named(error, kind, at) from error


def _named(error: msgspec.ValidationError, kind: Any, at: str = "") -> BadGraph:
    place, message = refusal(error, kind)
    return BadGraph((at + place).lstrip(".") or "graph", message)
