"""Lists of edges as a graph: checked, both directions, duplicates merged."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from worker.graphs.errors import BadGraph
from worker.graphs.rows import MOST_ENTRIES, MOST_NODES, Rows

if TYPE_CHECKING:
    from worker.graphs.graph import Graph

Array: TypeAlias = NDArray[Any]
Listed = Literal["upper", "both"]  # every edge once, in either direction; or in both

LEAST, MOST = 1e-30, 1e30
"""Weights beyond these are refused: sums and squares of them would leave float32."""

ALIKE = 1e-6
"""The two directions of an edge may differ by this, relatively; their mean counts."""


class Edges(NamedTuple):
    """A list of edges, and what its parts are called where it comes from."""

    src: Array  # (E,) integers
    dst: Array  # (E,) integers
    w: Array | None = None  # (E,) numbers; None: 1 each
    names: tuple[str, str, str] = ("edges.src", "edges.dst", "edges.w")


class Made(NamedTuple):
    """A graph, and what of the list is not in it."""

    rows: Rows
    dropped_self_loops: int
    dropped_zero_weights: int

    @property
    def graph(self) -> "Graph":
        """To compute with."""
        return self.rows.graph


def graph_of(n: int, edges: Edges, listed: Listed) -> Made:
    """The graph of n nodes with these edges.

    Duplicates are summed where weights are given, and are one edge where not. Self-loops and edges
    of weight 0 are dropped.

    Raises:
        BadGraph: names the first offender.
    """
    if edges.w is not None:
        edges = edges._replace(w=edges.w.astype(np.float64))
    check_size(n, len(edges.src) * (2 if listed == "upper" else 1), edges.names[0])
    _check(n, edges)
    loops = edges.src == edges.dst
    zeros = np.zeros_like(loops) if edges.w is None else (edges.w == 0) & ~loops
    w = np.ones(len(loops)) if edges.w is None else edges.w
    kept = ~(loops | zeros)
    ends = edges.src[kept].astype(np.int64), edges.dst[kept].astype(np.int64)
    listed_once = coo_array((w[kept], ends), shape=(n, n)).tocsr()
    listed_once.sum_duplicates()
    if edges.w is None:
        listed_once.data[:] = 1
    if listed == "both":
        _check_symmetric(listed_once, edges)
    matrix = (listed_once + listed_once.T).tocsr()
    matrix.sort_indices()
    if listed == "both":
        matrix.data /= 2
    elif edges.w is None:
        matrix.data[:] = 1
    return Made(
        compressed(matrix.indptr, matrix.indices, matrix.data), *map(_count, (loops, zeros))
    )


def check_size(n: int, entries: int, field: str) -> None:
    """Raise BadGraph for a graph that is larger than any that is taken."""
    if not 1 <= n <= MOST_NODES:
        raise BadGraph("n", f"{n} nodes; there must be 1 to {MOST_NODES:,}")
    if entries > MOST_ENTRIES:
        raise BadGraph(field, f"{entries:,} entries; at most {MOST_ENTRIES:,}, both directions")


def compressed(crow: Array, col: Array, w: Array) -> Rows:
    """A graph of arrays that are in order already."""
    return Rows(
        crow.astype(np.int64, copy=False),
        col.astype(np.int64, copy=False),
        w.astype(np.float32, copy=False),
    )


def _check(n: int, edges: Edges) -> None:
    src, dst, w = edges.names
    if len(edges.src) != len(edges.dst):
        raise BadGraph(dst, f"{len(edges.dst)} values beside {len(edges.src)} of {src}")
    if edges.w is not None and len(edges.w) != len(edges.src):
        raise BadGraph(w, f"{len(edges.w)} values beside {len(edges.src)} of {src}")
    for name, ids in ((src, edges.src), (dst, edges.dst)):
        _refuse(name, ids, (ids < 0) | (ids >= n), f"is no node: 0..{n - 1}")
    if edges.w is not None:
        small_or_large = (edges.w < LEAST) | (edges.w > MOST)
        bad = ~np.isfinite(edges.w) | (small_or_large & (edges.w != 0))
        _refuse(w, edges.w, bad, f"a weight is a similarity: 0, or {LEAST:g}..{MOST:g}")


def _refuse(name: str, values: Array, bad: NDArray[np.bool_], message: str) -> None:
    if bad.any():
        first = int(bad.argmax())
        raise BadGraph(f"{name}[{first}]", f"{values[first]} {message}")


def _check_symmetric(matrix: csr_array, edges: Edges) -> None:
    difference = abs(matrix - matrix.T).tocsr()
    allowed = (ALIKE * matrix.maximum(matrix.T)).tocsr()
    row, col = (difference > allowed).nonzero()
    if len(row):
        n = matrix.shape[0]
        listed = edges.src.astype(np.int64) * n + edges.dst
        first = int(np.isin(listed, row.astype(np.int64) * n + col).argmax())
        a, b = int(edges.src[first]), int(edges.dst[first])
        there, back = float(matrix[a, b]), float(matrix[b, a])
        message = f"{a} to {b} weighs {there:g}, and {b} to {a} {back:g}; both must be listed alike"
        raise BadGraph(f"{edges.names[1]}[{first}]", message)


def _count(mask: NDArray[np.bool_]) -> int:
    return int(mask.sum())
