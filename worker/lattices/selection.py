"""Which lattice grows where: by how well a place is connected, and how steep the cut is there."""

from enum import IntEnum
from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph, segment_sums

EXPANSION = (2.0, 6.0)  # lambda_2 (radius + 1)^2, from a bridge to the inside of a grid
STEEPNESS = (1e-3, 0.3)  # of the Fiedler vector, a step of the lattice each way
OPEN, DENSE = 0.4, 0.6  # scores below and above which nodes are triangles and hexagons


class Kind(IntEnum):
    """Lattices, as they are numbered everywhere."""

    SQUARE = 0
    TRIANGLE = 1
    HEX = 2


class Selection(NamedTuple):
    """Of n nodes."""

    kind: Tensor  # (n,) int64, a Kind each
    score: Tensor  # (n,) float64 in 0..1
    angle: Tensor  # (n,) radians: where the Fiedler vector rises
    value: Tensor  # (n,) in 0..1: expansion, Fiedler vector or steepness, as theta goes on


def select(
    graph: Graph, coords: Tensor, expansion: Tensor, fiedler: Tensor, theta: float
) -> Selection:
    """The lattice of every node.

    Args:
        graph: of n nodes.
        coords: (n, 2) x and y, neighbours about 1 apart.
        expansion: (n,) lambda_2 (r + 1)^2 of the ball around each node, r = 3.
        fiedler: (n,) the Fiedler vector of the graph, in any scale and sign.
        theta: 0: by the expansion alone, 1: by the steepness alone.
    """
    fiedler = fiedler.double() / fiedler.abs().max().clamp(min=1e-300)
    slope = _slope(graph, coords.double(), fiedler)
    steepness = _between(torch.hypot(*slope), STEEPNESS)
    spread = _between(expansion.double(), EXPANSION)
    score = (1 - theta) * spread + theta * (1 - steepness)
    kind = torch.full_like(score, Kind.SQUARE, dtype=torch.int64)
    kind[score > DENSE], kind[score < OPEN] = int(Kind.HEX), int(Kind.TRIANGLE)
    height = (fiedler + 1) / 2
    if theta < 0.5:
        value = torch.lerp(spread, height, 2 * theta)
    else:
        value = torch.lerp(height, steepness, 2 * theta - 1)
    return Selection(kind, score, torch.atan2(slope[1], slope[0]), value)


def _slope(graph: Graph, coords: Tensor, values: Tensor) -> Tensor:
    """(2, n): sum over neighbours j of (f_j - f_i) (x_j - x_i)."""
    row, col = graph.rows(), graph.col
    terms = (values[col] - values[row])[:, None] * (coords[col] - coords[row])
    return segment_sums(terms, graph.counts()).T


def _between(values: Tensor, ends: tuple[float, float]) -> Tensor:
    """Logarithms, from the first end at 0 to the second at 1."""
    low, high = log(ends[0]), log(ends[1])
    return ((values.clamp(min=1e-12).log() - low) / (high - low)).clamp(0, 1)
