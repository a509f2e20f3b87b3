import networkx as nx
import pytest
import torch

from tests.worker.graphs.oracles import complete, drawn, made, of_networkx, path, star, to_networkx
from worker.graphs.balls import balls
from worker.graphs.graph import Graph
from worker.graphs.subgraphs import local_edges, looked_at

GRAPHS = {
    "territory": lambda: drawn("territory").graph,
    "random": lambda: drawn("gnp", n=150, p=0.02, seed=2).graph,
    "crowded": lambda: drawn("gnp", n=60, p=0.3, seed=2).graph,
    "hubs": lambda: of_networkx(nx.barabasi_albert_graph(120, 2, seed=1)),
    "star": lambda: star(30),
    "path": lambda: path(9),
    "single node": lambda: made(1, [(0, 0)]),
    "no edges": lambda: made(5, [(0, 0)]),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("radius", [0, 1, 2, 3])
def test_balls_and_their_edges(name: str, radius: int):
    graph = GRAPHS[name]()
    G = to_networkx(graph)
    seeds = torch.arange(graph.n).flip(0)
    found = balls(graph, seeds, radius)
    edges = local_edges(graph, found)
    assert bool((found.hops == radius).all())
    for q, seed in enumerate(seeds.tolist()):
        ball = nx.ego_graph(G, seed, radius)
        nodes = found.node[found.start[q] : found.start[q + 1]].tolist()
        assert nodes == sorted(ball)
        mine = edges.query == q
        rows, cols = edges.row[mine].tolist(), edges.col[mine].tolist()
        pairs = [(nodes[a], nodes[b]) for a, b in zip(rows, cols, strict=True)]
        assert len(set(pairs)) == len(pairs)
        assert {(a, b) for a, b in pairs if a < b} == {(min(e), max(e)) for e in ball.edges}
        assert {(b, a) for a, b in pairs} == set(pairs)


def test_edges_keep_their_weights():
    pairs = [(0, 1), (0, 2), (1, 2), (2, 3)]
    graph = made(4, pairs, [1, 2, 3, 4])
    found = balls(graph, torch.tensor([0, 3]), 1)
    edges = local_edges(graph, found)
    nodes = found.node
    first = found.start[edges.query]
    ends = zip(nodes[first + edges.row].tolist(), nodes[first + edges.col].tolist(), strict=True)
    weights = dict(zip(pairs, [1.0, 2.0, 3.0, 4.0], strict=True))
    for end, w in zip(ends, edges.w.tolist(), strict=True):
        assert weights[min(end), max(end)] == w
    assert len(edges.w) == 6 + 2


def sizes(graph: Graph, radius: int, most: int) -> list[tuple[int, int]]:
    found = balls(graph, torch.arange(graph.n), radius, most)
    return list(zip(found.sizes.tolist(), found.hops.tolist(), strict=True))


def test_a_ball_of_too_many_nodes_ends_a_hop_earlier():
    assert sizes(star(6), 2, 6) == [(6, 2)] * 6
    assert sizes(star(6), 2, 5) == [(1, 0)] + [(2, 1)] * 5
    assert sizes(path(7), 3, 4) == [(4, 3), (4, 2), (3, 1), (3, 1), (3, 1), (4, 2), (4, 3)]
    assert sizes(complete(4), 1, 3) == [(1, 0)] * 4


def test_parts_are_balls_too():
    graph = drawn("territory").graph
    found = balls(graph, torch.arange(50), 2)
    part, alone = found.part(10, 30), balls(graph, torch.arange(10, 30), 2)
    assert all(torch.equal(a, b) for a, b in zip(part[:3], alone[:3], strict=True))


def test_a_hub_at_the_rim_is_not_looked_through():
    graph = star(5000)
    found = balls(graph, torch.arange(1, 5000), 1)
    assert int(looked_at(graph, found).max()) == 1


@pytest.mark.parametrize("name", GRAPHS)
def test_outward_every_edge_is_there_once(name: str):
    graph = GRAPHS[name]()
    outward = graph.outward
    ends = torch.stack([outward.rows(), outward.col])
    key = ends.amin(0) * graph.n + ends.amax(0)
    assert torch.equal(key.unique(), graph.keys[graph.rows() < graph.col])
    assert 2 * len(outward.w) == len(graph.w)
    assert int(outward.counts().max()) <= len(graph.w) ** 0.5
