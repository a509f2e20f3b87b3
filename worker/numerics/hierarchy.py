"""The grids of one image: pixels, colour-aware groups of them, groups of those, down to a few.

Every level is a graph of the same kind as the pixels: an array of cells with up to GROUPS nodes in
each, node = cell * GROUPS + group. Nodes are joined within a cell and to the cells around it, so
all edges have one of 22 flat shifts and one Laplacian serves all levels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.numerics.aggregate import BLOCK, GROUPS, _split_blocks, colour_aggregates
from worker.numerics.laplacian import Laplacian

MERGED = 4
"""Cells of one level that make a cell of the next, along each side."""


@dataclass(frozen=True)
class Level:
    """A graph of n = rows * columns * GROUPS nodes, some of them empty."""

    laplacian: Laplacian
    mass: Tensor  # (n,) pixels of each node; 0 where it is empty
    colour: Tensor  # (3, n) mean colour
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Nodes, empty ones included."""
        return self.rows * self.columns * GROUPS

    @property
    def filled(self) -> Tensor:
        """(n,) bool: nodes with pixels."""
        return self.mass > 0


def coarse_shifts(columns: int) -> tuple[int, ...]:
    """Flat shifts that join a node to those of its own cell and of the cells right and below."""
    below = columns * GROUPS
    reach = 2 * GROUPS - 1
    return tuple(sorted({*range(1, reach + 1), *range(max(1, below - reach), below + reach + 1)}))


def pixel_nodes(rgb: Tensor) -> Tensor:
    """The node of every pixel of a strip (3, h, w): (h * w,) int64, as if its cells were all."""
    aggregates = colour_aggregates(rgb[None])
    return aggregates.slots[0][aggregates.labels[0]]


def cell_nodes(level: Level) -> Tensor:
    """The node on the next level of every node of this one: (n,) int64, 0 for empty ones."""
    side, rows, columns = MERGED, -(-level.rows // MERGED), -(-level.columns // MERGED)
    down, across = rows * side - level.rows, columns * side - level.columns

    def blocks(values: Tensor) -> Tensor:  # (c, n) to (side * side * GROUPS, c, rows * columns)
        grid = values.reshape(-1, level.rows, level.columns, GROUPS)
        grid = torch.nn.functional.pad(grid, (0, 0, 0, across, 0, down))
        grid = grid.reshape(-1, rows, side, columns, side, GROUPS).permute(2, 4, 5, 0, 1, 3)
        return grid.reshape(side * side * GROUPS, len(values), -1)

    group = _split_blocks(blocks(level.colour), ~blocks(level.filled[None])[:, 0])
    node = torch.arange(rows * columns, device=group.device) * GROUPS + group
    node = node.reshape(side, side, GROUPS, rows, columns).permute(3, 0, 4, 1, 2)
    node = node.reshape(rows * side, columns * side, GROUPS)[: level.rows, : level.columns]
    return node.flatten().where(level.filled, 0)


def edge_sums(
    laplacian: Laplacian, nodes: Tensor, counted: slice, shifts: tuple[int, ...], size: int
) -> Tensor:
    """Weights of the edges between coarse nodes, summed: (len(shifts), size) float64.

    Args:
        laplacian: of one graph of n nodes.
        nodes: (n,) coarse node of each.
        counted: only edges whose first end lies in this range of the n nodes.
        shifts: of the coarse graph.
        size: of the coarse graph.
    """
    table = torch.zeros(shifts[-1] + 1, dtype=torch.int64, device=nodes.device)
    table[torch.tensor(shifts, device=nodes.device)] = torch.arange(
        1, len(shifts) + 1, device=nodes.device
    )
    table *= size
    sums = torch.zeros((len(shifts) + 1) * size, dtype=torch.float64, device=nodes.device)
    for shift, w in zip(laplacian.shifts, laplacian.weights, strict=True):
        stop = min(counted.stop, len(nodes) - shift)
        if stop <= counted.start:
            continue
        near, far = nodes[counted.start : stop], nodes[counted.start + shift : stop + shift]
        key = table[((far - near).abs()).clamp_(max=shifts[-1])] + torch.minimum(near, far)
        sums.scatter_add_(0, key, w[0, 0, counted.start : stop].double())
    return sums.reshape(-1, size)[1:]


def graph(sums: Tensor, shifts: tuple[int, ...]) -> Laplacian:
    """The Laplacian of the edges `sums` (S, n) float64, in float32."""
    size = sums.shape[1]
    degree = torch.zeros(size, dtype=sums.dtype, device=sums.device)
    weights, kept = [], []
    for shift, w in zip(shifts, sums, strict=True):
        if shift >= size:
            continue
        degree += w
        degree[shift:] += w[: size - shift]
        kept.append(shift)
        weights.append(w[: size - shift].float()[None, None])
    return Laplacian(tuple(kept), tuple(weights), degree.float()[None, None])


def node_sums(values: Tensor, nodes: Tensor, size: int) -> Tensor:
    """P^T X: sums over the pixels of each node, (k, n) to (k, size)."""
    sums = torch.zeros(len(values), size, dtype=values.dtype, device=values.device)
    return sums.index_add_(1, nodes, values)


def coarser(level: Level, nodes: Tensor) -> Level:
    """The level above, given the node there of every node here."""
    rows, columns = -(-level.rows // MERGED), -(-level.columns // MERGED)
    size, shifts = rows * columns * GROUPS, coarse_shifts(columns)
    sums = edge_sums(level.laplacian, nodes, slice(0, level.size), shifts, size)
    mass = node_sums(level.mass[None], nodes, size)
    colour = node_sums(level.colour * level.mass, nodes, size) / mass.clamp(min=1)
    return Level(graph(sums, shifts), mass[0], colour, rows, columns)
