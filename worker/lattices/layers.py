"""How high a lattice grows: high where the graph expands, shallow at its bottlenecks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.graphs.graph import Graph

LOWER, LOWEST = 0.8, 0.1


@dataclass(frozen=True)
class LayerSettings:
    """What expansion gives how many layers."""

    threshold: float = 3.0  # an expansion up to this gives none
    top: float = 5.0  # from this on: all
    most: int = 5
    relax: bool = False  # whether the threshold falls, down to 0.1, until something grows


def grown_layers(graph: Graph, expansion: Tensor, settings: LayerSettings) -> Tensor:
    """(n,) int64: layers above the ground of every node, those of neighbours 1 apart at most.

    layer(v) = min over u of (wanted(u) + hops(u, v)): no order of the nodes plays a part.
    """
    layer = wanted_layers(expansion, _threshold(expansion, settings), settings)
    row = graph.rows()
    for _ in range(settings.most):  # loop: layers
        around = torch.full_like(layer, settings.most)
        around.scatter_reduce_(0, row, layer[graph.col], "amin")
        layer = torch.minimum(layer, around + 1)
    return layer


def wanted_layers(expansion: Tensor, threshold: float, settings: LayerSettings) -> Tensor:
    """(n,) int64: layers by the expansion (n,) alone, 0 where it is not known (NaN)."""
    share = ((expansion - threshold) / max(settings.top - threshold, 1e-12)).clamp(0, 1)
    layers = 1 + ((settings.most - 1) * share).nan_to_num(0).floor().long()
    return layers.where(expansion > threshold, 0).clamp(max=settings.most)


def _threshold(expansion: Tensor, settings: LayerSettings) -> float:
    threshold = settings.threshold
    highest = float(expansion.nan_to_num(0).max())
    while settings.relax and threshold >= LOWEST and highest <= threshold:  # loop: iterations
        threshold *= LOWER
    return threshold
