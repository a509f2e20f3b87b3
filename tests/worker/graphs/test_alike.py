"""Balls of the same nodes are solved once, and come to the same bytes as alone."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from tests.worker.graphs.oracles import of_networkx
from worker.graphs import expansion
from worker.graphs.alike import Alike
from worker.graphs.balls import balls
from worker.graphs.expansion import ExpansionMap, ExpansionSettings
from worker.graphs.local import Spectra
from worker.graphs.subgraphs import LocalEdges

STAR = nx.star_graph(140)  # with radius 2 every ball is all of it
PEBBLES = nx.disjoint_union(nx.barabasi_albert_graph(200, 4, seed=2), nx.cycle_graph(70))


def mapped(graph: nx.Graph, radius: int, nodes: list[int] | None = None) -> ExpansionMap:
    wanted = None if nodes is None else np.array(nodes)
    made = ExpansionMap(of_networkx(graph), ExpansionSettings(radius), wanted)
    while not made.finished:
        made.step()
    return made


@pytest.mark.parametrize(("graph", "radius"), [(STAR, 1), (STAR, 2), (PEBBLES, 2), (PEBBLES, 3)])
def test_each_node_has_the_bytes_that_it_has_alone(graph: nx.Graph, radius: int):
    made = mapped(graph, radius)
    for node in range(0, len(graph), 13):
        alone = mapped(graph, radius, [node])
        for name in ("lambda2", "gap", "ball_size", "hops", "degenerate"):
            assert getattr(made, name)[node].tobytes() == getattr(alone, name)[0].tobytes(), name


def test_one_ball_around_all_nodes_is_solved_once(monkeypatch: pytest.MonkeyPatch):
    solved: list[int] = []
    dense_spectra = expansion.dense_spectra

    def counting(edges: LocalEdges, sizes: Tensor, *rest: Any, **more: Any) -> Spectra:
        solved.append(len(sizes))
        return dense_spectra(edges, sizes, *rest, **more)

    monkeypatch.setattr(expansion, "dense_spectra", counting)
    made = mapped(STAR, 2)
    assert sum(solved) == 1
    assert made.ball_size.tolist() == [141] * 141
    assert made.lambda2 == pytest.approx(np.ones(141), abs=1e-4)


def test_some_of_many_balls():
    graph = of_networkx(PEBBLES)
    found = balls(graph, torch.tensor([3, 250, 7, 210]), 2)
    for places in ([0, 1, 2, 3], [1], [0, 3], []):
        some = found.only(torch.tensor(places, dtype=torch.int64))
        nodes = [found.node[found.start[p] : found.start[p + 1]] for p in places]
        assert some.node.tolist() == torch.cat([found.node[:0], *nodes]).tolist()
        assert some.hops.tolist() == found.hops[places].tolist()


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("worker.graphs.alike.MOST_KEPT", 1)
    assert mapped(PEBBLES, 3).finished
    assert Alike().new([b"", b"a", b"", b"a"]) == [0, 1, 2]
