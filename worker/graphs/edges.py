"""Lists of edges as a graph: checked, both directions, duplicates merged."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from worker.graphs.errors import BadGraph
from worker.graphs.rows import MOST_ENTRIES, MOST_NODES, Rows

if TYPE_CHECKING:
    from worker.graphs.graph import Graph

Array: TypeAlias = NDArray[Any]
Listed = Literal["upper", "both"]  # every edge once, in either direction; or in both

LEAST, MOST = 1e-30, float(np.float32(1e30))
"""Weights beyond these are refused: sums and squares of them would leave float32. Both ends are
taken as float32 too, where they are a little more."""

ALIKE = 1e-6
"""The two directions of an edge may differ by this, relatively; their mean counts."""


class Edges(NamedTuple):
    """A list of edges, and what its parts are called where it comes from."""

    src: Array  # (E,) integers
    dst: Array  # (E,) integers
    w: Array | None = None  # (E,) numbers; None: 1 each
    names: tuple[str, str, str] = ("edges.src", "edges.dst", "edges.w")


class _Pairs(NamedTuple):
    """Pairs of nodes with an edge between them, ascending, and where each is listed."""

    low: Array  # (M,) int32: of each pair the smaller node
    high: Array  # (M,) int32
    listed: Array  # (L,) int32: places in the list, those of the first pair first
    begins: Array  # (M,) int64: in `listed`, the first place of each pair

    def sums(self, values: Array) -> Array:
        """Of values (L,) in the order of `listed`: those of each pair, added up (M,)."""
        return np.add.reduceat(values, self.begins) if len(self.begins) else values


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
    pairs = _pairs(edges, loops | zeros)
    if listed == "both":
        w = _mean_of_directions(pairs, edges)
    else:
        w = np.ones(len(pairs.low)) if edges.w is None else pairs.sums(edges.w[pairs.listed])
    return Made(rows_of(n, pairs.low, pairs.high, w), _count(loops), _count(zeros))


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


def _pairs(edges: Edges, dropped: NDArray[np.bool_]) -> _Pairs:
    """The pairs of all edges but these."""
    src, dst = edges.src.astype(np.int32), edges.dst.astype(np.int32)
    low, high = np.minimum(src, dst), np.maximum(src, dst)
    del src, dst
    low[dropped] = MOST_NODES  # behind all others, where they are cut off
    by_high = _ascending(high)[1]
    low, order = _ascending(low[by_high])
    listed = by_high[order][: len(low) - _count(dropped)]
    low, high = low[: len(listed)], high[listed]
    new = np.ones(len(listed), bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return _Pairs(low[new], high[new], listed, np.flatnonzero(new))


def _mean_of_directions(pairs: _Pairs, edges: Edges) -> Array:
    """The weight of each pair; raises BadGraph unless both directions are listed alike."""
    up = (edges.src < edges.dst)[pairs.listed]
    if edges.w is None:
        there, back = np.sign(pairs.sums(up * 1.0)), np.sign(pairs.sums(~up * 1.0))
    else:
        w = edges.w[pairs.listed]
        there, back = pairs.sums(w * up), pairs.sums(w * ~up)
    unlike = np.abs(there - back) > ALIKE * np.maximum(there, back)
    if unlike.any():
        raise _asymmetric(pairs, edges, unlike, there, back)
    return (there + back) / 2


def _asymmetric(
    pairs: _Pairs, edges: Edges, unlike: NDArray[np.bool_], there: Array, back: Array
) -> BadGraph:
    """Of the pairs that are unlike, the one that is listed first."""
    counts = np.diff(pairs.begins, append=len(pairs.listed))
    places = np.where(np.repeat(unlike, counts), pairs.listed, len(edges.src))
    first = int(places.min())
    pair = int(np.searchsorted(pairs.begins, places.argmin(), side="right")) - 1
    a, b = int(edges.src[first]), int(edges.dst[first])
    up, down = there[pair], back[pair]
    to_b, to_a = (up, down) if a < b else (down, up)
    message = f"{a} to {b} weighs {to_b:g}, and {b} to {a} {to_a:g}; both must be listed alike"
    return BadGraph(f"{edges.names[1]}[{first}]", message)


def rows_of(n: int, low: Array, high: Array, w: Array) -> Rows:
    """The graph of n nodes and M pairs of them, ascending, each once.

    Args:
        n: nodes.
        low: (M,) of each pair the smaller node.
        high: (M,) the larger one.
        w: (M,) weights.
    """
    # In a row the smaller neighbours come first, then the larger ones.
    downs, ups = np.bincount(high, minlength=n), np.bincount(low, minlength=n)
    col, weights = np.empty(2 * len(w), np.int64), np.empty(2 * len(w), np.float32)
    place = np.arange(len(w)) + downs.cumsum()[low]
    col[place], weights[place] = high, w
    high, back = _ascending(high)
    place = np.arange(len(w)) + (ups.cumsum() - ups)[high]
    col[place], weights[place] = low[back], w[back]
    return compressed(np.concatenate([[0], (downs + ups).cumsum()]), col, weights)


def _ascending(nodes: Array) -> tuple[Array, Array]:
    """Node numbers in order, and the places (both int32) where they were, equal ones as they come.

    Node and place in one number: a third of the time of a stable argsort.
    """
    packed = np.empty((len(nodes), 2), "<i4")
    packed[:, 0] = np.arange(len(nodes))
    packed[:, 1] = nodes
    packed.reshape(-1).view("<i8").sort()
    return packed[:, 1], packed[:, 0]


def _count(mask: NDArray[np.bool_]) -> int:
    return int(mask.sum())
