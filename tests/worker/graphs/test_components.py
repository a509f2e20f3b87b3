import networkx as nx
import numpy as np
import pytest
import torch

from tests.worker.graphs.oracles import drawn, made, path, star, to_networkx
from worker.graphs import components as module
from worker.graphs.components import components, hooked
from worker.graphs.graph import Graph


@pytest.mark.parametrize(
    "graph",
    [
        drawn("gnp", n=600, p=0.001, seed=1).graph,
        drawn("gnp", n=600, p=0.003, seed=1).graph,
        drawn("territory", num_islands=4, bridge_width=0).graph,
        made(1, [(0, 0)]),
        made(7, [(5, 1)]),
        star(50),
        path(1000),
    ],
)
def test_as_networkx(graph: Graph):
    found = components(graph)
    parts = sorted(map(sorted, nx.connected_components(to_networkx(graph))))
    assert found.number == len(parts)
    assert [found.nodes(i).tolist() for i in range(found.number)] == parts
    assert [found.label[part[0]].item() for part in parts] == list(range(len(parts)))
    assert found.order[found.start[:-1]][found.label].equal(hooked(graph))


def test_a_long_path_in_disorder_takes_few_rounds(monkeypatch: pytest.MonkeyPatch):
    n = 50_000
    order = np.random.default_rng(1).permutation(n)
    graph = made(n, list(zip(order[:-1].tolist(), order[1:].tolist(), strict=True)))
    rounds = []
    rooted = module.rooted
    monkeypatch.setattr(module, "rooted", lambda parent: rounds.append(1) or rooted(parent))
    assert not hooked(graph).any()
    assert components(graph).number == 1
    assert len(rounds) <= 20


def test_induced_subgraphs():
    graph = drawn("territory").graph
    nodes = torch.arange(3, 300, 2)
    G = to_networkx(graph).subgraph(nodes.tolist())
    part = graph.induced(nodes)
    G = nx.convert_node_labels_to_integers(G, ordering="sorted")
    assert set(map(frozenset, to_networkx(part).edges)) == set(map(frozenset, G.edges))
