import networkx as nx
import numpy as np
import pytest
import torch

from tests.worker.graphs.oracles import checkerboard, drawn, laplacian, made, of_networkx, star
from worker.graphs.cg import ConjugateGradients, solve
from worker.graphs.coarsening import coarser, strongest, strongest_by_torch
from worker.graphs.graph import Graph
from worker.graphs.laplacian import SparseLaplacian, sparse_laplacian
from worker.graphs.multigrid import Multigrid, dense


@pytest.mark.parametrize("vectors", [1, 2, 3, 4, 8])
def test_the_product_on_every_device_as_scipy(vectors: int):
    graph = of_networkx(nx.barabasi_albert_graph(200, 3, seed=1))
    graph = Graph(graph.crow, graph.col, graph.w * 0.3)
    X = torch.from_numpy(np.random.default_rng(1).normal(size=(vectors, 200)))
    expected = X.numpy() @ laplacian(graph)
    L = sparse_laplacian(graph)
    assert np.allclose(L.apply(X), expected, atol=1e-12)
    assert np.allclose(L.by_torch(X), expected, atol=1e-12)
    assert np.allclose(L.residual(2 * X, X), 2 * X.numpy() - expected, atol=1e-12)
    assert np.allclose(dense(L), laplacian(graph).toarray())


def test_the_product_keeps_small_differences():
    graph = drawn("square", rows=1, cols=100).graph
    x = 1e8 + torch.arange(100, dtype=torch.float64)[None] / 8
    assert sparse_laplacian(graph).apply(x)[0, 1:-1].abs().max() == 0


@pytest.mark.parametrize(
    "graph",
    [drawn("territory").graph, star(50), checkerboard(4, 5), drawn("gnp", n=300, p=0.05).graph],
)
def test_a_coarser_graph_is_the_sum_of_the_finer_one(graph: Graph):
    fine = sparse_laplacian(graph)
    level = coarser(fine, torch.ones(graph.n, dtype=torch.float64))
    P = torch.nn.functional.one_hot(level.label).double()
    assert torch.allclose(dense(level.laplacian), P.T @ dense(fine) @ P)
    assert torch.equal(level.mass, P.sum(0))
    assert level.laplacian.n <= graph.n / 2
    X = torch.from_numpy(np.random.default_rng(1).normal(size=(2, graph.n)))
    assert torch.allclose(level.restrict(X), X @ P)
    Y = X[:, : level.laplacian.n]
    assert torch.equal(level.prolong(Y), Y @ P.T)
    assert torch.allclose(level.corrected(X, fine.degree, Y), X * fine.degree + Y @ P.T)
    parts = [set(P[:, g].nonzero()[:, 0].tolist()) for g in range(level.laplacian.n)]
    G = nx.Graph(list(zip(graph.rows().tolist(), graph.col.tolist(), strict=True)))
    assert all(nx.is_connected(G.subgraph(part)) for part in parts)


@pytest.mark.parametrize("ties", [True, False])
def test_the_strongest_neighbour_is_the_same_on_every_device(ties: bool):
    graph = of_networkx(nx.barabasi_albert_graph(3000, 3, seed=1))
    w = torch.from_numpy(np.random.default_rng(1).integers(1, 4 if ties else 1 << 20, len(graph.w)))
    upwards = graph.rows() < graph.col
    both = {}
    for row, col, each in zip(graph.rows()[upwards], graph.col[upwards], w, strict=False):
        both[int(row), int(col)] = both[int(col), int(row)] = float(each)
    pairs = zip(graph.rows().tolist(), graph.col.tolist(), strict=True)
    weights = torch.tensor([both[pair] for pair in pairs])
    fine = sparse_laplacian(Graph(graph.crow, graph.col, weights))
    assert torch.equal(strongest(fine), strongest_by_torch(fine, graph.rows()))


def test_every_level_is_exactly_symmetric():
    # Else the heaviest edges of several groups could form a circle that has no root.
    random = np.random.default_rng(1)
    pairs = [(i, i + 1) for i in range(1999)]
    pairs += [(int(a), int(b)) for a, b in random.integers(0, 2000, (9000, 2))]
    graph = made(2000, pairs, (10 ** random.uniform(-12, 0, len(pairs))).tolist())
    for each in Multigrid(sparse_laplacian(graph)).laplacians:
        L = dense(each)
        assert torch.equal(L, L.T)


def test_groups_keep_to_their_side_of_weak_edges():
    level = coarser(sparse_laplacian(checkerboard(4, 5)), torch.ones(400, dtype=torch.float64))
    side = np.add.outer(np.arange(20) // 5 * 4, np.arange(20) // 5).ravel()
    assert all(len(set(side[level.label.numpy() == g])) == 1 for g in range(level.laplacian.n))


def iterations(laplacian: SparseLaplacian) -> int:
    n = laplacian.n
    rhs = torch.from_numpy(np.random.default_rng(1).normal(size=(1, n)))
    constant = torch.full((1, n), n**-0.5, dtype=torch.float64)
    grids = Multigrid(laplacian)
    found = solve(
        ConjugateGradients(
            laplacian.apply, rhs, grids.precondition, deflated=constant, tolerance=1e-8
        )
    )
    assert found.status.tolist() == [0]
    return int(found.iterations)


def test_iterations_hardly_grow_with_the_graph():
    # Preconditioned by the degrees alone: 1337 on the second.
    sides = (30, 100, 200)
    counts = [iterations(sparse_laplacian(drawn("square", rows=s, cols=s).graph)) for s in sides]
    assert max(counts) <= 28, counts
