"""Many walkers on one graph, who all take their next step together."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph, entries


class Walks(NamedTuple):
    """Of q queries."""

    nodes: Tensor  # (q, longest) int64, from the start on; -1 behind the end
    reached: Tensor  # (q,) bool: whether the last node is the goal

    @property
    def steps(self) -> Tensor:
        """(q,) int64 edges of each walk."""
        return (self.nodes >= 0).sum(1) - 1


class Progress(NamedTuple):
    """Where the walkers are, and how they came there."""

    done: int  # walkers who have ended
    visits: list[Tensor]  # (q,) nodes each, the starts first
    goal: Tensor  # (q,)

    @property
    def walks(self) -> Walks:
        """As far as they are."""
        return walks_of(self.visits, self.goal)


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


def walks_of(visits: list[Tensor], goal: Tensor) -> Walks:
    """The walks by where everybody was after each step; who rests stays where he is.

    Args:
        visits: (q,) nodes each, the starts first.
        goal: (q,).
    """
    nodes = torch.stack(visits, 1)
    moved = nodes[:, 1:] != nodes[:, :-1]
    nodes = torch.cat((nodes[:, :1], nodes[:, 1:].where(moved, -1)), 1)
    order = (nodes < 0).to(torch.uint8).argsort(dim=1, stable=True)  # who rested goes on later
    nodes = nodes.gather(1, order)
    longest = int((nodes >= 0).sum(1).max()) if len(nodes) else 0
    return Walks(nodes[:, :longest], visits[-1] == goal)
