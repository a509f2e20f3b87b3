"""The edges within many balls at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.balls import Balls
from worker.graphs.graph import Graph, entries, offsets, position


class LocalEdges(NamedTuple):
    """The edges within each of Q balls, both directions; nodes are counted from 0 in each."""

    query: Tensor  # (E,) int64
    row: Tensor  # (E,) int64
    col: Tensor  # (E,) int64
    w: Tensor  # (E,) float32


def looked_at(graph: Graph, found: Balls) -> Tensor:
    """(Q,) int64: the entries that `local_edges` goes through for each ball."""
    return offsets(graph.outward.counts()[found.node])[found.start].diff()


def local_edges(graph: Graph, found: Balls) -> LocalEdges:
    """The induced subgraph of every ball.

    An edge is found from its end with fewer neighbours, so that a ball at whose rim a hub lies
    costs no more than its own edges.
    """
    query, outward = found.query, graph.outward
    entry, row = entries(outward, found.node)
    col, inside = position(found.key, query[row] * found.n + outward.col[entry])
    row, col, w = row[inside], col[inside], outward.w[entry[inside]]
    query = query[row]
    start = found.start[query]
    ends = row - start, col - start
    return LocalEdges(
        torch.cat([query, query]), torch.cat(ends), torch.cat(ends[::-1]), torch.cat([w, w])
    )
