"""Paths by what a walker sees around him: the goal's direction, and the cut of his neighbourhood.

Nobody reads the whole graph on the way. The Fiedler vector of a ball says on which side of its
bottleneck a node lies, and that helps around walls; in the open it does a little harm, and in a
maze a walker may be lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.balls import balls
from worker.graphs.graph import Graph, position
from worker.graphs.local import dense_spectra, dtype_for
from worker.graphs.subgraphs import local_edges
from worker.paths.finder import Array, Finder
from worker.paths.walk import Choices, choices, routes_of

RADIUS = 2
LARGEST = 256  # nodes; a larger ball ends a hop earlier
AT_ONCE, STEPS = 2048, 16  # balls of a step, and steps of everybody
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


class LocalPaths(Finder):
    """The Fiedler vectors of all balls, then walks of 2 n steps at most."""

    def __init__(
        self, graph: Graph, coords: Tensor, start: Tensor, goal: Tensor, settings: LocalSettings
    ) -> None:
        """`coords`: (n, 2) where the nodes lie."""
        super().__init__(graph, start, goal)
        self._coords, self._settings = coords.double(), settings
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []
        self._seen = 0  # nodes whose balls are known
        self.vectors: LocalVectors | None = None
        self._visits, self._moves = [start], torch.zeros_like(start)
        self._visited = torch.zeros(len(start), graph.n, dtype=torch.bool, device=graph.device)
        self._dice = torch.Generator().manual_seed(settings.seed).get_state()

    def step(self) -> None:
        """Some balls, or some steps of everybody."""
        if self._seen < self.graph.n:
            self._look()
        elif self.vectors is None:
            self.vectors = LocalVectors(torch.cat(self._keys), torch.cat(self._values))
        else:
            self._walk(self.vectors)

    def _look(self) -> None:
        graph, last = self.graph, min(self.graph.n, self._seen + AT_ONCE)
        seeds = torch.arange(self._seen, last, device=graph.device)
        found = balls(graph, seeds, RADIUS, LARGEST)
        edges = local_edges(graph, found)
        spectra = dense_spectra(edges, found.sizes, dtype_for(graph), vectors=True)
        assert spectra.vectors is not None
        self._keys.append(seeds[found.query] * graph.n + found.node)
        self._values.append(spectra.vectors)
        self._seen = last

    def _walk(self, vectors: LocalVectors) -> None:
        crow = self.graph.crow
        for _ in range(STEPS):  # loop: iterations
            at = self._visits[-1]
            going = (at != self.goal) & (crow[at + 1] > crow[at])
            if len(self._visits) > 2 * self.graph.n or not bool(going.any()):
                self.routes = [*routes_of(self._visits, self._moves)]
                return
            self._go(vectors, at, going)

    def _go(self, vectors: LocalVectors, at: Tensor, going: Tensor) -> None:
        """Everybody a step further."""
        graph, count = self.graph, len(at)
        self._visited[torch.arange(count, device=at.device), at] = True
        around = choices(graph, at)
        allowed = _allowed(around, self._visited, self.goal)
        score = _score(graph, self._coords, vectors, around, allowed, at, self.goal, self._settings)
        random = torch.Generator()
        random.set_state(self._dice)
        # The same numbers on every device.
        stray = torch.rand(count, generator=random) < self._settings.stray
        dice = torch.rand(len(around.node), generator=random, dtype=torch.float64)
        score = torch.where(stray.to(at.device)[around.walker], dice.to(at.device), score)
        following = torch.where(going, around.best(score, allowed, count), at)
        moves, thrown = self._moves + going, random.get_state()
        # All at once: a call that is abandoned ends between two operations of torch.
        self._moves, self._dice = moves, thrown
        self._visits.append(following)

    def under_way(self) -> dict[int, Array]:
        """Who walks."""
        return dict(enumerate(routes_of(self._visits, self._moves)))

    def _saved(self) -> dict[str, Array]:
        """The balls, and where everybody has been."""
        parts = {
            "visits": torch.stack(self._visits),
            "moves": self._moves,
            "dice": self._dice,
        }
        count = min(len(self._keys), len(self._values))
        if count:
            parts["key"] = torch.cat(self._keys[:count])
            parts["value"] = torch.cat(self._values[:count])
        return {name: each.cpu().numpy() for name, each in parts.items()}

    def _go_on(self, saved: Mapping[str, Array]) -> None:
        here = {n: torch.tensor(a, device=self.graph.device) for n, a in saved.items()}
        visits = here["visits"]
        if visits.shape[1:] != self.start.shape:
            raise ValueError(f"not walks of {len(self.start)} queries")
        self._visits, self._moves = list(visits.unbind()), here["moves"]
        self._dice = here["dice"].cpu()
        self._visited[torch.arange(visits.shape[1], device=visits.device), visits[:-1]] = True
        if "key" in here:
            self._keys, self._values = [here["key"]], [here["value"]]
            self._seen = int(here["key"][-1]) // self.graph.n + 1


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
    here = around.walker
    beside = vectors.at(at[here] * n + around.node) - own[here]
    across = beside * _side(target - own, beside, here)[here]
    straight = settings.straight * around.spread(nearer, allowed, count)
    return straight + settings.spectral * around.spread(across, allowed, count)


def _side(ahead: Tensor, beside: Tensor, walker: Tensor) -> Tensor:
    """(q,) which way along his local vector everybody goes, as the vector has no sign of its own.

    Where his goal is on neither side, he goes as to the first neighbour that is on one.

    Args:
        ahead: (q,) from his node to his goal.
        beside: (T,) from his node to each neighbour.
        walker: (T,) whose neighbour it is.
    """
    none = len(beside)
    place = torch.arange(none, device=beside.device).where(beside.abs() > EQUAL, none)
    first = place.new_full(ahead.shape, none).scatter_reduce_(0, walker, place, "amin")
    signs = torch.cat((beside.sign(), beside.new_ones(1)))
    return torch.where(ahead.abs() > EQUAL, ahead.sign(), signs[first])
