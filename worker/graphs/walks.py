"""How much there is to be done around every node."""

import torch
from torch import Tensor

from worker.graphs.graph import Graph, segment_sums


def walks(graph: Graph, radius: int, most: int) -> Tensor:
    """(n,) float64: the neighbours looked at around each node, at most.

    Walks of up to `radius` steps, also those that come back; none goes on from a hub, a node with
    `most` neighbours or more, whose neighbours are not looked at.
    """
    counts = graph.counts()
    own = torch.where(counts < most, counts, 0).double()
    reached = total = own
    for _ in range(1, radius):  # loop: hops
        onwards = segment_sums(reached[graph.col], counts)
        reached = torch.where(counts < most, onwards, 0.0)
        total = total + reached
    return total
