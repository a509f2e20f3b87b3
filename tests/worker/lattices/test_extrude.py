from collections import Counter
from typing import NamedTuple

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from worker.graphs.expansion import ExpansionMap, ExpansionSettings
from worker.graphs.generator_params import Gnp, Lattice, Territory
from worker.graphs.generators import gnp, square, territory
from worker.graphs.graph import Graph
from worker.lattices.extrude import EGG_STEP, STEP, Extruded, extrude, parity_of, spread
from worker.lattices.layers import LayerSettings, grown_layers, wanted_layers
from worker.lattices.selection import Kind, select
from worker.render.egg import point_at, radius


class Land(NamedTuple):
    graph: Graph
    coords: Tensor
    bridge: Tensor  # bool
    expansion: Tensor
    fiedler: Tensor
    parity: Tensor


@pytest.fixture(scope="module")
def land() -> Land:
    drawn = territory(Territory())
    graph, coords = drawn.graph, torch.from_numpy(drawn.coords)
    run = ExpansionMap(graph, ExpansionSettings(radius=3))
    while not run.finished:
        run.step()
    L = torch.diag(graph.degree())
    L[graph.rows(), graph.col] -= graph.w.double()
    fiedler = torch.linalg.eigh(L).eigenvectors[:, 1]
    bridge = torch.from_numpy(drawn.attrs["is_bridge"]) > 0
    parity = parity_of(coords)
    return Land(graph, coords, bridge, torch.from_numpy(run.expansion()), fiedler, parity)


def as_networkx(n: int, src: Tensor, dst: Tensor) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
    return graph


def expected_edges(
    graph: Graph, kind: list[int], layer: list[int], parity: list[int]
) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    """Edges between (node, level) by the rules, one at a time."""
    base = sorted((int(u), int(v)) for u, v in zip(graph.rows(), graph.col, strict=True) if u < v)
    beside: dict[int, list[int]] = {v: [] for v in range(graph.n)}
    for u, v in base:
        beside[u].append(v)
        beside[v].append(u)

    def by_rule(v: int, level: int) -> bool:
        return kind[v] != Kind.HEX or (parity[v] + level) % 2 == 0

    edges = set()
    for u, v in base:
        for level in range(min(layer[u], layer[v]) + 1):
            edges.add(((u, level), (v, level)))
        if kind[u] == kind[v] == Kind.TRIANGLE:
            edges |= {((u, e), (v, e + 1)) for e in range(min(layer[u] + 1, layer[v]))}
    for v in range(graph.n):
        for level in range(layer[v]):
            held = any(layer[u] > level and by_rule(u, level) for u in beside[v])
            if by_rule(v, level) or not held:
                edges.add(((v, level), (v, level + 1)))
    return edges


@pytest.mark.parametrize(
    ("theta", "kinds", "edges"),
    [(0.0, [2, 12, 407], 4861), (0.5, [48, 14, 359], 4927), (1.0, [195, 64, 162], 5626)],
)
def test_the_territory(land: Land, theta: float, kinds: list[int], edges: int):
    found = select(land.graph, land.coords, land.expansion, land.fiedler, theta)
    assert found.kind.bincount().tolist() == kinds
    if theta == 0.5:
        assert bool((found.kind[land.bridge] == Kind.TRIANGLE).all())
    layer = grown_layers(land.graph, land.expansion, LayerSettings())
    made = extrude(land.graph, found.kind, layer, land.parity)
    assert (len(made.base), len(made.src)) == (2238, edges)
    graph = as_networkx(2238, made.src, made.dst)
    assert graph.number_of_edges() == edges  # none twice
    assert nx.is_connected(graph)


def test_the_sign_and_the_scale_of_the_fiedler_vector_do_not_choose_lattices(land: Land):
    one = select(land.graph, land.coords, land.expansion, land.fiedler, 0.5)
    other = select(land.graph, land.coords, land.expansion, -7 * land.fiedler, 0.5)
    assert torch.equal(one.kind, other.kind)
    assert torch.allclose(one.score, other.score)
    assert float((one.angle - other.angle).cos().max()) < -0.99


@pytest.mark.parametrize("theta", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_values_are_shares(land: Land, theta: float):
    found = select(land.graph, land.coords, land.expansion, land.fiedler, theta)
    for part in (found.score, found.value):
        assert 0 <= float(part.min()) <= float(part.max()) <= 1


def test_the_layers_of_the_territory(land: Land):
    settings = LayerSettings()
    wanted = wanted_layers(land.expansion, settings.threshold, settings)
    assert wanted.bincount().tolist() == [8, 6, 0, 28, 136, 243]
    layer = grown_layers(land.graph, land.expansion, settings)
    assert layer.bincount().tolist() == [8, 6, 12, 20, 148, 227]
    assert int((layer[land.graph.rows()] - layer[land.graph.col]).abs().max()) <= 1


def test_layers_do_not_depend_on_the_order_of_the_nodes(land: Land):
    order = torch.randperm(land.graph.n, generator=torch.Generator().manual_seed(1))
    back = order.argsort()
    row, col = back[land.graph.rows()], back[land.graph.col]
    by_row = (row * land.graph.n + col).argsort()
    crow = torch.nn.functional.pad(row.bincount(minlength=land.graph.n).cumsum(0), (1, 0))
    shuffled = Graph(crow, col[by_row], land.graph.w)
    layer = grown_layers(land.graph, land.expansion, LayerSettings())
    again = grown_layers(shuffled, land.expansion[order], LayerSettings())
    assert torch.equal(again, layer[order])


def test_a_threshold_that_nothing_reaches_may_fall():
    graph, expansion = square(Lattice(4, 4)).graph, torch.full((16,), 1.3)
    assert not bool(grown_layers(graph, expansion, LayerSettings()).any())
    assert bool(grown_layers(graph, expansion, LayerSettings(relax=True)).all())
    nothing = grown_layers(graph, torch.zeros(16), LayerSettings(relax=True))
    assert not bool(nothing.any())


def test_where_the_expansion_is_not_known_nothing_grows():
    wanted = wanted_layers(torch.tensor([torch.nan, 9.0, torch.inf]), 3.0, LayerSettings())
    assert wanted.tolist() == [0, 5, 5]


@pytest.mark.parametrize("seed", range(12))
def test_any_graph_by_the_rules_one_edge_at_a_time(seed: int):
    random = torch.Generator().manual_seed(seed)
    graph = gnp(Gnp(30, 0.12, seed)).graph
    kind, layer, parity = (torch.randint(0, m, (30,), generator=random) for m in (3, 5, 2))
    made = extrude(graph, kind, layer, parity)
    place = list(zip(made.base.tolist(), made.level.tolist(), strict=True))
    found = Counter(
        (place[a], place[b]) for a, b in zip(made.src.tolist(), made.dst.tolist(), strict=True)
    )
    wanted = expected_edges(graph, kind.tolist(), layer.tolist(), parity.tolist())
    assert found == Counter(wanted)
    below = as_networkx(30, graph.rows(), graph.col)
    above = as_networkx(len(place), made.src, made.dst)
    assert nx.number_connected_components(above) == nx.number_connected_components(below)


def test_the_three_lattices_over_one_base_are_different_graphs(land: Land):
    layer = torch.full((9,), 2)
    base = square(Lattice(3, 3)).graph
    parity = torch.arange(9) % 2
    graphs = []
    for kind in Kind:
        made = extrude(base, torch.full((9,), int(kind)), layer, parity)
        graphs.append(as_networkx(27, made.src, made.dst))
    for i in range(3):
        assert not nx.is_isomorphic(graphs[i], graphs[i - 1])


def test_parities():
    coords = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-3.0, 1.0], [-1.0, 2.0]])
    assert parity_of(coords).tolist() == [0, 1, 0, 1]


def test_without_layers_it_is_the_graph_itself():
    graph = square(Lattice(3, 4)).graph
    none = torch.zeros(12, dtype=torch.int64)
    made = extrude(graph, none, none, none)
    assert made.base.tolist() == list(range(12))
    assert nx.is_isomorphic(as_networkx(12, made.src, made.dst), nx.grid_2d_graph(3, 4))


def test_places_in_space():
    made = Extruded(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0]), *torch.zeros(2, 0).long())
    coords = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert made.points(coords, STEP).tolist() == [[1, 2, 0], [1, 2, 0.25], [3, 4, 0]]
    uv = spread(torch.tensor([[1.0, 2.0], [3.0, 4.0], [2.0, 2.5]], dtype=torch.float64))
    assert float(uv.min()) == pytest.approx(0.05)
    assert float(uv.max()) == pytest.approx(0.95)
    points = made.on_egg(uv[:2], 0.25, EGG_STEP)
    ground = points[[0, 2]].T
    assert torch.allclose(ground, point_at(uv[:2].T, 0.25))
    x, y, z = ground
    assert torch.allclose(x * x + z * z, radius(y, 0.25).square())
    assert float((points[1] - points[0]).norm()) == pytest.approx(0.04)
    assert np.isfinite(spread(torch.zeros(3, 2)).numpy()).all()
