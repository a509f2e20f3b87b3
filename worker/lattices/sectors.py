"""Three lattices around an egg, each in a sector of its own, joined by bridges."""

from math import cos, radians, sin
from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.generator_params import Lattice
from worker.graphs.generators import hexagon, square, triangle
from worker.graphs.graph import Graph
from worker.lattices.selection import Kind

GRID = 14  # nodes of a sector along each side
LAYERS = 6
BRIDGES = 15  # between two neighbouring sectors
SPAN = (0.05, 0.95)  # of v
JITTER, GROWTH = 0.012, 0.4  # how far a copy lies from its node, and how much more every layer
POLES = (0.01, 0.99)  # of v: no copy lies beyond


class Sector(NamedTuple):
    """Where a lattice grows, and where its copies go."""

    kind: Kind
    span: tuple[float, float]  # of u
    reach: float
    angles: tuple[float, ...]  # degrees, layer by layer


SECTORS = (
    Sector(Kind.TRIANGLE, (0.0, 0.32), 1.0, (0, 60, 120, 180, 240, 300)),
    Sector(Kind.SQUARE, (0.34, 0.64), 1.3, (45, 135, 225, 315, 22.5, 112.5)),
    Sector(Kind.HEX, (0.66, 0.98), 0.8, (30, 90, 150, 210, 270, 330)),
)
LATTICES = {Kind.SQUARE: square, Kind.TRIANGLE: triangle, Kind.HEX: hexagon}


class Wrapped(NamedTuple):
    """A lattice on the egg; every edge once."""

    uv: Tensor  # (N, 2) float64 texture coordinates
    kind: Tensor  # (N,) int64
    level: Tensor  # (N,) int64
    src: Tensor  # (E,) int64
    dst: Tensor  # (E,) int64


def three_lattices(grid: int = GRID, layers: int = LAYERS, bridges: int = BRIDGES) -> Wrapped:
    """The triangles, the squares and the hexagons, and `bridges` between each two neighbours."""
    parts = [_grown(sector, grid, layers) for sector in SECTORS]
    size = len(parts[0].uv)
    uv = torch.cat([part.uv for part in parts])
    pairs = [
        shortest_pairs(parts[i].uv, parts[j].uv, bridges)
        + torch.tensor([i * size, j * size])[:, None]
        for i, j in ((0, 1), (1, 2), (2, 0))
    ]
    shifted = [(part.src + i * size, part.dst + i * size) for i, part in enumerate(parts)]
    src, dst = (torch.cat(ends) for ends in zip(*shifted, *pairs, strict=True))
    kind, level = (torch.cat([part[i] for part in parts]) for i in (1, 2))
    return Wrapped(uv, kind, level, src, dst)


def shortest_pairs(first: Tensor, second: Tensor, count: int) -> Tensor:
    """(2, count): the nearest pairs of points (n, 2) and (m, 2), each point in one at most.

    Distances go the short way around u; ties to the smaller index.
    """
    apart = torch.cat([uv_distances(part, second) for part in torch.split(first, 256)])
    pairs = torch.empty(2, min(count, *apart.shape), dtype=torch.int64)
    for place in range(pairs.shape[1]):  # loop: iterations
        i, j = divmod(int(apart.argmin()), apart.shape[1])
        pairs[:, place] = torch.tensor([i, j])
        apart[i], apart[:, j] = torch.inf, torch.inf
    return pairs


def uv_distances(first: Tensor, second: Tensor) -> Tensor:
    """(n, m) between texture coordinates (n, 2) and (m, 2), the short way around."""
    u, v = (first[:, None] - second[None]).abs().unbind(-1)
    return torch.hypot(torch.minimum(u, 1 - u), v)


def _grown(sector: Sector, grid: int, layers: int) -> Wrapped:
    """One lattice: its base, and copies moved a little further every layer."""
    graph = LATTICES[sector.kind](Lattice(grid, grid)).graph
    u, v = (torch.linspace(*span, grid, dtype=torch.float64) for span in (sector.span, SPAN))
    base = torch.stack((u.repeat(grid), v.repeat_interleave(grid)), 1)
    copies = [base, *(_moved(base, sector, layer) for layer in range(1, layers + 1))]
    src, dst = _stacked(graph, layers)
    n = len(base)
    level = torch.arange(layers + 1).repeat_interleave(n)
    return Wrapped(torch.cat(copies), torch.full_like(level, sector.kind), level, src, dst)


def _moved(base: Tensor, sector: Sector, layer: int) -> Tensor:
    angle = radians(sector.angles[(layer - 1) % len(sector.angles)])
    way = JITTER * sector.reach * (1 + GROWTH * layer)
    u, v = base.unbind(1)
    return torch.stack(((u + way * cos(angle)) % 1, (v + way * sin(angle)).clamp(*POLES)), 1)


def _stacked(graph: Graph, layers: int) -> tuple[Tensor, Tensor]:
    """The edges of every layer, of nodes to their next copies, and of these to neighbours."""
    row, col = graph.rows(), graph.col
    once = row < col
    node, n = torch.arange(graph.n), graph.n
    below = torch.arange(layers)[:, None] * n
    level = torch.arange(layers + 1)[:, None] * n
    src = ((row[once] + level), node + below, row + below)
    dst = ((col[once] + level), node + below + n, col + below + n)
    return torch.cat([part.flatten() for part in src]), torch.cat([part.flatten() for part in dst])
