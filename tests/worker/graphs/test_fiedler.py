import networkx as nx
import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from scipy.sparse.linalg import eigsh

from tests.worker.graphs.oracles import (
    Array,
    checkerboard,
    complete,
    drawn,
    laplacian,
    made,
    of_networkx,
    path,
    star,
)
from worker.graphs.eigen import Method
from worker.graphs.errors import BadGraph
from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve, Solved
from worker.graphs.graph import Graph

ITERATIVE: list[Method] = ["lobpcg", "invit"]


def solved(graph: Graph, **settings: object) -> FiedlerSolve:
    solve = FiedlerSolve(graph, FiedlerSettings(**settings))  # type: ignore[arg-type]
    steps = 0
    while not solve.finished:
        solve.step()
        steps += 1
        assert steps < 2000
    return solve


def only(graph: Graph, **settings: object) -> Solved:
    found = solved(graph, **settings).solved
    assert len(found) == 1
    return found[0]


def exact(graph: Graph, count: int) -> tuple[Array, Array]:
    start = np.sin(np.arange(graph.n) ** 2.0)
    values, vectors = eigsh(laplacian(graph), k=count + 1, sigma=-1e-6, v0=start)
    order = values.argsort()[1:]
    return values[order], vectors[:, order]


def assert_spaces(found: Solved, values: Array, vectors: Array, least_gap: float = 1e-3) -> None:
    """Each cluster of eigenvalues has the exact space; single ones the exact vector."""
    apart = np.flatnonzero(np.diff(values) > least_gap * values[1:]) + 1
    k = len(found.values)
    for cluster in np.split(np.arange(len(values)), apart):
        if cluster[-1] >= k:
            break
        mine = found.vectors[cluster].T
        assert subspace_angles(mine, vectors[:, cluster]).max() <= 1e-2
        if len(cluster) == 1:
            assert abs(mine[:, 0] @ vectors[:, cluster[0]]) >= 0.999


GRAPHS = {
    "grid": lambda: drawn("square", rows=24, cols=31).graph,
    "square grid": lambda: drawn("square", rows=28, cols=28).graph,
    "territory": lambda: drawn("territory", num_islands=5).graph,
    "checkerboard": lambda: checkerboard(8, 8),
    "hexagons": lambda: drawn("hex", rows=25, cols=30).graph,
    "hubs": lambda: of_networkx(nx.barabasi_albert_graph(900, 2, seed=1)),
    "path": lambda: path(700),
    "heights": lambda: (
        drawn(
            "heightfield", heights=np.random.default_rng(1).exponential(5, (25, 25)).tolist()
        ).graph
    ),
}


@pytest.mark.parametrize("method", ["auto", *ITERATIVE])
@pytest.mark.parametrize("name", GRAPHS)
def test_as_scipy(name: str, method: Method):
    graph = GRAPHS[name]()
    found = only(graph, k=5, solver=method)
    assert found.converged.all()
    values, vectors = exact(graph, 8)
    assert np.allclose(found.values, values[:5], rtol=1e-4, atol=0)
    assert_spaces(found, values, vectors)
    again = laplacian(graph) @ found.vectors.T - found.vectors.T * found.values
    assert np.allclose(np.linalg.norm(again, axis=0), found.residual, atol=1e-14 * found.largest)
    assert (found.relative()[0] <= 1e-3).all()
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(5), atol=1e-9)
    assert np.abs(found.vectors.sum(1)).max() < 1e-7
    top = eigsh(laplacian(graph), k=1, tol=1e-2, return_eigenvectors=False)[0]
    assert top <= found.largest <= 2 * top


def test_the_checkerboard_has_two_tiny_equal_eigenvalues():
    found = only(checkerboard(8, 8))
    assert found.values[:2] == pytest.approx([8.64e-7, 8.64e-7], rel=1e-3)
    assert found.converged.all()


@pytest.mark.parametrize("method", ["auto", "dense", *ITERATIVE])
@pytest.mark.parametrize(
    ("graph", "values"),
    [
        (path(50), [2 - 2 * np.cos(i * np.pi / 50) for i in (1, 2, 3)]),
        (of_networkx(nx.cycle_graph(60)), [2 - 2 * np.cos(2 * np.pi * i / 60) for i in (1, 1, 2)]),
        (star(80), [1, 1, 1]),
        (complete(40), [40, 40, 40]),
        (drawn("square", rows=6, cols=9).graph, [2 - 2 * np.cos(np.pi / 9)]),
        (of_networkx(nx.hypercube_graph(6)), [2, 2, 2]),
        (complete(2), [2]),
        (complete(3), [3, 3]),
        (made(3, [(0, 1), (1, 2)], [1e-20, 1e-20]), [1e-20, 3e-20]),
    ],
    ids=["path", "cycle", "star", "complete", "grid", "cube", "edge", "triangle", "light path"],
)
def test_closed_forms(graph: Graph, values: list[float], method: Method):
    found = only(graph, solver=method, tolerance=1e-5)
    assert found.converged.all()
    assert found.values[: len(values)].tolist() == pytest.approx(values, rel=1e-6)
    assert len(found.values) == min(4, graph.n - 1)
    assert np.isfinite(found.vectors).all()


def test_the_largest_entry_is_positive():
    found = only(drawn("territory").graph)
    peaks = np.abs(found.vectors).argmax(1)
    assert (found.vectors[np.arange(4), peaks] > 0).all()


def test_of_several_components_the_largest():
    graph = drawn("territory", num_islands=3, bridge_width=0).graph
    apart = solved(graph)
    assert apart.lambda2 == 0
    assert apart.components is not None
    assert apart.components.sizes.tolist() == [137, 137, 137]
    assert [each.component for each in apart.solved] == [0]
    alone = only(drawn("territory", num_islands=1).graph)
    assert np.allclose(apart.solved[0].values, alone.values)
    assert apart.solved[0].nodes.tolist() == list(range(137))
    each = solved(graph, per_component=True)
    assert [part.component for part in each.solved] == [0, 1, 2]
    assert each.total == 3
    for part in each.solved:
        assert np.allclose(part.values, alone.values)


@pytest.mark.parametrize(("n", "count"), [(1, 1), (5, 5)])
def test_nodes_alone_have_no_vectors(n: int, count: int):
    found = solved(made(n, [(0, 0)]), per_component=True)
    assert found.lambda2 == 0
    assert found.solved == []
    assert found.components is not None
    assert found.components.number == count


def test_it_can_be_read_after_every_step_and_gets_better():
    graph = drawn("square", rows=70, cols=60).graph
    solve = FiedlerSolve(graph, FiedlerSettings(k=2))
    worst = []
    assert solve.lambda2 is None
    assert solve.total is None
    while not solve.finished:
        solve.step()
        pairs = solve.pairs()
        if pairs and len(pairs[0].values):
            worst.append(pairs[0].relative()[0].max())
    assert len(worst) > 3
    assert worst[-1] <= 1e-3 < worst[0]
    assert solve.lambda2 == pytest.approx(2 - 2 * np.cos(np.pi / 70), rel=1e-5)


def test_it_goes_on_from_what_another_has_found():
    graph = drawn("square", rows=70, cols=60).graph
    first, whole = FiedlerSolve(graph, FiedlerSettings()), solved(graph)
    while not (first.pairs() and len(first.pairs()[0].values)) or first.pairs()[0].iterations < 6:
        first.step()
    second = FiedlerSolve(graph, FiedlerSettings())
    second.restore(first.checkpoint())
    while not second.finished:
        second.step()
    assert second.solved[0].iterations < whole.solved[0].iterations - 2
    assert np.allclose(second.solved[0].values, whole.solved[0].values, rtol=1e-5)
    third = FiedlerSolve(graph, FiedlerSettings())
    third.restore(whole.checkpoint())
    while not third.finished:
        third.step()
    assert third.solved[0].iterations == 0


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("vectors", None),
        ("vectors", np.zeros(7)),
        ("vectors", np.full(4 * 421, np.nan)),
        ("component", np.array([3])),
        ("component", np.zeros(1, np.int32)),
        ("rows", np.array([-4])),
        ("rows", np.array([4, 4])),
    ],
)
def test_what_is_no_checkpoint_is_refused(name: str, array: Array | None):
    graph = drawn("territory").graph
    arrays = solved(graph).checkpoint()
    del arrays[name]
    if array is not None:
        arrays[name] = array
    with pytest.raises(ValueError, match=r"vectors|component|rows"):
        FiedlerSolve(graph, FiedlerSettings()).restore(arrays)


def test_dense_is_for_small_graphs():
    graph = drawn("square", rows=50, cols=50).graph
    with pytest.raises(BadGraph, match=r"params\.solver: dense takes up to 2048"):
        FiedlerSolve(graph, FiedlerSettings(solver="dense"))


def test_many_vectors_are_for_graphs_that_are_not_the_largest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("worker.graphs.fiedler.MOST_VALUES", 4 * 421)
    assert len(only(drawn("territory").graph, k=4).values) == 4
    with pytest.raises(BadGraph, match=r"params\.k: of 421 nodes at most 4 vectors"):
        FiedlerSolve(drawn("territory").graph, FiedlerSettings(k=5))


def test_more_than_float64_can_give_is_not_called_converged():
    pairs = [(i, i + 1) for i in range(599)]
    graph = made(600, pairs, [1e-15 if i == 299 else 1.0 for i in range(599)])
    found = only(graph, k=1, solver="lobpcg")
    assert bool(found.precision_limited[0]) != bool(found.converged[0])
    assert found.values[0] < 1e-14


@pytest.mark.parametrize("method", ["auto", "invit"])
@pytest.mark.parametrize("span", [30, 5])
def test_weights_over_many_orders(span: int, method: Method):
    random = np.random.default_rng(span)
    n = 560
    pairs = [(int(a), int(b)) for a, b in random.integers(0, n, (2 * n, 2)) if a != b]
    pairs += [(i, i + 1) for i in range(n - 1)]
    graph = made(n, pairs, (10 ** random.uniform(-span, span, len(pairs))).tolist())
    found = only(graph, solver=method)
    assert (found.converged | found.precision_limited).all()
    assert found.converged.all() == (span == 5)
    assert np.isfinite(found.vectors).all()
    if span == 5:
        values = np.linalg.eigvalsh(laplacian(graph).toarray())[1:5]
        assert np.allclose(found.values, values, rtol=1e-4)


@pytest.mark.cuda
def test_on_cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA")
    graph = checkerboard(8, 8)
    there, here = only(graph.to(torch.device("cuda"))), only(graph)
    assert there.converged.all()
    assert np.allclose(there.values, here.values, rtol=1e-5)
