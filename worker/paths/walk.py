"""Many walkers on one graph, who all take their next step together."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph, entries
from worker.paths.finder import Array


class Choices(NamedTuple):
    """The neighbours of q nodes, one after the other: T altogether."""

    walker: Tensor  # (T,) int64, ascending
    node: Tensor  # (T,) int64, ascending for each walker

    def best(self, score: Tensor, allowed: Tensor, count: int) -> Tensor:
        """(count,) the allowed neighbour of the highest score; of equal ones the first, else -1.

        Args:
            score: (T,).
            allowed: (T,) bool.
            count: walkers.
        """
        score = score.where(allowed, -torch.inf)
        highest = score.new_full((count,), -torch.inf)
        highest.scatter_reduce_(0, self.walker, score, "amax")
        none = torch.iinfo(torch.int64).max
        node = self.node.where(allowed & (score == highest[self.walker]), none)
        first = torch.full_like(node[:1], none).repeat(count)
        first.scatter_reduce_(0, self.walker, node, "amin")
        return first.where(first != none, -1)

    def spread(self, values: Tensor, allowed: Tensor, count: int) -> Tensor:
        """Values (T,) as shares between the least and the greatest of each walker's allowed ones.

        Where all are the same they are 0.
        """
        ends = []
        for sign in (1, -1):  # loop: stages
            end = values.new_full((count,), torch.inf)
            end.scatter_reduce_(0, self.walker, (sign * values).where(allowed, torch.inf), "amin")
            ends.append(sign * end[self.walker])
        low, high = ends
        return torch.where(high > low, (values - low) / (high - low), 0.0)


def choices(graph: Graph, at: Tensor) -> Choices:
    """All neighbours of the nodes `at` (q,)."""
    entry, walker = entries(graph, at)
    return Choices(walker, graph.col[entry])


def routes_of(visits: list[Tensor], moves: Tensor) -> list[Array]:
    """Where everybody went: he moves (q,) times, then he rests.

    Args:
        visits: (q,) nodes each, the starts first.
        moves: (q,) int64.
    """
    nodes = torch.stack(visits, 1).long().cpu().numpy()
    ends = (moves + 1).tolist()
    return [row[:end].copy() for row, end in zip(nodes, ends, strict=True)]
