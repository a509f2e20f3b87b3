"""Graphs that are drawn by a rule: lattices, islands, random ones."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from worker.graphs.edges import Edges, check_size, graph_of, rows_of
from worker.graphs.errors import BadGraph
from worker.graphs.generator_params import Gnp, Heightfield, Lattice, Pinched, Territory
from worker.graphs.grids import Joins, grid_graph
from worker.graphs.hashing import uniform
from worker.graphs.rows import MOST_NODES, Rows

if TYPE_CHECKING:
    from worker.graphs.graph import Graph

Array = NDArray[Any]


@dataclass(frozen=True)
class Drawn:
    """A graph, where its nodes lie and what is known of them."""

    rows: Rows
    coords: Array | None = None  # (n, 2) float64: x, y
    attrs: dict[str, Array] = field(default_factory=dict)  # (n,) float64 each
    cost: Array | None = None  # (nnz,) float32, in the order of the graph's entries

    @property
    def graph(self) -> "Graph":
        """To compute with."""
        return self.rows.graph


def square(p: Lattice) -> Drawn:
    """Edges to the right and down."""
    graph = grid_graph(p.rows, p.cols, {(0, 1): Joins(), (1, 0): Joins()})
    return Drawn(graph, _points(p.rows, p.cols))


def triangle(p: Lattice) -> Drawn:
    """The square lattice, one diagonal per cell, odd rows half a step to the right."""
    check_size(p.rows * p.cols, 0, "params")
    odd = np.arange(p.rows)[:, None] % 2 == 1
    down = {(1, -1): Joins(~odd), (1, 0): Joins(), (1, 1): Joins(odd)}
    coords = _points(p.rows, p.cols)
    coords[:, 0] += coords[:, 1] % 2 / 2
    coords[:, 1] *= sqrt(3) / 2
    return Drawn(grid_graph(p.rows, p.cols, {(0, 1): Joins(), **down}), coords)


def hexagon(p: Lattice) -> Drawn:
    """A brick wall: down from every other point only."""
    check_size(p.rows * p.cols, 0, "params")
    even = np.add.outer(np.arange(p.rows), np.arange(p.cols)) % 2 == 0
    graph = grid_graph(p.rows, p.cols, {(0, 1): Joins(), (1, 0): Joins(even)})
    return Drawn(graph, _points(p.rows, p.cols))


def territory(p: Territory) -> Drawn:
    """Nodes in the order of (x, y); `is_bridge` is 1 on those that lie on no island."""
    across = 2 * p.radius + 1
    bridge = max(0, p.spacing - 2 * p.radius + 1)
    if p.num_islands * p.spacing > MOST_NODES:
        raise BadGraph("params.spacing", f"the islands reach over more than {MOST_NODES:,} points")
    most = p.num_islands * across**2 + (p.num_islands - 1) * bridge * p.bridge_width
    # A disc fills pi / 4 of its square.
    check_size(1 + most * 3 // 4 if most else 1, 0, "params.radius")
    d = np.arange(-p.radius, p.radius + 1)
    dx, dy = np.nonzero(np.add.outer(d**2, d**2) <= p.radius**2 + p.radius)
    centres = np.arange(p.num_islands) * p.spacing
    x = np.add.outer(centres, dx - p.radius).ravel()
    y = np.broadcast_to(dy - p.radius, (p.num_islands, len(dy))).ravel()
    low = -(p.bridge_width // 2)
    bx, by = np.meshgrid(
        np.add.outer(centres[:-1] + p.radius, np.arange(bridge)), low + np.arange(p.bridge_width)
    )
    side = max(across, p.bridge_width) + 1  # one row stays free between two columns
    island = _distinct((x + p.radius) * side + y + side // 2)
    bridges = (bx.ravel() + p.radius) * side + by.ravel() + side // 2
    nodes = _distinct(np.concatenate([island, bridges]))
    coords = np.stack([nodes // side - p.radius, nodes % side - side // 2], 1).astype(np.float64)
    attrs = {"is_bridge": (~np.isin(nodes, island)).astype(np.float64)}
    return Drawn(_joined(nodes, side), coords, attrs)


def _distinct(numbers: Array) -> Array:
    """Each once, in order; sorts `numbers` (m,) in place. np.unique hashes, and is slower."""
    numbers.sort()
    new = np.ones(len(numbers), bool)
    new[1:] = numbers[1:] != numbers[:-1]
    return numbers[new]


def _joined(nodes: Array, side: int) -> Rows:
    """Every node, ascending, with those 1 and `side` after it."""
    ends = []
    for step in (1, side):
        place = np.searchsorted(nodes, nodes + step).clip(max=len(nodes) - 1)
        first = np.flatnonzero(nodes[place] == nodes + step)
        ends.append((first, place[first]))
    src, dst = (np.concatenate(part) for part in zip(*ends, strict=True))
    return graph_of(len(nodes), Edges(src, dst), "upper").rows


def pinched(p: Pinched) -> Drawn:
    """Node y * x_range + x; which edges are missing is a hash of (seed, x, y)."""
    check_size(p.x_range * p.y_range, 0, "params")
    x, y = np.arange(p.x_range, dtype=np.uint64), np.arange(p.y_range, dtype=np.uint64)[:, None]
    counter = (np.uint64(p.seed) << np.uint64(21)) + x
    missing = (x % np.uint64(p.period) == 0) & (
        uniform(counter + (y << np.uint64(42))) < p.bottleneck_prob
    )
    graph = grid_graph(p.y_range, p.x_range, {(0, 1): Joins(), (1, 0): Joins(~missing)})
    return Drawn(graph, _points(p.y_range, p.x_range))


def heightfield(p: Heightfield) -> Drawn:
    """Cost of a step = its length + scale * |difference in height|; weight 1 / (1 + cost)."""
    height = _rectangle(p.heights, "heights", None)
    open_ = np.ones(height.shape, bool)
    if p.blocked is not None:
        open_ = _rectangle(p.blocked, "blocked", height.shape) == 0
    offsets = {4: [(0, 1), (1, 0)], 8: [(0, 1), (1, -1), (1, 0), (1, 1)]}[p.connectivity]
    costs = {o: _cost(height, open_, o, p.elevation_scale) for o in offsets}
    rows, columns = height.shape
    graph = grid_graph(
        rows, columns, {o: Joins(np.isfinite(c), 1 / (1 + c)) for o, c in costs.items()}
    )
    # The same edges in the same order, with costs for weights.
    cost = grid_graph(rows, columns, {o: Joins(np.isfinite(c), c) for o, c in costs.items()})
    attrs = {"height": height.ravel(), "blocked": (~open_).astype(np.float64).ravel()}
    return Drawn(graph, _points(rows, columns), attrs, cost.w)


def _cost(height: Array, open_: Array, offset: tuple[int, int], scale: float) -> Array:
    """Of the steps from each point along an offset; inf where there is none."""
    dr, dc = offset
    there = np.roll(height, (-dr, -dc), (0, 1)), np.roll(open_, (-dr, -dc), (0, 1))
    cost = sqrt(dr * dr + dc * dc) + scale * np.abs(there[0] - height)
    return np.where(open_ & there[1], cost, np.inf)


def _rectangle(rows: list[Any], name: str, shape: tuple[int, ...] | None) -> Array:
    width = len(rows[0]) if shape is None and rows else (shape or (0, 0))[1]
    lengths = np.array([len(row) for row in rows])
    if width == 0 or (lengths != width).any():
        first = int((lengths != width).argmax())
        raise BadGraph(f"params.{name}[{first}]", "every row must have as many values, 1 or more")
    if shape is not None and len(rows) != shape[0]:
        raise BadGraph(f"params.{name}", f"{len(rows)} rows beside {shape[0]} of heights")
    return np.array(rows, np.float64)


def gnp(p: Gnp) -> Drawn:
    """Gilbert's random graph, from one edge to the next by geometric gaps.

    Batagelj and Brandes (2005).
    """
    pairs = p.n * (p.n - 1) // 2
    check_size(p.n, int(2 * pairs * p.p), "params.p")
    random = np.random.default_rng(p.seed)
    taken = np.zeros(0, np.int64)
    if p.p > 0:
        expected = pairs * p.p
        gaps = random.geometric(p.p, int(expected + 8 * sqrt(expected) + 64))
        taken = gaps.clip(max=pairs + 1).cumsum() - 1  # beyond the last pair, but for 1 in 1e15
        taken = taken[taken < pairs]
    starts = np.arange(p.n) * (2 * p.n - 1 - np.arange(p.n)) // 2  # of the pairs (i, i + 1...)
    src = np.searchsorted(starts, taken, side="right") - 1
    return Drawn(rows_of(p.n, src, taken - starts[src] + src + 1, np.ones(len(src))))


def _points(rows: int, columns: int) -> Array:
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.stack([x, y], 1).astype(np.float64)


GENERATORS: dict[str, Callable[[Any], Drawn]] = {
    "territory": territory,
    "square": square,
    "triangle": triangle,
    "hex": hexagon,
    "pinched": pinched,
    "heightfield": heightfield,
    "gnp": gnp,
}
"""By name: what draws the graph of its `GENERATOR_PARAMS`."""
