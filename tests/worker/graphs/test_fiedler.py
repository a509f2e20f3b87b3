from collections.abc import Callable
from itertools import pairwise

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
from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve
from worker.graphs.graph import Graph
from worker.graphs.nested import LevelProblem
from worker.graphs.solved import Solved

ITERATIVE: list[Method] = ["lobpcg", "invit"]
METHODS: list[Method] = ["auto", "dense", "lanczos", *ITERATIVE]


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


@pytest.mark.parametrize("method", METHODS)
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
    assert apart.lambda2(apart.pairs()) == 0
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
    assert found.lambda2(found.pairs()) == 0
    assert found.solved == []
    assert found.components is not None
    assert found.components.number == count


def test_it_can_be_read_after_every_step_and_gets_better():
    graph = drawn("square", rows=70, cols=60).graph
    solve = FiedlerSolve(graph, FiedlerSettings(k=2))
    worst = []
    assert solve.lambda2(solve.pairs()) is None
    assert solve.total is None
    while not solve.finished:
        solve.step()
        pairs = solve.pairs()
        if pairs and len(pairs[0].values):
            worst.append(pairs[0].relative()[0].max())
    assert len(worst) > 3
    assert worst[-1] <= 1e-3 < worst[0]
    assert solve.lambda2(solve.pairs()) == pytest.approx(2 - 2 * np.cos(np.pi / 70), rel=1e-5)


def wheel(n: int) -> Graph:
    """All its eigenvalues but one lie in 1..5, hundreds of them within 0.001 of the smallest."""
    return of_networkx(nx.wheel_graph(n))


BEGUN_ANEW = {
    "grid": (lambda: drawn("square", rows=70, cols=60).graph, "auto"),
    "islands": (
        lambda: drawn("territory", num_islands=3, radius=14, bridge_width=0, spacing=40).graph,
        "auto",
    ),
    "inverse iteration": (lambda: path(700), "invit"),
    "lanczos": (lambda: wheel(600), "lanczos"),
    "one method after another": (lambda: wheel(700), "auto"),
}


@pytest.mark.parametrize("name", BEGUN_ANEW)
def test_resumed_after_any_step_it_ends_as_in_one_go(name: str):
    make, method = BEGUN_ANEW[name]
    graph, settings = make(), FiedlerSettings(3, method, per_component=True)  # type: ignore[arg-type]
    whole = solved(graph, k=3, solver=method, per_component=True).solved
    for steps in (11, 23):
        part = FiedlerSolve(graph, settings)
        while not part.finished:
            for _ in range(steps + 22):  # of inverse iteration 21 are one that is kept
                part = part if part.finished else stepped(part)
            left = {name: array.copy() for name, array in part.checkpoint().items()}
            part = FiedlerSolve(graph, settings)
            part.restore(left)
        for mine, theirs in zip(part.solved, whole, strict=True):
            for a, b in zip(mine, theirs, strict=True):
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("name", ["grid", "islands"])
def test_resumed_after_each_step_it_shows_what_it_did_and_goes_on(name: str):
    graph, settings = BEGUN_ANEW[name][0](), FiedlerSettings(2, per_component=True)
    whole, part = solved(graph, k=2, per_component=True), FiedlerSolve(graph, settings)
    steps = 0
    while not part.finished:
        steps += 1
        before = stepped(part).pairs()
        left = {name: array.copy() for name, array in part.checkpoint().items()}
        part = FiedlerSolve(graph, settings)
        part.restore(left)
        assert_same(part.pairs(), before)
        assert steps < 500
    assert_same(part.solved, whole.solved)


def assert_same(mine: list[Solved], theirs: list[Solved]) -> None:
    # One that has just begun has no pairs, and nothing to go on from.
    mine, theirs = ([each for each in found if len(each.values)] for found in (mine, theirs))
    for one, other in zip(mine, theirs, strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("side", [60, 200])  # of one piece, and of two
def test_the_bytes_are_the_same_on_any_number_of_cores(side: int):
    graph, found = drawn("square", rows=side, cols=side + 7).graph, []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(only(graph, k=3))
    finally:
        torch.set_num_threads(threads)
    assert_same([found[0]], [found[1]])


def test_levels_are_left_out_where_there_is_no_room_for_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("worker.graphs.eigen.MOST_KEPT", 1)
    graph, settings = drawn("square", rows=70, cols=60).graph, FiedlerSettings(2)
    part = FiedlerSolve(graph, settings)
    for _ in range(6):
        part.step()
    assert {"current.x", "current.level0.w"} <= part.checkpoint().keys()
    while part.pairs()[0].iterations < 2:
        part.step()
    left = part.checkpoint()
    assert not [name for name in left if "level" in name]
    again = FiedlerSolve(graph, settings)
    again.restore(left)
    assert_same(again.pairs(), part.pairs())
    while not again.finished:
        again.step()
    assert_same(again.solved, solved(graph, k=2).solved)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("label", lambda x: x + 1),
        ("label", lambda x: x[:-1]),
        ("label", np.zeros_like),
        ("label", lambda x: x.astype(np.int64)),
        ("entries", lambda x: x - x),
        ("entries", lambda x: np.append(x, np.ones(9000, x.dtype))),
        ("col", lambda x: x * -1),
        ("col", lambda x: x + 5000),
        ("col", lambda x: x[1:]),
        ("w", lambda x: x * np.nan),
        ("w", lambda x: x[1:]),
        ("w", lambda x: x.astype(np.float16)),
        ("w", lambda x: x[:, None]),
        ("w", lambda _: None),
    ],
)
def test_what_are_no_levels_of_the_graph_is_refused(name: str, change: Callable[[Array], Array]):
    graph, settings = drawn("square", rows=70, cols=60).graph, FiedlerSettings(2)
    part = FiedlerSolve(graph, settings)
    for _ in range(6):
        part.step()
    for level in ("level0", "level1"):
        left = part.checkpoint()
        left[f"current.{level}.{name}"] = change(left[f"current.{level}.{name}"])
        left = {each: array for each, array in left.items() if array is not None}
        with pytest.raises(ValueError, match=r"^[a-zX]+: not "):
            FiedlerSolve(graph, settings).restore(left)
    left = {each: array for each, array in part.checkpoint().items() if "level" not in each}
    with pytest.raises(ValueError, match="not on a level"):
        FiedlerSolve(graph, settings).restore(left)


def stepped(solve: FiedlerSolve) -> FiedlerSolve:
    solve.step()
    return solve


def test_a_step_that_is_given_up_leaves_no_trace(monkeypatch: pytest.MonkeyPatch):
    graph = drawn("square", rows=70, cols=60).graph
    whole = solved(graph).solved[0]
    part = FiedlerSolve(graph, FiedlerSettings())
    while part.pairs() == [] or part.pairs()[0].iterations < 4:
        part.step()

    def given_up(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LevelProblem, "improved", given_up)
    with pytest.raises(KeyboardInterrupt):
        part.step()
    monkeypatch.undo()
    again = FiedlerSolve(graph, FiedlerSettings())
    again.restore(part.checkpoint())
    while not again.finished:
        again.step()
    assert again.solved[0].vectors.tobytes() == whole.vectors.tobytes()
    assert again.solved[0].iterations == whole.iterations


def test_there_is_something_before_the_graph_itself_is_reached():
    graph = drawn("square", rows=150, cols=160).graph
    solve = FiedlerSolve(graph, FiedlerSettings(k=3))
    while not (solve.pairs() and len(solve.pairs()[0].values)):
        solve.step()
    (early,) = solve.pairs()
    assert (early.iterations, len(early.values)) == (0, 3)
    again = laplacian(graph) @ early.vectors.T - early.vectors.T * early.values
    assert np.allclose(np.linalg.norm(again, axis=0), early.residual)
    assert 1 < early.values[0] / (2 - 2 * np.cos(np.pi / 160)) < 6
    assert not early.converged.any()


@pytest.mark.parametrize("name", ["grid", "square grid", "hexagons", "hubs", "heights"])
def test_what_is_shown_on_the_way_up_does_not_become_worse(name: str):
    solve = FiedlerSolve(GRAPHS[name](), FiedlerSettings(k=3, solver="lobpcg"))
    sums: list[float] = []
    while not solve.finished:
        solve.step()
        sums += [float(each.values.sum()) for each in solve.pairs() if len(each.values)]
    assert len(sums) > 8
    assert all(after <= 1.02 * before for before, after in pairwise(sums))


@pytest.mark.parametrize("n", [600, 2500])
def test_where_one_method_stalls_another_goes_on(n: int):
    found = only(wheel(n), k=5)
    assert found.converged.all()
    assert found.solver == ("dense" if n == 600 else "lanczos")
    exact_values = 3 - 2 * np.cos(2 * np.pi * np.array([1, 1, 2, 2, 3]) / (n - 1))
    assert np.allclose(found.values, exact_values, rtol=1e-4)


def test_the_dense_solver_does_not_keep_anybody_waiting():
    solve = FiedlerSolve(drawn("square", rows=30, cols=60).graph, FiedlerSettings(solver="dense"))
    waits = 0
    while not solve.finished:
        solve.step()
        waits += 1
    assert solve.solved[0].converged.all()
    assert waits > 3


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("vectors", None),
        ("vectors", np.zeros(7)),
        ("components", np.array([3, 4, 2, 1])),
        ("components", np.array([0, 4, 9, 1])),
        ("components", np.array([0, -4, 2, 1])),
        ("components", np.zeros(4, np.int32)),
        ("largest", np.zeros(2)),
        ("values", np.zeros(3)),
        ("current.x", np.zeros((6, 421))),
        ("current.goal", np.zeros(2)),
        ("current.numbers", np.zeros(3, np.int64)),
    ],
)
def test_what_is_no_checkpoint_is_refused(name: str, array: Array | None):
    graph = drawn("territory").graph
    arrays = solved(graph).checkpoint()
    arrays.pop(name, None)
    if array is not None:
        arrays[name] = array
    with pytest.raises(ValueError, match=r"not|instead"):
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
