"""The grids of one image: pixels, colour-aware groups of them, groups of those, down to a few.

Every coarse level is a graph of one kind: an array of cells with up to GROUPS nodes in each, node =
cell * GROUPS + group. Nodes are joined within a cell and to the cells around it (no stencil reaches
further than a cell is wide), so all edges have one of 22 flat shifts, and the Laplacian of the
pixels, a graph with flat shifts too, serves all levels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.numerics.aggregate import colour_aggregates, split_blocks
from worker.numerics.compiled import joins
from worker.numerics.constants import BLOCK, GROUPS
from worker.numerics.kernels.cpu import index_array
from worker.numerics.laplacian import Laplacian
from worker.numerics.strips import StripGraph

FIXED_POINT = 2.0**20
"""As in the kernels: weights are rounded to 2^-32, and sums up to 2^21 are exact."""

MERGED = 4
"""Cells of one level that make a cell of the next, along each side."""


@dataclass(frozen=True)
class Level:
    """A graph of n = rows * columns * GROUPS nodes, some of them empty.

    Every finer node (or pixel) belongs to one node here; P repeats values, P^T sums them.
    """

    laplacian: Laplacian
    nodes: Tensor  # (finer n,) int64: the node here of every finer one
    mass: Tensor  # (n,) pixels of each node; 0 where it is empty
    colour: Tensor  # (3, n) mean colour
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Nodes, empty ones included."""
        return self.rows * self.columns * GROUPS

    def restrict(self, X: Tensor) -> Tensor:
        """P^T X, (k, finer n) to (k, n)."""
        return node_sums(X, self.nodes, self.size)

    def prolong(self, Y: Tensor) -> Tensor:
        """P Y, (k, n) to (k, finer n)."""
        return Y[:, self.nodes]


def coarse_shifts(columns: int) -> tuple[int, ...]:
    """Flat shifts that join a node to those of its own cell and of the cells right and below."""
    below, reach = columns * GROUPS, 2 * GROUPS - 1
    return tuple(sorted({*range(1, reach + 1), *range(max(1, below - reach), below + reach + 1)}))


def node_sums(values: Tensor, nodes: Tensor, size: int) -> Tensor:
    """Sums of `values` (k, n) over the members `nodes` (n,) of each node: (k, size)."""
    sums = torch.zeros(len(values), size, dtype=values.dtype, device=values.device)
    return sums.index_add_(1, nodes, values)


def edge_sums(
    laplacian: Laplacian, nodes: Tensor, first_ends: slice, shifts: tuple[int, ...], size: int
) -> Tensor:
    """The weights of all edges between coarse nodes, summed: (len(shifts), size) float64.

    Args:
        laplacian: of a graph of n nodes.
        nodes: (n,) the coarse node of each.
        first_ends: count only edges whose first end lies in this range.
        shifts: of the coarse graph; an edge is counted at its smaller node.
        size: nodes of the coarse graph.
    """
    # The rows lie one behind the other; what is no edge between nodes goes to the first.
    row = torch.zeros(shifts[-1] + 1, dtype=torch.int64, device=nodes.device)
    row[list(shifts)] = torch.arange(1, len(shifts) + 1, device=nodes.device)
    sums = torch.zeros(len(shifts) + 1, size, dtype=torch.float64, device=nodes.device)
    if nodes.device.type == "cpu":
        _join_compiled(laplacian, nodes, first_ends, row, sums)
    else:
        _join(laplacian, nodes, first_ends, row, sums)
    return sums[1:]


def _join_compiled(
    graph: Laplacian, nodes: Tensor, first_ends: slice, row: Tensor, sums: Tensor
) -> None:
    joins.join(
        graph.weights[0].numpy(),
        index_array(graph.shifts),
        graph.pad,
        nodes.numpy(),
        first_ends.start,
        first_ends.stop,
        row.numpy(),
        sums.numpy(),
    )


def _join(graph: Laplacian, nodes: Tensor, first_ends: slice, row: Tensor, sums: Tensor) -> None:
    size = sums.shape[1]
    start = first_ends.start
    for shift, w in zip(graph.shifts, graph.weights[0], strict=True):
        stop = min(first_ends.stop, len(nodes) - shift)
        if stop <= start:
            continue
        near, far = nodes[start:stop], nodes[start + shift : stop + shift]
        distance = (far - near).abs_().clamp_(max=len(row) - 1)
        place = row[distance] * size + torch.minimum(near, far)
        values = w[graph.pad + start : graph.pad + stop].double()
        # A rounded sum is the same in any order, also by atomics on CUDA.
        values = values.add_(FIXED_POINT).sub_(FIXED_POINT)
        sums.view(-1).index_add_(0, place, values)


def graph(sums: Tensor, shifts: tuple[int, ...]) -> Laplacian:
    """The Laplacian with the edges `sums` (S, n) float64, in float32."""
    size, before = sums.shape[1], shifts[-1]
    weights = torch.zeros(1, len(shifts), before + size, device=sums.device)
    weights[0, :, before:] = sums
    degree = sums.sum(0)
    for shift, w in zip(shifts, sums, strict=True):
        degree[shift:] += w[: max(0, size - shift)]
    return Laplacian(shifts, before, weights, degree.float()[None, None])


class FirstLevel:
    """Builds the level above the pixels strip by strip, each in a call of its own."""

    def __init__(self, pixels: StripGraph) -> None:
        self._pixels = pixels
        self.rows, self.columns = -(-pixels.height // BLOCK), -(-pixels.width // BLOCK)
        self._shifts = coarse_shifts(self.columns)
        self._size = self.rows * self.columns * GROUPS
        device = pixels.degree.device
        self._nodes = torch.empty(pixels.n, dtype=torch.int64, device=device)
        self._mass = torch.zeros(self._size, device=device)
        self._colour = torch.zeros(3, self._size, device=device)
        self._sums = torch.zeros(len(self._shifts), self._size, dtype=torch.float64, device=device)

    def group(self, index: int) -> None:
        """Find the nodes of the pixels of strip `index`."""
        rgb, strip = self._pixels.colours(index), self._pixels.strips[index]
        nodes = colour_aggregates(rgb[None]).labels[0]
        own = self._pixels.strips[index].nodes
        self._nodes[strip.own] = nodes + own.start
        size = own.stop - own.start
        mass = node_sums(torch.ones_like(rgb[:1]).flatten(1), nodes, size)
        self._mass[own] = mass[0]
        self._colour[:, own] = node_sums(rgb.flatten(1), nodes, size) / mass.clamp(min=1)

    def join(self, index: int) -> None:
        """Sum the edges of strip `index`; its neighbours must have been grouped."""
        strip = self._pixels.strips[index]
        own = strip.nodes
        # An edge's second end lies in the same row of cells or the next one below.
        nodes = self._nodes[strip.own.start : strip.read.stop] - own.start
        above = strip.inner.start
        laplacian = self._pixels.laplacian(index)
        all_nodes = pad(nodes, (above, 0))
        size = own.stop - own.start + self.columns * GROUPS
        sums = edge_sums(laplacian, all_nodes, strip.inner, self._shifts, size)
        self._sums[:, own] = sums[:, : own.stop - own.start]

    def level(self) -> Level:
        """The level, once all strips are joined."""
        laplacian = graph(self._sums, self._shifts)
        return Level(laplacian, self._nodes, self._mass, self._colour, self.rows, self.columns)


def coarser(level: Level) -> Level:
    """The level above."""
    rows, columns = -(-level.rows // MERGED), -(-level.columns // MERGED)
    nodes = _merged(level, rows, columns)
    size, shifts = rows * columns * GROUPS, coarse_shifts(columns)
    sums = edge_sums(level.laplacian, nodes, slice(0, level.size), shifts, size)
    mass = node_sums(level.mass[None], nodes, size)
    colour = node_sums(level.colour * level.mass, nodes, size) / mass.clamp(min=1)
    return Level(graph(sums, shifts), nodes, mass[0], colour, rows, columns)


def _merged(level: Level, rows: int, columns: int) -> Tensor:
    """Split every MERGED x MERGED cells by colour: (n,) nodes; any for empty ones."""
    side = MERGED
    below, right = rows * side - level.rows, columns * side - level.columns

    def blocks(values: Tensor) -> Tensor:  # (c, n) to (members, c, blocks)
        grid = values.reshape(-1, level.rows, level.columns, GROUPS)
        grid = pad(grid, (0, 0, 0, right, 0, below))
        grid = grid.reshape(-1, rows, side, columns, side, GROUPS).permute(2, 4, 5, 0, 1, 3)
        return grid.reshape(side * side * GROUPS, len(values), -1)

    empty = blocks(level.mass[None])[:, 0] == 0
    group = split_blocks(blocks(level.colour), empty).clamp_(max=GROUPS - 1)
    node = torch.arange(rows * columns, device=group.device) * GROUPS + group
    node = node.reshape(side, side, GROUPS, rows, columns).permute(3, 0, 4, 1, 2)
    node = node.reshape(rows * side, columns * side, GROUPS)
    return node[: level.rows, : level.columns].flatten()
