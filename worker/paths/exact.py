"""Shortest paths, by which others are measured."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from worker.graphs.graph import Graph
from worker.paths.walk import Walks

MOST_NODES = 1_000_000


def default_cost(graph: Graph) -> Tensor:
    """(nnz,) float64, 1 / w."""
    return 1 / graph.w.double()


def dijkstra_paths(graph: Graph, cost: Tensor, start: Tensor, goal: Tensor) -> Walks:
    """The cheapest path of every query; on the CPU.

    Args:
        graph: of n nodes, 1,000,000 at most.
        cost: (nnz,) > 0, of the graph's entries.
        start: (q,) int64.
        goal: (q,) int64.

    Raises:
        ValueError: the graph is too large.
    """
    if graph.n > MOST_NODES:
        raise ValueError(f"{graph.n} nodes; Dijkstra's search takes {MOST_NODES:,} at most")
    paths = []
    matrix = _matrix(graph, cost)
    for first, last in zip(start.tolist(), goal.tolist(), strict=True):  # loop: chunks
        before = dijkstra(matrix, indices=first, return_predecessors=True)[1]
        paths.append(_backwards(before, first, last))
    nodes = torch.full((len(paths), max(map(len, paths), default=1)), -1)
    for row, path in enumerate(paths):  # loop: chunks
        nodes[row, : len(path)] = torch.tensor(path)
    ends = torch.tensor([path[-1] for path in paths], dtype=torch.int64)
    return Walks(nodes.to(start.device), ends.to(start.device) == goal)


def hops_to(graph: Graph, goal: Tensor) -> Tensor:
    """(q, n) float64 edges from every node to each goal; inf where there is no way."""
    steps = dijkstra(
        _matrix(graph, torch.ones_like(graph.w)), indices=goal.cpu().numpy(), unweighted=True
    )
    return torch.from_numpy(np.atleast_2d(steps)).to(goal.device)


def cost_of(graph: Graph, cost: Tensor, walks: Walks) -> Tensor:
    """(q,) float64: the cost of every walk.

    Raises:
        ValueError: a step of a walk is no edge of the graph.
    """
    a, b = walks.nodes[:, :-1], walks.nodes[:, 1:]
    there = b >= 0
    key = graph.rows() * graph.n + graph.col  # ascends, since the rows are sorted
    wanted = a[there] * graph.n + b[there]
    entry = torch.searchsorted(key, wanted).clamp(max=max(0, len(key) - 1))
    if len(wanted) and not torch.equal(key[entry], wanted):
        raise ValueError("a step of a walk is no edge of the graph")
    paid = torch.zeros(a.shape, dtype=torch.float64, device=a.device)
    paid[there] = cost.double()[entry]
    return paid.sum(1)


def _matrix(graph: Graph, cost: Tensor) -> csr_array:
    arrays = cost.double(), graph.col, graph.crow
    return csr_array(tuple(part.cpu().numpy() for part in arrays), shape=(graph.n, graph.n))


def _backwards(before: NDArray[Any], first: int, last: int) -> list[int]:
    """The path to `last`, by every node's predecessor; the start alone if there is none."""
    if last != first and before[last] < 0:
        return [first]
    path = [last]
    while path[-1] != first:  # loop: hops
        path.append(int(before[path[-1]]))
    return path[::-1]
