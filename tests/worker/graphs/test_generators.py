import networkx as nx
import numpy as np
import pytest
import torch

from tests.worker.graphs.oracles import drawn, to_networkx
from worker.graphs.errors import BadGraph
from worker.graphs.graph import Graph


def assert_canonical(graph: Graph) -> None:
    """Both directions, rows in order, no loops, no edge twice."""
    row = graph.rows()
    assert bool((graph.keys.diff() > 0).all())
    assert not bool((row == graph.col).any())
    back = (graph.col * graph.n + row).argsort()
    assert torch.equal((graph.col * graph.n + row)[back], graph.keys)
    assert torch.equal(graph.w[back], graph.w)


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 7), (5, 2), (4, 6)])
def test_square(rows: int, cols: int):
    graph = drawn("square", rows=rows, cols=cols).graph
    assert_canonical(graph)
    G = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, cols), ordering="sorted")
    assert set(map(frozenset, to_networkx(graph).edges)) == set(map(frozenset, G.edges))


@pytest.mark.parametrize(("rows", "cols"), [(3, 4), (4, 5), (6, 3)])
def test_triangle(rows: int, cols: int):
    file = drawn("triangle", rows=rows, cols=cols)
    assert_canonical(file.graph)
    assert nx.is_isomorphic(
        to_networkx(file.graph), nx.triangular_lattice_graph(rows - 1, 2 * (cols - 1))
    )
    assert file.coords is not None
    ends = file.coords[file.graph.rows()] - file.coords[file.graph.col]
    assert np.allclose(np.linalg.norm(ends, axis=1), 1)


def test_hexagons():
    graph = drawn("hex", rows=6, cols=8).graph
    assert_canonical(graph)
    G = to_networkx(graph)
    assert nx.girth(G) == 6
    assert nx.is_bipartite(G)
    assert nx.is_connected(G)
    assert int(graph.counts().max()) == 3


def test_territory():
    file = drawn("territory")
    assert_canonical(file.graph)
    assert (file.graph.n, len(file.graph.col) // 2) == (421, 756)
    assert file.attrs["is_bridge"].sum() == 10
    assert file.coords is not None
    assert file.coords.tolist() == sorted(file.coords.tolist())
    lengths = np.abs(file.coords[file.graph.rows()] - file.coords[file.graph.col]).sum(1)
    assert (lengths == 1).all()
    assert nx.is_connected(to_networkx(file.graph))


@pytest.mark.parametrize(
    ("params", "nodes", "parts"),
    [
        ({"num_islands": 1, "radius": 0}, 1, 1),
        ({"num_islands": 4, "radius": 0, "spacing": 1}, 4, 1),
        ({"num_islands": 3, "radius": 1, "spacing": 5, "bridge_width": 0}, 27, 3),
        ({"num_islands": 2, "radius": 1, "spacing": 5, "bridge_width": 9}, 48, 1),
    ],
)
def test_other_territories(params: dict[str, int], nodes: int, parts: int):
    graph = drawn("territory", **params).graph
    assert_canonical(graph)
    assert graph.n == nodes
    assert nx.number_connected_components(to_networkx(graph)) == parts


def test_a_pinched_lattice_lacks_vertical_edges_in_some_columns():
    graph = drawn("pinched", x_range=40, y_range=101, period=8, bottleneck_prob=0.7, seed=3).graph
    assert_canonical(graph)
    row, col = graph.rows(), graph.col
    missing = 40 * 100 - int((col - row == 40).sum())
    assert 290 < missing < 410  # 350 of 500 are expected
    kept = set((row[col - row == 40] % 40).tolist())
    assert set(range(40)) - {0, 8, 16, 24, 32} <= kept
    assert int((col - row == 1).sum()) == 39 * 101
    again = drawn("pinched", x_range=40, y_range=101, period=8, bottleneck_prob=0.7, seed=3)
    other = drawn("pinched", x_range=40, y_range=101, period=8, bottleneck_prob=0.7, seed=4)
    assert again.graph.sha256() == graph.sha256() != other.graph.sha256()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_heights_cost(connectivity: int):
    heights = np.random.default_rng(1).random((4, 5)).round(2)
    blocked = np.zeros((4, 5), bool)
    blocked[1, 2] = blocked[3, 3] = True
    params = {"connectivity": connectivity, "elevation_scale": 2.0}
    file = drawn("heightfield", heights=heights.tolist(), blocked=blocked.tolist(), **params)
    assert_canonical(file.graph)
    assert file.cost is not None
    expected = {}
    for a in np.ndindex(4, 5):
        for b in np.ndindex(4, 5):
            step = np.abs(np.subtract(a, b))
            near = step.max() == 1 if connectivity == 8 else step.sum() == 1
            if near and not blocked[a] and not blocked[b]:
                cost = np.hypot(*step) + 2 * abs(heights[a] - heights[b])
                expected[a[0] * 5 + a[1], b[0] * 5 + b[1]] = cost
    pairs = list(zip(file.graph.rows().tolist(), file.graph.col.tolist(), strict=True))
    assert set(pairs) == set(expected)
    assert np.allclose(file.cost, [expected[pair] for pair in pairs])
    assert np.allclose(file.graph.w, 1 / (1 + file.cost))


def test_gnp():
    graph = drawn("gnp", n=2000, p=0.01, seed=1).graph
    assert_canonical(graph)
    assert abs(len(graph.col) // 2 - 19_990) < 5 * 141
    counts = graph.counts().double()
    assert abs(float(counts.var()) - 19.8) < 3  # as of a binomial, all over
    assert abs(float(counts[:1000].mean() - counts[1000:].mean())) < 1


@pytest.mark.parametrize(("n", "p", "edges"), [(1, 1, 0), (2, 1, 1), (9, 1, 36), (9, 0, 0)])
def test_gnp_at_the_ends(n: int, p: float, edges: int):
    assert len(drawn("gnp", n=n, p=p).graph.col) == 2 * edges


def test_two_million_nodes():
    graph = drawn("square", rows=1000, cols=2000).graph
    assert graph.n == 2_000_000
    assert len(graph.col) == 2 * (999 * 2000 + 1000 * 1999)


@pytest.mark.parametrize(
    ("generator", "params", "field"),
    [
        ("square", {"rows": 2_000_000, "cols": 2_000_000}, "n"),
        ("square", {"rows": 0, "cols": 3}, "params.rows"),
        ("square", {"rows": 3}, "params.cols"),
        ("hex", {"rows": 3, "cols": 3, "depth": 3}, "params.depth"),
        ("triangle", {"rows": 2_000_000, "cols": 1000}, "n"),
        ("hex", {"rows": 2_000_000, "cols": 1000}, "n"),
        ("pinched", {"x_range": 2_000_000, "y_range": 2}, "n"),
        ("gnp", {"n": 2_000_000, "p": 1}, "params.p"),
        ("gnp", {"n": 10, "p": 1.5}, "params.p"),
        ("gnp", {"n": 10, "p": float("nan")}, "params.p"),
        ("territory", {"radius": 2_000_000}, "n"),
        ("territory", {"num_islands": 2_000_000, "spacing": 2_000_000}, "params.spacing"),
        ("territory", {"num_islands": 2, "bridge_width": 2_000_000}, "n"),
        ("heightfield", {"heights": []}, "params.heights"),
        ("heightfield", {"heights": [[]]}, "params.heights[0]"),
        ("heightfield", {"heights": [[1, 2], [3]]}, "params.heights[1]"),
        ("heightfield", {"heights": [[1]], "blocked": []}, "params.blocked"),
        ("heightfield", {"heights": [[1]], "blocked": [[2]]}, "params.blocked[0][0]"),
        ("heightfield", {"heights": [[float("inf")]]}, "params.heights[0][0]"),
        ("heightfield", {"heights": [[1]], "connectivity": 6}, "params.connectivity"),
    ],
)
def test_what_cannot_be_drawn_is_named(generator: str, params: dict[str, object], field: str):
    with pytest.raises(BadGraph) as caught:
        drawn(generator, **params)
    assert caught.value.field == field
