"""Paths by what a walker sees around him: the goal's direction, and the cut of his neighbourhood.

Nobody reads the whole graph on the way. The Fiedler vector of a ball says on which side of its
bottleneck a node lies, and that helps around walls; in the open it does a little harm, and in a
maze a walker may be lost.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.balls import balls
from worker.graphs.graph import Graph, position
from worker.graphs.local import dense_spectra, dtype_for
from worker.graphs.subgraphs import local_edges
from worker.paths.walk import Choices, Progress, Walks, choices, walks_of

RADIUS = 2
LARGEST = 256  # nodes; a larger ball ends a hop earlier
AT_ONCE = 2048  # balls
EQUAL = 1e-8  # differences of a local Fiedler vector below this have no sign


@dataclass(frozen=True)
class LocalSettings:
    """What a walker goes by."""

    straight: float = 0.7  # weight of getting nearer, in steps along the axes
    spectral: float = 0.3  # weight of getting to the goal's side of the cut
    stray: float = 0.02  # share of the steps that go anywhere
    seed: int = 0


class LocalVectors(NamedTuple):
    """The Fiedler vector of the ball around every node."""

    key: Tensor  # (T,) int64, ascending: centre * n + node
    value: Tensor  # (T,) float64

    def at(self, key: Tensor) -> Tensor:
        """The values of centre * n + node, any shape; 0 outside the ball."""
        place, inside = position(self.key, key)
        return self.value[place].where(inside, 0.0)


def local_vectors(graph: Graph) -> Generator[None, None, LocalVectors]:
    """Those of the balls of radius 2, some at a time: each `yield` is between two parts."""
    keys, values = [], []
    nodes = torch.arange(graph.n, device=graph.device)
    for seeds in torch.split(nodes, AT_ONCE):  # loop: chunks
        found = balls(graph, seeds, RADIUS, LARGEST)
        spectra = dense_spectra(
            local_edges(graph, found), found.sizes, dtype_for(graph), vectors=True
        )
        assert spectra.vectors is not None
        keys.append(seeds[found.query] * graph.n + found.node)
        values.append(spectra.vectors)
        yield
    return LocalVectors(torch.cat(keys), torch.cat(values))


def local_paths(
    graph: Graph,
    coords: Tensor,
    vectors: LocalVectors,
    start: Tensor,
    goal: Tensor,
    settings: LocalSettings,
) -> Generator[Progress, None, Walks]:
    """A walk for every query, of 2 n steps at most; each `yield` is between two steps.

    Args:
        graph: of n nodes.
        coords: (n, 2) where they lie.
        vectors: of its balls.
        start: (q,) int64.
        goal: (q,) int64.
        settings: the walkers'.
    """
    random = torch.Generator().manual_seed(settings.seed)
    visited = torch.zeros(len(start), graph.n, dtype=torch.bool, device=graph.device)
    row = torch.arange(len(start), device=start.device)
    at, visits = start, [start]
    for _ in range(2 * graph.n):  # loop: iterations
        going = (at != goal) & (graph.crow[at + 1] > graph.crow[at])
        if not bool(going.any()):
            break
        yield Progress(int((~going).sum()), visits, goal)
        visited[row, at] = True
        around = choices(graph, at)
        allowed = _allowed(around, visited, goal)
        score = _score(graph, coords.double(), vectors, around, allowed, at, goal, settings)
        # The same numbers on every device.
        stray = torch.rand(len(start), generator=random) < settings.stray
        dice = torch.rand(len(around.node), generator=random, dtype=torch.float64)
        score = torch.where(stray.to(at.device)[around.walker], dice.to(at.device), score)
        at = torch.where(going, around.best(score, allowed, len(start)), at)
        visits.append(at)
    return walks_of(visits, goal)


def _allowed(around: Choices, visited: Tensor, goal: Tensor) -> Tensor:
    """(T,) bool: the goal if it is beside, else new neighbours, else all."""
    count = len(goal)
    new = ~visited[around.walker, around.node]
    at_goal = around.node == goal[around.walker]
    some_new, beside = (
        torch.bincount(around.walker, mask.double(), count)[around.walker] > 0
        for mask in (new, at_goal)
    )
    return torch.where(beside, at_goal, new | ~some_new)


def _score(
    graph: Graph,
    coords: Tensor,
    vectors: LocalVectors,
    around: Choices,
    allowed: Tensor,
    at: Tensor,
    goal: Tensor,
    settings: LocalSettings,
) -> Tensor:
    """(T,) how good a step to each neighbour is."""
    to, count, n = goal[around.walker], len(at), graph.n
    nearer = -(coords[around.node] - coords[to]).abs().sum(1)
    own, target = vectors.at(at * n + at), vectors.at(at * n + goal)
    side = torch.where(target - own < -EQUAL, -1.0, 1.0)
    here = around.walker
    across = (vectors.at(at[here] * n + around.node) - own[here]) * side[here]
    straight = settings.straight * around.spread(nearer, allowed, count)
    return straight + settings.spectral * around.spread(across, allowed, count)
