import networkx as nx
import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from tests.worker.paths.mazes import Maze, as_networkx, doubly_walled, maze, of_networkx, walled
from worker.graphs.edges import Edges, graph_of
from worker.graphs.graph import Graph
from worker.paths import exact, harmonic, local
from worker.paths.exact import CheapestPaths, cost_of, default_cost
from worker.paths.finder import Array, Finder
from worker.paths.harmonic import HarmonicPaths
from worker.paths.local import LocalPaths, LocalSettings
from worker.paths.measures import hausdorff, mean_gap


def every(graph: Graph, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    start, goal = torch.randint(0, graph.n, (2, count), generator=random)
    return start, goal


def check(graph: Graph, routes: list[Array], start: Tensor, goal: Tensor) -> None:
    """Every path begins at its start and ends at its goal, along edges."""
    assert [route[0] for route in routes] == start.tolist()
    assert [route[-1] for route in routes] == goal.tolist()
    cost_of(graph, default_cost(graph), routes)


def found(finder: Finder) -> list[Array]:
    while not finder.finished:
        finder.step()
    return finder.so_far()


def climbed(graph: Graph, start: Tensor, goal: Tensor) -> list[Array]:
    return found(HarmonicPaths(graph, start, goal))


def wandering(world: Maze, start: Tensor, goal: Tensor) -> LocalPaths:
    return LocalPaths(world.graph, world.coords, start, goal, LocalSettings())


def reached(routes: list[Array], goal: Tensor) -> list[bool]:
    return [route[-1] == end for route, end in zip(routes, goal.tolist(), strict=True)]


def excess(graph: Graph, routes: list[Array]) -> float:
    """The median of the paths' steps over the fewest."""
    made = as_networkx(graph, graph.w)
    fewest = [nx.shortest_path_length(made, route[0], route[-1]) for route in routes]
    steps = [len(route) - 1 for route in routes]
    return float(np.median(np.array(steps) / np.maximum(1, fewest)))


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
    routes = climbed(together, start, goal)
    check(together, routes, start, goal)
    assert all(len(set(route.tolist())) == len(route) for route in routes)


@pytest.mark.parametrize("world", [walled(), doubly_walled()], ids=["wall", "walls"])
def test_around_walls(world: Maze):
    start, goal = every(world.graph, 24)
    routes = climbed(world.graph, start, goal)
    check(world.graph, routes, start, goal)
    assert 1 <= excess(world.graph, routes) < 1.6


def test_walkers_by_sight_get_around_a_wall():
    """From below the wall to above it, ten times."""
    world = walled()
    start, goal = torch.tensor([12]).repeat(10), torch.tensor([world.graph.n - 20]).repeat(10)
    assert sum(reached(found(wandering(world, start, goal)), goal)) >= 8


def test_in_the_open_sight_is_enough():
    world = maze(np.zeros((20, 20), bool))
    start, goal = every(world.graph, 30)
    routes = found(wandering(world, start, goal))
    check(world.graph, routes, start, goal)
    assert excess(world.graph, routes) < 1.1


def test_the_sign_of_local_vectors_does_not_count():
    world = doubly_walled(16)
    start, goal = every(world.graph, 8)
    plain, turned = (wandering(world, start, goal) for _ in range(2))
    while turned.vectors is None:
        turned.step()
    signs = torch.where(torch.rand(world.graph.n) < 0.5, -1.0, 1.0)
    at = turned.vectors.key // world.graph.n
    turned.vectors = turned.vectors._replace(value=turned.vectors.value * signs[at])
    for first, second in zip(found(plain), found(turned), strict=True):
        assert first.tolist() == second.tolist()


def test_local_vectors_belong_to_their_balls():
    world = walled(12)
    graph, nobody = world.graph, torch.zeros(1, dtype=torch.int64)
    finder = wandering(world, nobody, nobody)
    while finder.vectors is None:
        finder.step()
    vectors = finder.vectors
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
    for finder in (HarmonicPaths(graph, start, goal), cheapest(graph, start, goal)):
        routes = found(finder)
        assert [route.tolist() for route in routes] == [[0], [4], [2], [4]]
    routes = found(wandering(world, start, goal))
    assert reached(routes, goal) == [False, False, True, True]
    assert max(map(len, routes)) <= 11


def cheapest(graph: Graph, start: Tensor, goal: Tensor) -> CheapestPaths:
    return CheapestPaths(graph, default_cost(graph), start, goal)


def test_where_rounding_has_levelled_the_potential_it_is_searched(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(harmonic, "RISE", 1e3)
    graph = walled(12).graph
    start, goal = every(graph, 6)
    routes = climbed(graph, start, goal)
    check(graph, routes, start, goal)
    assert excess(graph, routes) == 1


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
    routes = found(cheapest(graph, start, goal))
    check(graph, routes, start, goal)
    made = as_networkx(graph, cost)
    expected = [
        nx.dijkstra_path_length(made, a, b)
        for a, b in zip(start.tolist(), goal.tolist(), strict=True)
    ]
    np.testing.assert_allclose(cost_of(graph, cost, routes), expected)
    paid = cost_of(graph, cost, climbed(graph, start, goal))
    assert bool((paid >= np.array(expected) * (1 - 1e-12)).all())


@pytest.mark.parametrize("seed", range(8))
def test_a_search_in_pieces_finds_distances_of_scipy(seed: int):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 70))
    matrix = scipy.sparse.random_array((n, n), density=0.08, rng=random)
    matrix = scipy.sparse.csr_array(matrix + matrix.T)
    if seed % 2:
        matrix.data[:] = 1  # equal costs, many equal paths
    expected = scipy.sparse.csgraph.dijkstra(matrix)
    src, dst = matrix.nonzero()
    graph = graph_of(n, Edges(src, dst, 1 / matrix.data), "both").graph
    start, goal = torch.arange(n).repeat_interleave(n), torch.arange(n).repeat(n)
    search, cost = cheapest(graph, start, goal), default_cost(graph)
    routes = found(search)
    ends = [route[-1] for route in routes] == goal.numpy()
    assert ends.reshape(n, n).tolist() == np.isfinite(expected).tolist()
    np.testing.assert_allclose(
        cost_of(graph, cost, routes)[ends], expected.ravel()[ends], rtol=1e-6
    )


def test_a_search_rests_between_its_steps(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact, "AT_ONCE", 7)
    world = walled(12)
    start, goal = torch.tensor([0]), torch.tensor([world.graph.n - 1])
    finder, steps = cheapest(world.graph, start, goal), 0
    while not finder.finished:
        finder.step()
        steps += 1
    assert 10 < steps < 25
    assert excess(world.graph, finder.so_far()) == 1


def test_a_jump_is_no_path():
    graph = of_networkx(nx.path_graph(4))
    with pytest.raises(ValueError, match="no edge"):
        cost_of(graph, default_cost(graph), [np.array([0, 2])])


def finders(world: Maze, start: Tensor, goal: Tensor) -> list[Finder]:
    return [
        HarmonicPaths(world.graph, start, goal),
        wandering(world, start, goal),
        cheapest(world.graph, start, goal),
    ]


@pytest.mark.parametrize("which", range(3), ids=["harmonic", "local", "dijkstra"])
def test_paths_go_on_to_the_same_ends_wherever_they_were_left(
    which: int, monkeypatch: pytest.MonkeyPatch
):
    """Two grids, many groups of queries, and many rests."""
    monkeypatch.setattr(harmonic, "AT_ONCE", 900)
    monkeypatch.setattr(local, "AT_ONCE", 50)
    one = doubly_walled(16)
    count, n = len(one.graph.col), one.graph.n
    graph = Graph(
        torch.cat((one.graph.crow, one.graph.crow[1:] + count)),
        torch.cat((one.graph.col, one.graph.col + n)),
        torch.cat((one.graph.w, one.graph.w)),
    )
    world = Maze(graph, torch.cat((one.coords, one.coords)))
    start, goal = every(graph, 12, seed=3)
    once = found(finders(world, start, goal)[which])
    finder, left = finders(world, start, goal)[which], 0
    while not finder.finished:
        for _ in range(7 + left):  # the first steps prepare
            if not finder.finished:
                finder.step()
        kept = {name: each.copy() for name, each in finder.checkpoint().items()}
        done, finder = finder.done, finders(world, start, goal)[which]
        finder.restore(kept)
        assert finder.done == done
        left += 1
    assert left > 1
    assert [route.tolist() for route in finder.so_far()] == [route.tolist() for route in once]
    with pytest.raises((ValueError, KeyError)):
        finders(world, start[:5], goal[:5])[which].restore(kept)


def test_distances_between_paths():
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert hausdorff(line, line) == mean_gap(line, line) == 0
    lifted = line + np.array([0.0, 3.0])
    assert hausdorff(line, lifted) == mean_gap(line, lifted) == 3
    longer = np.concatenate((line, [[2.0, 4.0]]))
    assert hausdorff(longer, line) == 4
    assert hausdorff(line, longer) == 0
    assert mean_gap(line[[0, 2]], line) == 0  # the same way in fewer steps
    assert mean_gap(line[:1], line) == pytest.approx(1)
