"""The neighbourhoods of many nodes at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph, entries, offsets, position

MOST_NODES_IN_BALL = 4096


class Balls(NamedTuple):
    """The nodes within so many hops of each of Q seeds."""

    key: Tensor  # (T,) int64, ascending: query * n + node
    start: Tensor  # (Q + 1,) int64: where each ball begins
    hops: Tensor  # (Q,) int64: the radius that each has; less than asked for where cut short
    n: int  # nodes of the graph

    @property
    def sizes(self) -> Tensor:
        """(Q,) int64 nodes."""
        return self.start.diff()

    @property
    def query(self) -> Tensor:
        """(T,) int64: which ball each node is in."""
        balls = torch.arange(len(self.hops), device=self.key.device)
        return balls.repeat_interleave(self.sizes, output_size=len(self.key))

    @property
    def node(self) -> Tensor:
        """(T,) int64."""
        return self.key - self.query * self.n

    def part(self, begin: int, end: int) -> "Balls":
        """Those of the queries begin..end-1 alone, counted from 0."""
        low, high = self.start[begin], self.start[end]
        start = self.start[begin : end + 1] - low
        return Balls(self.key[low:high] - begin * self.n, start, self.hops[begin:end], self.n)

    def only(self, queries: Tensor) -> "Balls":
        """Those of these queries (m,) int64, which ascend, counted from 0."""
        place = torch.full_like(self.hops, -1)
        place[queries] = torch.arange(len(queries), device=queries.device)
        mine = place[self.query]
        there = mine >= 0
        key = mine[there] * self.n + self.node[there]
        return Balls(key, offsets(self.sizes[queries]), self.hops[queries], self.n)


def balls(graph: Graph, seeds: Tensor, radius: int, most: int = MOST_NODES_IN_BALL) -> Balls:
    """Breadth-first search from all seeds together, hop by hop; costs O(edges of the balls).

    Args:
        graph: of n nodes.
        seeds: (Q,) int64.
        radius: hops, >= 0.
        most: nodes in a ball; one with more ends a hop earlier.
    """
    n, count = graph.n, len(seeds)
    key = front = torch.arange(count, device=seeds.device) * n + seeds
    size = torch.ones_like(seeds)
    hops, alive = torch.zeros_like(seeds), torch.ones(count, dtype=torch.bool, device=seeds.device)
    degree = graph.counts()
    for _ in range(radius):  # loop: hops
        # A hub's neighbours need not be looked at to see that they are too many.
        alive = alive & ~_any(front[degree[front % n] >= most] // n, count)
        new = _unseen(key, neighbours(graph, front[alive[front // n]]), count * n)
        grown = size + torch.bincount(new // n, minlength=count)
        alive = alive & (grown <= most)
        front = new[alive[new // n]]
        size = torch.where(alive, grown, size)
        hops += alive
        key = torch.cat([key, front]).sort().values
    return Balls(key, offsets(size), hops, n)


def neighbours(graph: Graph, pairs: Tensor) -> Tensor:
    """Query * n + neighbour for every neighbour of every pair query * n + node, in their order."""
    entry, pair = entries(graph, pairs % graph.n)
    return (pairs - pairs % graph.n)[pair] + graph.col[entry]


def _unseen(key: Tensor, reached: Tensor, limit: int) -> Tensor:
    """The distinct values in 0..limit of `reached` that are not in `key`, ascending."""
    if len(reached) <= limit:
        distinct: Tensor = torch.unique(reached)
        return distinct[~position(key, distinct)[1]]
    seen = torch.zeros(limit, dtype=torch.bool, device=key.device)  # dense: cheaper than sorting
    seen[reached] = True
    seen[key] = False
    return seen.nonzero()[:, 0]


def _any(queries: Tensor, count: int) -> Tensor:
    found = torch.zeros(count, dtype=torch.bool, device=queries.device)
    found[queries] = True
    return found
