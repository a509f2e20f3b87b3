"""Cheapest paths, by which others are measured; on the CPU."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.graph import Graph
from worker.numerics.compiled.search import UNSEEN, settle
from worker.paths.finder import Finder

Array = NDArray[Any]
MOST_NODES = 1_000_000
AT_ONCE = 50_000  # nodes that a step settles: some 20 ms


def default_cost(graph: Graph) -> Tensor:
    """(nnz,) float64, 1 / w."""
    return 1 / graph.w.double()


def cost_of(graph: Graph, cost: Tensor, routes: list[Array]) -> Array:
    """(q,) float64: the cost of every path, summed from its start on.

    Raises:
        ValueError: a step of a path is no edge of the graph.
    """
    lengths = np.array([len(route) for route in routes], np.int64)
    nodes = torch.from_numpy(np.concatenate(routes)).to(graph.device)
    last = torch.from_numpy(lengths.cumsum() - 1)[:-1].to(graph.device)
    within = torch.ones(len(nodes) - 1, dtype=torch.bool, device=graph.device)
    within[last] = False  # from one path to the next
    wanted = (nodes[:-1] * graph.n + nodes[1:])[within]
    entry = torch.searchsorted(graph.keys, wanted).clamp(max=max(0, len(graph.keys) - 1))
    if len(wanted) and not torch.equal(graph.keys[entry], wanted):
        raise ValueError("a step of a path is no edge of the graph")
    paid = cost.double()[entry].cpu()
    return torch.segment_reduce(paid, "sum", lengths=torch.from_numpy(lengths - 1)).numpy()


class Search:
    """Dijkstra's search from one node to another."""

    def __init__(self, arrays: "Arrays", start: int, goal: int) -> None:
        """`arrays`: of the graph."""
        n = len(arrays.crow) - 1
        self._arrays, self._start, self._goal = arrays, start, goal
        self._distance, self._before = np.full(n, np.inf), np.full(n, -1)
        self._heap, self._place = np.empty(n, np.int64), np.full(n, UNSEEN)
        self._distance[start], self._heap[0], self._place[start] = 0.0, start, 0
        self._size, self.ended = 1, False

    def step(self) -> None:
        """Settle some nodes."""
        self._size, self.ended = settle(
            *self._arrays, self._goal, self._distance, self._before, self._heap, self._place,
            self._size, AT_ONCE,
        )  # fmt: skip

    def route(self) -> Array:
        """(m,) int64, after the search has ended; the start alone if there is no way."""
        if self._goal != self._start and self._before[self._goal] < 0:
            return np.array([self._start])
        path = [self._goal]
        while path[-1] != self._start:  # loop: hops
            path.append(int(self._before[path[-1]]))
        return np.array(path[::-1])


class Arrays(NamedTuple):
    """A graph with costs, as the search reads it."""

    crow: Array  # (n + 1,) int64
    col: Array  # (nnz,) int64
    cost: Array  # (nnz,) float64, 0 or more


def arrays_of(graph: Graph, cost: Tensor) -> Arrays:
    """On the CPU."""
    return Arrays(*(each.cpu().numpy() for each in (graph.crow, graph.col, cost.double())))


class CheapestPaths(Finder):
    """By one search after the other."""

    def __init__(self, graph: Graph, cost: Tensor, start: Tensor, goal: Tensor) -> None:
        """`cost`: (nnz,), 0 or more, of the graph's entries.

        Raises:
            ValueError: the graph is too large.
        """
        if graph.n > MOST_NODES:
            raise ValueError(f"{graph.n} nodes; Dijkstra's search takes {MOST_NODES:,} at most")
        super().__init__(graph, start, goal)
        self._cost, self._arrays, self._search = cost, None, None

    _arrays: Arrays | None
    _search: Search | None

    def step(self) -> None:
        """On with the first query that has not ended."""
        if self._arrays is None:
            self._arrays = arrays_of(self.graph, self._cost)
        query = next(query for query, route in enumerate(self.routes) if route is None)
        if self._search is None:
            ends = int(self.start[query]), int(self.goal[query])
            self._search = Search(self._arrays, *ends)
        self._search.step()
        if self._search.ended:
            self.routes[query], self._search = self._search.route(), None
