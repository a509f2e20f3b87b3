"""The edges within many balls at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.balls import Balls
from worker.graphs.graph import Graph, entries, offsets, position

FEW = 64
"""Neighbours that are looked through one by one, however small the ball is."""


class LocalEdges(NamedTuple):
    """The edges within each of Q balls, both directions; nodes are counted from 0 in each."""

    query: Tensor  # (E,) int64
    row: Tensor  # (E,) int64
    col: Tensor  # (E,) int64
    w: Tensor  # (E,) float32


def looked_at(graph: Graph, found: Balls) -> Tensor:
    """(Q,) int64: the entries that `local_edges` goes through for each ball, about."""
    counts = graph.counts()[found.node]
    most = found.sizes.clamp(min=FEW)[found.query]
    before = offsets(torch.minimum(counts, most))[found.start]
    return before.diff()


def local_edges(graph: Graph, found: Balls) -> LocalEdges:
    """The induced subgraph of every ball.

    An edge is found from its end with few neighbours. Nodes with more of them than their ball has
    nodes are hubs: of these, every pair is looked up instead, so that a ball at whose rim a hub
    lies costs no more than its own size.
    """
    n, node, query = found.n, found.node, found.query
    hub = graph.counts()[node] > found.sizes.clamp(min=FEW)[query]
    few = (~hub).nonzero()[:, 0]
    entry, pair = entries(graph, node[few])
    row = few[pair]
    col, inside = position(found.key, query[row] * n + graph.col[entry])
    row, col, entry = row[inside], col[inside], entry[inside]
    to_hub = hub[col]
    first, second = _pairs(hub, query, len(found.hops))
    between, joined = (
        position(graph.keys, node[first] * n + node[second])
        if len(first)
        else (first, first.bool())
    )
    rows = torch.cat([row, col[to_hub], first[joined]])
    cols = torch.cat([col, row[to_hub], second[joined]])
    w = graph.w[torch.cat([entry, entry[to_hub], between[joined]])]
    start = found.start[query[rows]]
    return LocalEdges(query[rows], rows - start, cols - start, w)


def _pairs(hub: Tensor, query: Tensor, queries: int) -> tuple[Tensor, Tensor]:
    """Every two places of hubs in the same ball, in both orders, each with itself too."""
    hubs = hub.nonzero()[:, 0]
    counts = query[hubs].bincount(minlength=queries)
    each, begin = counts[query[hubs]], offsets(counts)[query[hubs]]
    before = offsets(each)
    first = torch.arange(len(hubs), device=hub.device).repeat_interleave(each)
    within = torch.arange(len(first), device=hub.device) - before[first]
    return hubs[first], hubs[begin[first] + within]
