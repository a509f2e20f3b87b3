import time
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
import torch

from tests.worker.graphs.oracles import Array, complete, drawn, made, of_networkx, star
from worker.graphs import expansion, large, local
from worker.graphs.errors import BadGraph
from worker.graphs.expanded import KEPT
from worker.graphs.expansion import ExpansionMap, ExpansionSettings
from worker.graphs.graph import Graph


def complete_map(
    graph: Graph, settings: ExpansionSettings, nodes: Array | None = None, seconds: float = 0.05
) -> ExpansionMap:
    found = ExpansionMap(graph, settings, nodes)
    while not found.finished:
        found.step(seconds)
    return found


def same(a: ExpansionMap, b: ExpansionMap) -> bool:
    vectors, others = a.ragged.arrays(), b.ragged.arrays()
    return (
        all(np.array_equal(getattr(a, x), getattr(b, x), equal_nan=True) for x in (*KEPT, "done"))
        and vectors.keys() == others.keys()
        and all(np.array_equal(vectors[name], others[name]) for name in vectors)
    )


@pytest.mark.parametrize(
    ("radius", "island", "bridge"),
    [
        (2, (0.5153, 0.3644, 0.5572), (0.3474, 0.2955, 0.3820)),
        (3, (0.3087, 0.1911, 0.4270), (0.1578, 0.1466, 0.1981)),
    ],
)
def test_the_territory(radius: int, island: tuple[float, ...], bridge: tuple[float, ...]):
    file = drawn("territory")
    found = complete_map(file.graph, ExpansionSettings(radius))
    on_bridge = file.attrs["is_bridge"] == 1
    for where, expected in ((~on_bridge, island), (on_bridge, bridge)):
        values = found.lambda2[where]
        assert np.round([values.mean(), values.min(), values.max()], 4).tolist() == list(expected)
    assert np.array_equal(found.expansion(), found.lambda2 * (radius + 1) ** 2)


def test_expansion_is_about_five_within_a_grid():
    inside = np.array([32 * 65 + 32])
    for radius in (2, 3, 4):
        found = complete_map(
            drawn("square", rows=64, cols=65).graph, ExpansionSettings(radius), inside
        )
        assert found.expansion()[0] == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize(
    ("order", "vectors"), [("coverage", False), ("natural", True), ("given", False)]
)
def test_resumed_after_any_step_it_ends_as_in_one_go(order: str, vectors: bool):
    graph = drawn("gnp", n=200, p=0.012, seed=5).graph
    nodes = np.random.default_rng(1).permutation(200)[:151]
    settings = ExpansionSettings(3, order, vectors=vectors)  # type: ignore[arg-type]
    whole = complete_map(graph, settings, nodes)
    first = ExpansionMap(graph, settings, nodes)
    first._pace_s = 1.0  # chunks of one node
    for _ in range(5):
        first.step(1e-9)
    second = ExpansionMap(graph, settings, nodes)
    second.restore(first.checkpoint())
    assert second.count == 4
    second.step()
    second.step(1e-4)
    third = ExpansionMap(graph, settings, nodes)
    third.restore({name: array.copy() for name, array in second.checkpoint().items()})
    assert 4 < third.count < 151
    while not third.finished:
        third.step(0.01)
    assert same(third, whole)
    again = ExpansionMap(graph, settings, nodes)
    again.restore(whole.checkpoint())
    assert again.finished
    assert same(again, whole)


def test_patches_tell_what_is_new():
    found = ExpansionMap(drawn("territory").graph, ExpansionSettings())
    values = np.full(421, np.nan)
    while not found.finished:
        patch = found.step(0.002)
        assert np.isnan(values[patch.nodes]).all()
        values[patch.nodes] = patch.lambda2
    assert np.array_equal(values, found.lambda2)


def test_a_partial_map_covers_the_graph_evenly():
    graph = drawn("square", rows=40, cols=100).graph
    found = ExpansionMap(graph, ExpansionSettings(radius=1))
    found.step()
    while found.count < 400:
        found.step(0.002)
    quarters = found.done.reshape(4, 1000).sum(1)
    assert quarters.min() > 0.95 * quarters.max()
    natural = ExpansionMap(graph, ExpansionSettings(radius=1, order="natural"))
    natural.step()
    natural.step(0.002)
    assert natural.done[: natural.count].all()


def test_some_nodes_in_the_order_given():
    graph = drawn("territory").graph
    nodes = np.array([400, 3, 77])
    found = ExpansionMap(graph, ExpansionSettings(order="given"), nodes)
    found.step()
    found._pace_s = 1.0
    assert found.step(1e-9).nodes.tolist() == [400]
    assert found.step(1e-9).nodes.tolist() == [3]
    whole = complete_map(graph, ExpansionSettings())
    while not found.finished:
        found.step()
    assert np.array_equal(found.lambda2, whole.lambda2[nodes])


@pytest.mark.parametrize("vectors", [False, True])
def test_large_balls_are_solved_by_iteration(vectors: bool, monkeypatch: pytest.MonkeyPatch):
    graph = of_networkx(nx.barabasi_albert_graph(300, 3, seed=2))
    settings = ExpansionSettings(2, precision="float64", vectors=vectors)
    nodes = np.arange(0, 300, 9)
    exact = complete_map(graph, settings, nodes)
    for module in (local, large):
        monkeypatch.setattr(module, "MOST_DENSE", 40)
    monkeypatch.setattr("worker.graphs.eigen.DENSE", 30)
    monkeypatch.setattr("worker.graphs.multigrid.COARSEST", 20)
    found = complete_map(graph, settings, nodes)
    assert (found.ball_size > 40).sum() > 10
    assert np.allclose(found.lambda2, exact.lambda2, rtol=1e-9, atol=0)
    assert np.allclose(found.gap, exact.gap, rtol=1e-6, atol=1e-8)
    if vectors:
        mine, theirs = found.ragged.arrays(), exact.ragged.arrays()
        ends = mine["vector_size"].cumsum()
        a, b = (np.split(each["vector"], ends[:-1]) for each in (mine, theirs))
        apart = [abs(abs(x @ y) - 1) for x, y in zip(a, b, strict=True)]
        assert np.quantile(apart, 0.9) < 1e-6  # equal eigenvalues have no vector of their own


def test_balls_of_too_many_nodes():
    found = complete_map(star(40), ExpansionSettings(2, most=30))
    assert found.truncated().all()
    assert np.isnan(found.lambda2[0])
    assert (found.lambda2[1:] == 2).all()
    assert found.hops.tolist() == [0] + [1] * 39
    assert found.expansion()[1] == 2 * 2**2
    assert not complete_map(star(40), ExpansionSettings(2)).truncated().any()


def test_a_hub_does_not_hold_up_its_leaves():
    started = time.process_time()
    found = complete_map(star(50_000), ExpansionSettings(2))
    assert found.truncated().all()
    assert time.process_time() - started < 20  # 2.5e9 looks at the hub's neighbours take minutes


def test_lone_nodes_and_pairs():
    found = complete_map(made(4, [(0, 1)], [3.0]), ExpansionSettings())
    assert found.lambda2.tolist() == pytest.approx([6, 6, 0, 0])
    assert found.ball_size.tolist() == [2, 2, 1, 1]
    assert np.isnan(found.gap).all()


def test_what_has_no_vector_of_its_own_says_so():
    grid = drawn("square", rows=9, cols=9).graph
    found = complete_map(grid, ExpansionSettings(2), np.array([40, 0]))
    assert found.degenerate.tolist() == [True, False]  # a diamond is as wide as it is high
    assert not complete_map(
        drawn("square", rows=1, cols=9).graph, ExpansionSettings()
    ).degenerate.any()


def test_a_crowded_graph_in_parts(monkeypatch: pytest.MonkeyPatch):
    graph = drawn("gnp", n=120, p=0.5).graph
    whole = complete_map(graph, ExpansionSettings(1))
    monkeypatch.setattr(expansion, "MOST_WORK", 2_000_000)
    assert same(complete_map(graph, ExpansionSettings(1)), whole)


def test_a_step_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch):
    """Balls of hundreds of nodes cost a thousand times what the smallest do."""
    graph = drawn("gnp", n=300, p=0.2).graph
    monkeypatch.setattr(expansion, "MOST_WORK", 1)
    found, counts = ExpansionMap(graph, ExpansionSettings(2)), []
    found._within = 1e9
    while not found.finished:
        counts.append(len(found.step(1e-6).nodes))
    assert counts == [0] + [1] * 300
    assert same(found, complete_map(graph, ExpansionSettings(2)))


def test_out_of_memory_it_goes_on_with_less(monkeypatch: pytest.MonkeyPatch):
    graph = drawn("territory").graph
    whole = complete_map(graph, ExpansionSettings())
    solve = ExpansionMap._solve

    def tight(self: ExpansionMap, chunk: Array) -> Iterator[int]:
        if len(chunk) > 5:
            raise torch.OutOfMemoryError
        return solve(self, chunk)

    monkeypatch.setattr(ExpansionMap, "_solve", tight)
    found = complete_map(graph, ExpansionSettings())
    assert found.retries > 0
    assert same(found, whole)


@pytest.mark.parametrize("nodes", [[], [[1]], [0.5], [1, 2, 421], [1, -1], [1, 5, 2, 5]])
def test_nodes_that_are_none(nodes: list[object]):
    with pytest.raises(BadGraph, match=r"params\.nodes"):
        ExpansionMap(drawn("territory").graph, ExpansionSettings(), np.array(nodes))


def test_vectors_of_too_many_nodes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(expansion, "MOST_WITH_VECTORS", 400)
    with pytest.raises(BadGraph, match="at most 400 nodes, not 421"):
        ExpansionMap(drawn("territory").graph, ExpansionSettings(vectors=True))


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("done", None),
        ("done", np.zeros(4, np.uint8)),
        ("lambda2", np.zeros(3)),
        ("ball_size", np.zeros(10, np.int64)),
        ("vector", np.zeros(3)),
        ("vector_size", np.zeros(10, np.int32)),
    ],
)
def test_what_is_no_checkpoint_is_refused(name: str, array: Array | None):
    graph, settings = complete(10), ExpansionSettings(1, vectors=True)
    arrays = complete_map(graph, settings).checkpoint()
    del arrays[name]
    if array is not None:
        arrays[name] = array
    with pytest.raises(ValueError, match=name.split("_")[0]):
        ExpansionMap(graph, settings).restore(arrays)


@pytest.mark.cuda
def test_on_cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA")
    graph = drawn("gnp", n=500, p=0.01).graph
    there, here = (
        complete_map(graph.to(torch.device(d)), ExpansionSettings(3)) for d in ("cuda", "cpu")
    )
    assert np.allclose(there.lambda2, here.lambda2, atol=1e-4)
