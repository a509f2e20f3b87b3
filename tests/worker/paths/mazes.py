"""Grids with walls."""

from typing import NamedTuple

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from worker.graphs.edges import Edges, graph_of
from worker.graphs.graph import Graph


class Maze(NamedTuple):
    graph: Graph
    coords: Tensor


def maze(blocked: np.ndarray) -> Maze:
    """Four neighbours on the free cells of (rows, columns); nodes in raster order."""
    free = ~blocked
    number = np.where(free, np.cumsum(free.ravel()).reshape(free.shape) - 1, -1)
    pairs = [(number[:, :-1][m], number[:, 1:][m]) for m in [free[:, :-1] & free[:, 1:]]] + [
        (number[:-1][m], number[1:][m]) for m in [free[:-1] & free[1:]]
    ]
    src, dst = (np.concatenate(part) for part in zip(*pairs, strict=True))
    y, x = np.nonzero(free)
    coords = torch.from_numpy(np.stack([x, y], 1).astype(float))
    return Maze(graph_of(int(free.sum()), Edges(src, dst), "upper").graph, coords)


def walled(side: int = 32) -> Maze:
    """A wall across, with a gap at its end."""
    blocked = np.zeros((side, side), bool)
    blocked[side // 2, : side - 3] = True
    return maze(blocked)


def doubly_walled(side: int = 32) -> Maze:
    """Two walls with their gaps at opposite ends."""
    blocked = np.zeros((side, side), bool)
    blocked[side // 3, : side - 3] = True
    blocked[2 * side // 3, 3:] = True
    return maze(blocked)


def of_networkx(graph: nx.Graph) -> Graph:
    """A graph on 0..n-1; weights 1 where there are none."""
    ends = np.array(graph.edges, dtype=np.int64).reshape(-1, 2)
    w = np.array([d.get("weight", 1.0) for *_, d in graph.edges(data=True)])
    return graph_of(graph.number_of_nodes(), Edges(ends[:, 0], ends[:, 1], w), "upper").graph


def as_networkx(graph: Graph, cost: Tensor) -> nx.Graph:
    made = nx.Graph()
    made.add_nodes_from(range(graph.n))
    ends = zip(graph.rows().tolist(), graph.col.tolist(), cost.tolist(), strict=True)
    made.add_weighted_edges_from(ends)
    return made
