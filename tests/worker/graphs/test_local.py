import networkx as nx
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.worker.graphs.oracles import complete, drawn, made, of_networkx, path, star, to_networkx
from worker.graphs import local
from worker.graphs.balls import balls
from worker.graphs.graph import Graph
from worker.graphs.local import Spectra, dense_spectra, distinct, dtype_for, padded
from worker.graphs.subgraphs import local_edges

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-10}


def solved(
    graph: Graph,
    seeds: torch.Tensor,
    radius: int,
    dtype: torch.dtype = torch.float32,
    **options: bool,
) -> Spectra:
    found = balls(graph, seeds, radius)
    return dense_spectra(local_edges(graph, found), found.sizes, dtype, **options)


def exact(graph: Graph, seed: int, radius: int, *, normalized: bool = False) -> NDArray[np.float64]:
    ball = nx.ego_graph(to_networkx(graph), seed, radius)
    matrix = nx.normalized_laplacian_matrix if normalized else nx.laplacian_matrix
    return np.linalg.eigvalsh(matrix(ball, nodelist=sorted(ball)).toarray().astype(np.float64))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize(
    ("generator", "params"),
    [("territory", {}), ("gnp", {"n": 500, "p": 0.01}), ("hex", {"rows": 20, "cols": 20})],
)
def test_as_numpy(generator: str, params: dict[str, float], radius: int, dtype: torch.dtype):
    graph = drawn(generator, **params).graph
    spectra = solved(graph, torch.arange(graph.n), radius, dtype)
    for seed in range(0, graph.n, 13):
        values = exact(graph, seed, radius)
        allowed = TOLERANCES[dtype] * values[-1]
        expected = values[1] if len(values) > 1 else 0.0
        assert float(spectra.lambda2[seed]) == pytest.approx(expected, abs=allowed)
        assert float(spectra.largest[seed]) == pytest.approx(values[-1], abs=allowed)
        if len(values) > 2:
            assert float(spectra.gap[seed]) == pytest.approx(values[2] - values[1], abs=2 * allowed)


def test_what_is_alike_is_solved_once(monkeypatch: pytest.MonkeyPatch):
    random = torch.Generator().manual_seed(3)
    kinds = torch.rand(7, 5, 5, generator=random)
    W = kinds[torch.randint(7, (300,), generator=random)]
    once, same = distinct(W)
    assert torch.equal(W[once][same], W)
    assert len(once) == 7
    monkeypatch.setattr(torch, "sin", torch.zeros_like)  # all are marked alike
    once, same = distinct(W)
    assert torch.equal(W[once][same], W)


def test_as_networkx_calls_it():
    graph = drawn("territory").graph
    seeds = torch.randperm(graph.n, generator=torch.Generator().manual_seed(1))[:20]
    spectra = solved(graph, seeds, 3, torch.float64)
    for seed, value in zip(seeds.tolist(), spectra.lambda2.tolist(), strict=True):
        ball = nx.ego_graph(to_networkx(graph), seed, 3)
        assert value == pytest.approx(nx.algebraic_connectivity(ball, tol=1e-12), abs=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("graph", "seed", "radius", "value"),
    [
        (path(9), 4, 4, 2 - 2 * np.cos(np.pi / 9)),
        (of_networkx(nx.cycle_graph(10)), 0, 5, 2 - 2 * np.cos(2 * np.pi / 10)),
        (star(40), 0, 1, 1),
        (complete(30), 3, 1, 30),
        (complete(2), 0, 1, 2),
        (made(2, [(0, 1)], [0.25]), 0, 3, 0.5),
        (made(3, [(0, 1)]), 2, 2, 0),
        (drawn("square", rows=4, cols=6).graph, 0, 8, 2 - 2 * np.cos(np.pi / 6)),
        (of_networkx(nx.hypercube_graph(5)), 0, 5, 2),
    ],
    ids=["path", "cycle", "star", "complete", "edge", "light edge", "alone", "grid", "hypercube"],
)
def test_closed_forms(graph: Graph, seed: int, radius: int, value: float, dtype: torch.dtype):
    spectra = solved(graph, torch.tensor([seed]), radius, dtype)
    allowed = TOLERANCES[dtype] * float(spectra.largest)
    assert float(spectra.lambda2) == pytest.approx(value, abs=allowed)


@pytest.mark.parametrize("scale", [1e-28, 1e28])
def test_the_scale_of_the_weights_does_not_matter(scale: float):
    graph = drawn("territory").graph
    scaled = Graph(graph.crow, graph.col, graph.w * scale)
    seeds = torch.arange(60)
    values, others = (solved(each, seeds, 3).lambda2 for each in (graph, scaled))
    assert torch.allclose(others / scale, values, rtol=1e-4)


def test_weights_over_many_orders():
    random = np.random.default_rng(1)
    pairs = [(int(a), int(b)) for a, b in random.integers(0, 40, (200, 2)) if a != b]
    graph = made(40, pairs, (10 ** random.uniform(-5, 0, len(pairs))).tolist())
    assert dtype_for(graph) == torch.float64
    assert dtype_for(drawn("territory").graph) == torch.float32
    spectra = solved(graph, torch.arange(40), 2, dtype_for(graph))
    for seed in range(40):
        values = exact(graph, seed, 2)
        assert float(spectra.lambda2[seed]) == pytest.approx(values[1], abs=1e-10 * values[-1])


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_normalized(dtype: torch.dtype):
    random = np.random.default_rng(2)
    pairs = [(int(a), int(b)) for a, b in random.integers(0, 60, (150, 2)) if a != b]
    graph = made(61, pairs, random.uniform(0.1, 1, len(pairs)).tolist())  # node 60 is alone
    spectra = solved(graph, torch.arange(61), 2, dtype, normalized=True)
    for seed in range(60):
        values = exact(graph, seed, 2, normalized=True)
        assert float(spectra.lambda2[seed]) == pytest.approx(values[1], abs=TOLERANCES[dtype])
    assert float(spectra.lambda2[60]) == 0


def test_vectors():
    graph = drawn("territory").graph
    seeds = torch.arange(0, graph.n, 11)
    found = balls(graph, seeds, 3)
    spectra = dense_spectra(local_edges(graph, found), found.sizes, torch.float64, vectors=True)
    assert spectra.vectors is not None
    for q in range(len(seeds)):
        nodes = found.node[found.start[q] : found.start[q + 1]].tolist()
        x = spectra.vectors[found.start[q] : found.start[q + 1]].numpy()
        ball = to_networkx(graph).subgraph(nodes)
        L = nx.laplacian_matrix(ball, nodelist=nodes).toarray()
        assert np.allclose(L @ x, float(spectra.lambda2[q]) * x, atol=1e-12)
        assert np.linalg.norm(x) == pytest.approx(1)
        assert x[np.abs(x).argmax()] > 0


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_ball_has_the_same_bytes_in_any_batch(dtype: torch.dtype):
    graph = drawn("gnp", n=400, p=0.012, seed=3).graph
    whole = solved(graph, torch.arange(400), 3, dtype)
    for seeds in (torch.arange(400).flip(0), torch.arange(17, 23), torch.tensor([5])):
        part = solved(graph, seeds, 3, dtype)
        assert torch.equal(part.lambda2, whole.lambda2[seeds])
        assert torch.equal(part.gap.nan_to_num(), whole.gap[seeds].nan_to_num())


def test_matrices_lie_at_multiples_of_64_bytes_and_hardly_grow():
    sizes = torch.arange(1, 1025)
    shapes = padded(sizes)
    assert bool((shapes >= sizes).all())
    assert bool((shapes**2 * 4 % 64 == 0).all())
    assert bool((shapes[32:] < 1.26 * sizes[32:]).all())
    assert len(shapes.unique()) < 30


def test_balls_that_are_too_large_are_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local, "MOST_DENSE", 20)
    spectra = solved(star(30), torch.tensor([0, 1]), 1, vectors=True)
    assert spectra.lambda2.isnan().tolist() == [True, False]
    assert spectra.vectors is not None
    assert not bool(spectra.vectors[:30].any())
