"""Graphs for the tests, and the same graphs as networkx and scipy know them."""

from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from worker.graphs.edges import Edges, graph_of
from worker.graphs.graph import Graph
from worker.graphs.grids import Joins, grid_graph
from worker.graphs.reading import GraphFile, read_document

Array = NDArray[Any]


def drawn(generator: str, **params: object) -> GraphFile:
    return read_document({"generator": generator, "params": params})


def made(n: int, pairs: list[tuple[int, int]], w: list[float] | None = None) -> Graph:
    src, dst = (np.array(ends, np.int64) for ends in zip(*pairs, strict=True))
    return graph_of(n, Edges(src, dst, None if w is None else np.array(w)), "upper").graph


def of_networkx(G: "nx.Graph[Any]") -> Graph:
    return made(len(G), list(nx.convert_node_labels_to_integers(G, ordering="sorted").edges))


def to_networkx(graph: Graph) -> "nx.Graph[Any]":
    G: nx.Graph[Any] = nx.Graph()
    G.add_nodes_from(range(graph.n))
    rows, cols = graph.rows().tolist(), graph.col.tolist()
    G.add_weighted_edges_from(zip(rows, cols, graph.w.tolist(), strict=True))
    return G


def laplacian(graph: Graph) -> sp.csc_array:
    arrays = (graph.w.double().numpy(), graph.col.numpy(), graph.crow.numpy())
    W = sp.csr_array(arrays, shape=(graph.n, graph.n))
    return (sp.diags_array(W.sum(1)) - W).tocsc()


def star(n: int) -> Graph:
    return made(n, [(0, i) for i in range(1, n)])


def path(n: int) -> Graph:
    return drawn("square", rows=1, cols=n).graph


def complete(n: int) -> Graph:
    return drawn("gnp", n=n, p=1).graph


def checkerboard(cells: int, pixels: int, tau: float = 0.1) -> Graph:
    """The graph of a picture in which black and white hardly hang together."""
    side = cells * pixels
    picture = np.add.outer(np.arange(side) // pixels, np.arange(side) // pixels) % 2
    right, down = (np.exp(-np.abs(np.roll(picture, -1, axis) - picture) / tau) for axis in (1, 0))
    return grid_graph(side, side, {(0, 1): Joins(True, right), (1, 0): Joins(True, down)}).graph
