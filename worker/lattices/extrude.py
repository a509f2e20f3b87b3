"""A lattice in three dimensions: copies of a graph's nodes, one above the other."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph
from worker.lattices.selection import Kind
from worker.render.egg import frame_at, point_at

STEP = 0.25  # from one layer to the next, in the plane's units
EGG_STEP = 0.04  # and on an egg of height 2
MARGIN = 0.05  # of an egg's texture, at each side


class Extruded(NamedTuple):
    """N nodes, base node by base node and upwards; every edge once, horizontal ones first."""

    base: Tensor  # (N,) int64: the node of the graph below
    level: Tensor  # (N,) int64: 0 on the ground
    src: Tensor  # (E,) int64
    dst: Tensor  # (E,) int64

    def points(self, coords: Tensor, step: float) -> Tensor:
        """(N, 3): above the nodes' places (n, 2) in the plane."""
        return torch.cat((coords[self.base], step * self.level[:, None]), 1)

    def on_egg(self, uv: Tensor, factor: float, step: float) -> Tensor:
        """(N, 3): out along the normals of an egg, from texture coordinates (n, 2)."""
        point = point_at(uv.T, factor)
        normal = frame_at(point, factor).normal
        return (point[:, self.base] + step * self.level * normal[:, self.base]).T


def extrude(graph: Graph, kind: Tensor, layer: Tensor, parity: Tensor) -> Extruded:
    """The lattice above a graph of n nodes; connected where the graph is.

    Every layer has the graph's edges. Nodes are joined to themselves below, in a hexagonal lattice
    every other time only; and of triangles the lower end of an edge to the upper one's next copy.

    Args:
        graph: of n nodes; weights do not count.
        kind: (n,) int64, a `Kind` each.
        layer: (n,) int64, layers above the ground.
        parity: (n,) int64, 0 or 1; neighbours should differ, as by (x + y) mod 2.
    """
    count = layer + 1
    first = count.cumsum(0) - count
    base = torch.arange(graph.n, device=layer.device).repeat_interleave(count)
    level = torch.arange(len(base), device=layer.device) - first[base]
    row, col = graph.rows(), graph.col
    u, v = row[row < col], col[row < col]
    both = (kind[u] == Kind.TRIANGLE) & (kind[v] == Kind.TRIANGLE)
    t, s = u[both], v[both]
    upright = _upright(graph, kind, layer, parity, base, level)
    top = upright.nonzero()[:, 0]
    parts = [
        _copies(first[u], first[v], torch.minimum(layer[u], layer[v]) + 1),
        (top - 1, top),
        _copies(first[t], first[s] + 1, torch.minimum(layer[t] + 1, layer[s])),
    ]
    src, dst = (torch.cat(ends) for ends in zip(*parts, strict=True))
    return Extruded(base, level, src, dst)


def _upright(
    graph: Graph, kind: Tensor, layer: Tensor, parity: Tensor, base: Tensor, level: Tensor
) -> Tensor:
    """(N,) bool: which nodes are joined to those below them.

    A hexagon's node that by the rule would not be is joined all the same unless one of its
    neighbours in its own layer is: else it might hang in the air.
    """
    by_rule = (kind != Kind.HEX)[:, None] | _even(parity, layer)  # (n, most)
    height = torch.arange(1, by_rule.shape[1] + 1, device=layer.device)
    firm = by_rule & (height <= layer[:, None])
    held = torch.zeros_like(firm, dtype=torch.int64)
    held.index_add_(0, graph.rows(), firm[graph.col].long())
    kept = by_rule | (held == 0)
    above = (level - 1).clamp(min=0)
    return kept[base, above] & (level > 0) if kept.shape[1] else level > 0


def _even(parity: Tensor, layer: Tensor) -> Tensor:
    """(n, most) bool: whether parity + level below is even."""
    below = torch.arange(int(layer.max()), device=layer.device)
    return (parity[:, None] + below) % 2 == 0


def _copies(src: Tensor, dst: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Each edge so many times, both ends one node further every time."""
    count = count.clamp(min=0)
    edge = torch.arange(len(count), device=count.device).repeat_interleave(count)
    step = torch.arange(len(edge), device=count.device) - (count.cumsum(0) - count)[edge]
    return src[edge] + step, dst[edge] + step


def parity_of(coords: Tensor) -> Tensor:
    """(n,) 0 and 1 by turns, by x + y of places (n, 2)."""
    return coords.double().sum(1).round().long() % 2


def spread(coords: Tensor) -> Tensor:
    """Texture coordinates (n, 2) for places (n, 2) in the plane, which is wrapped around an egg."""
    low, high = coords.amin(0), coords.amax(0)
    share = (coords - low) / torch.where(high > low, high - low, 1.0)
    return MARGIN + (1 - 2 * MARGIN) * share
