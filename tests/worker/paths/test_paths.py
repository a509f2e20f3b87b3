import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from tests.worker.paths.mazes import Maze, as_networkx, doubly_walled, maze, of_networkx, walled
from worker.graphs.graph import Graph
from worker.paths import harmonic
from worker.paths.exact import cost_of, default_cost, dijkstra_paths, hops_to
from worker.paths.harmonic import harmonic_paths
from worker.paths.local import LocalSettings, local_paths, local_vectors
from worker.paths.measures import hausdorff, mean_gap
from worker.paths.walk import Walks
from worker.shader.stages import result_of


def every(graph: Graph, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    start, goal = torch.randint(0, graph.n, (2, count), generator=random)
    return start, goal


def check(graph: Graph, walks: Walks, start: Tensor, goal: Tensor) -> None:
    """Every walk begins at its start and ends at its goal, along edges."""
    assert bool(walks.reached.all())
    assert torch.equal(walks.nodes[:, 0], start)
    last = walks.nodes.gather(1, walks.steps[:, None])[:, 0]
    assert torch.equal(last, goal)
    cost_of(graph, default_cost(graph), walks)


def climbed(graph: Graph, start: Tensor, goal: Tensor) -> Walks:
    return result_of(harmonic_paths(graph, start, goal))


def wandered(world: Maze, start: Tensor, goal: Tensor, settings: LocalSettings) -> Walks:
    vectors = result_of(local_vectors(world.graph))
    return result_of(local_paths(world.graph, world.coords, vectors, start, goal, settings))


def random_graph(seed: int) -> Graph:
    """Connected; a tree, a sparse, a dense or a scale-free graph, some with uneven weights."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 60))
    made = nx.random_labeled_tree(n, seed=seed)
    if seed % 4:
        more = [nx.gnp_random_graph(n, 0.1, seed), nx.gnp_random_graph(n, 0.5, seed)]
        more.append(nx.barabasi_albert_graph(max(n, 3), 2, seed))
        made = nx.compose(made, more[seed % 4 - 1])
    if seed % 3 == 0:
        for _, _, data in made.edges(data=True):
            data["weight"] = float(10.0 ** random.uniform(-4, 1))
    return of_networkx(made)


@pytest.mark.parametrize("tenth", range(10))
def test_on_random_connected_graphs_every_goal_is_reached(tenth: int):
    """Fifty graphs beside each other, as components of one."""
    graphs = [random_graph(seed) for seed in range(50 * tenth, 50 * tenth + 50)]
    ends = [torch.stack(every(graph, 3, seed)) for seed, graph in enumerate(graphs)]
    sizes = torch.tensor([0] + [graph.n for graph in graphs]).cumsum(0)
    start, goal = torch.cat([e + size for e, size in zip(ends, sizes[:-1], strict=True)], 1)
    nonzeros = torch.tensor([0] + [len(graph.col) for graph in graphs]).cumsum(0)
    together = Graph(
        torch.cat(
            [g.crow[:-1] + at for g, at in zip(graphs, nonzeros[:-1], strict=True)]
            + [nonzeros[-1:]]
        ),
        torch.cat([g.col + at for g, at in zip(graphs, sizes[:-1], strict=True)]),
        torch.cat([g.w for g in graphs]),
    )
    walks = climbed(together, start, goal)
    check(together, walks, start, goal)
    assert all(len(set(w[w >= 0].tolist())) == int((w >= 0).sum()) for w in walks.nodes)


@pytest.mark.parametrize("world", [walled(), doubly_walled()], ids=["wall", "walls"])
def test_around_walls(world: Maze):
    start, goal = every(world.graph, 24)
    walks = climbed(world.graph, start, goal)
    check(world.graph, walks, start, goal)
    best = hops_to(world.graph, goal)[torch.arange(24), start]
    ratio = (walks.steps / best.clamp(min=1)).median()
    assert 1 <= float(ratio) < 1.6


def test_walkers_by_sight_get_around_a_wall():
    """From below the wall to above it, ten times."""
    world = walled()
    start, goal = torch.tensor([12]).repeat(10), torch.tensor([world.graph.n - 20]).repeat(10)
    assert int(wandered(world, start, goal, LocalSettings()).reached.sum()) >= 8


def test_in_the_open_sight_is_enough():
    world = maze(np.zeros((20, 20), bool))
    start, goal = every(world.graph, 30)
    walks = wandered(world, start, goal, LocalSettings())
    check(world.graph, walks, start, goal)
    best = hops_to(world.graph, goal)[torch.arange(30), start]
    assert float((walks.steps / best.clamp(min=1)).median()) < 1.1


def test_the_sign_of_local_vectors_does_not_count():
    world = doubly_walled(16)
    start, goal = every(world.graph, 8)
    vectors = result_of(local_vectors(world.graph))
    signs = torch.where(torch.rand(world.graph.n) < 0.5, -1.0, 1.0)
    turned = vectors._replace(value=vectors.value * signs[vectors.key // world.graph.n])
    walks = [
        result_of(local_paths(world.graph, world.coords, v, start, goal, LocalSettings()))
        for v in (vectors, turned)
    ]
    assert torch.equal(walks[0].nodes, walks[1].nodes)


def test_local_vectors_belong_to_their_balls():
    graph = walled(12).graph
    vectors = result_of(local_vectors(graph))
    made = as_networkx(graph, graph.w)
    for centre in (0, 40, 77):
        ball = sorted(nx.ego_graph(made, centre, radius=2))
        keys = torch.tensor(ball) + centre * graph.n
        value = vectors.at(keys).numpy()
        L = nx.laplacian_matrix(made.subgraph(ball), nodelist=ball).toarray()
        values = np.linalg.eigvalsh(L)
        assert np.linalg.norm(L @ value - values[1] * value) < 1e-4
        assert np.linalg.norm(value) == pytest.approx(1, rel=1e-5)
    outside = torch.tensor([graph.n - 1])  # of the ball around node 0
    assert vectors.at(outside).tolist() == [0]


def test_nobody_walks_for_ever():
    """A goal on another island, a node without neighbours, and a start that is the goal."""
    graph = of_networkx(nx.disjoint_union(nx.path_graph(4), nx.empty_graph(1)))
    world = Maze(graph, torch.arange(10.0).reshape(5, 2))
    start, goal = torch.tensor([0, 4, 2, 4]), torch.tensor([4, 0, 2, 4])
    for walks in (
        climbed(graph, start, goal),
        dijkstra_paths(graph, default_cost(graph), start, goal),
    ):
        assert walks.reached.tolist() == [False, False, True, True]
        assert walks.steps.tolist() == [0, 0, 0, 0]
    walks = wandered(world, start, goal, LocalSettings())
    assert walks.reached.tolist() == [False, False, True, True]
    assert int(walks.steps.max()) <= 10


def test_where_rounding_has_levelled_the_potential_it_is_searched(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(harmonic, "RISE", 1e3)
    graph = walled(12).graph
    start, goal = every(graph, 6)
    walks = climbed(graph, start, goal)
    check(graph, walks, start, goal)
    assert torch.equal(walks.steps.double(), hops_to(graph, goal)[torch.arange(6), start])


def test_tiny_weights_are_no_obstacle():
    made = nx.path_graph(50)
    for i, (_, _, data) in enumerate(made.edges(data=True)):
        data["weight"] = 1e-5 if i % 5 == 0 else 1.0
    graph = of_networkx(made)
    start, goal = torch.tensor([0, 49, 10]), torch.tensor([49, 0, 30])
    check(graph, climbed(graph, start, goal), start, goal)


def test_dijkstra_as_networkx():
    graph = random_graph(33)
    cost = default_cost(graph)
    start, goal = every(graph, 12)
    walks = dijkstra_paths(graph, cost, start, goal)
    check(graph, walks, start, goal)
    made = as_networkx(graph, cost)
    expected = [
        nx.dijkstra_path_length(made, a, b)
        for a, b in zip(start.tolist(), goal.tolist(), strict=True)
    ]
    np.testing.assert_allclose(cost_of(graph, cost, walks), expected)
    paid = cost_of(graph, cost, climbed(graph, start, goal))
    assert bool((paid >= torch.tensor(expected) * (1 - 1e-12)).all())


def test_a_jump_is_no_walk():
    graph = of_networkx(nx.path_graph(4))
    jump = Walks(torch.tensor([[0, 2]]), torch.tensor([True]))
    with pytest.raises(ValueError, match="no edge"):
        cost_of(graph, default_cost(graph), jump)


def test_it_tells_how_far_it_is():
    graph = doubly_walled(20).graph
    start, goal = every(graph, 5)
    told = list(harmonic_paths(graph, start, goal))
    assert len(told) > 20
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert torch.equal(told[0].walks.nodes, start[:, None])
    assert told[-1].walks.steps.max() >= 2


def test_distances_between_paths():
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert hausdorff(line, line) == mean_gap(line, line) == 0
    lifted = line + torch.tensor([0.0, 3.0])
    assert hausdorff(line, lifted) == mean_gap(line, lifted) == 3
    longer = torch.cat((line, torch.tensor([[2.0, 4.0]])))
    assert hausdorff(longer, line) == 4
    assert hausdorff(line, longer) == 0
    assert mean_gap(line[[0, 2]], line) == 0  # the same way in fewer steps
    assert mean_gap(line[:1], line) == pytest.approx(1)
