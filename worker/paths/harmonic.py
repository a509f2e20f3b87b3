"""Paths up a harmonic function, which has no summit but its goal; Connolly and others (1990).

x with L x = e_goal - e_start is the potential of a current that enters at the goal and leaves at
the start. Between these every value is the mean of its neighbours', so that somewhere there is a
higher one, until the goal is reached. Seen one walker at a time there is no search and no map.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from worker.graphs.cg import ConjugateGradients
from worker.graphs.components import Components, components
from worker.graphs.graph import Graph
from worker.graphs.laplacian import SparseLaplacian, sparse_laplacian
from worker.graphs.multigrid import Multigrid
from worker.paths.exact import Search, arrays_of
from worker.paths.finder import Array, Finder
from worker.paths.walk import choices, routes_of

TOLERANCE = 1e-10
"""Of the potential's residual. A walker far off the current sees differences as small."""

RISE = 1e-13
"""Of the potential's range: a smaller rise is rounding, and the walker stands still."""

AT_ONCE = 2_000_000  # values of potentials that are solved together
HOPS = 32  # of a step


class Group(NamedTuple):
    """Queries within one component, whose potentials are solved together."""

    queries: list[int]
    component: int


class Site(NamedTuple):
    """A component, ready to be solved on."""

    component: int
    nodes: Tensor  # (m,) int64, ascending
    graph: Graph  # of these
    laplacian: SparseLaplacian
    multigrid: Multigrid


class HarmonicPaths(Finder):
    """Group after group: the potentials, then everybody climbs. Weights are conductances."""

    def __init__(self, graph: Graph, start: Tensor, goal: Tensor) -> None:
        """Cheap."""
        super().__init__(graph, start, goal)
        self._components: Components
        self._groups: deque[Group] | None = None
        self._site: Site | None = None
        self._solver: ConjugateGradients | None = None
        self._climb: Climb | None = None
        self._found: dict[str, Tensor] = {}  # of the solver, after its last whole step
        self._saved_before: dict[str, Tensor] = {}

    def step(self) -> None:
        """A stage of preparing, an iteration, or some hops."""
        if self._groups is None:
            self._groups = self._grouped()
        elif self._site is None or self._site.component != self._groups[0].component:
            self._site = self._opened(self._groups[0].component)
        elif self._solver is None:
            self._solver = self._begun(self._site, self._groups[0])
        elif not self._solver.finished:
            self._solver.step()
            self._found = self._solver.state()
        elif self._climb is None:
            potential = self._solver.solution(partial=True).X
            self._climb = Climb(self._site.graph, potential, *self._ends(self._site))
        elif not self._climb.finished:
            self._climb.step()
        else:
            self._close(self._site, self._groups, self._climb)

    def under_way(self) -> dict[int, Array]:
        """Who climbs."""
        if not self._groups or self._climb is None or self._site is None:
            return {}
        nodes = self._site.nodes.cpu().numpy()
        routes = [nodes[route] for route in self._climb.routes()]
        return dict(zip(self._groups[0].queries, routes, strict=True))

    def _grouped(self) -> deque[Group]:
        """What there is to solve; who has nowhere to go has ended."""
        found = components(self.graph)
        here, there = found.label[self.start], found.label[self.goal]
        going = ((here == there) & (self.start != self.goal)).tolist()
        members: dict[int, list[int]] = {}
        for query, component in enumerate(here.tolist()):  # loop: chunks
            if going[query]:
                members.setdefault(component, []).append(query)
            else:
                self.routes[query] = self.start[query : query + 1].cpu().numpy()
        self._components = found
        groups: deque[Group] = deque()
        for component, queries in members.items():  # loop: chunks
            each = max(1, AT_ONCE // int(found.sizes[component]))
            parts = (queries[at : at + each] for at in range(0, len(queries), each))
            groups += [Group(part, component) for part in parts if self._left(part)]
        return groups

    def _left(self, queries: list[int]) -> bool:
        """Whether something is to be done of a group; groups are the same after a restart."""
        return any(self.routes[query] is None for query in queries)

    def _opened(self, component: int) -> Site:
        nodes = self._components.nodes(component)
        graph = self.graph if len(nodes) == self.graph.n else self.graph.induced(nodes)
        laplacian = sparse_laplacian(graph)
        return Site(component, nodes, graph, laplacian, Multigrid(laplacian))

    def _begun(self, site: Site, group: Group) -> ConjugateGradients:
        """Of L x = e_goal - e_start on a connected graph, for the queries of a group."""
        start, goal = self._ends(site)
        row = torch.arange(len(group.queries), device=start.device)
        B = torch.zeros(len(row), site.graph.n, dtype=torch.float64, device=start.device)
        B[row, goal] += 1
        B[row, start] -= 1
        constant = torch.full_like(B[:1], site.graph.n**-0.5)
        solver = ConjugateGradients(
            site.laplacian.apply, B, site.multigrid.precondition, deflated=constant,
            tolerance=TOLERANCE,
        )  # fmt: skip
        before, self._saved_before = self._saved_before, {}
        if before and before["x"].shape == B.shape:
            solver.go_on(before)
            self._found = before
        return solver

    def _ends(self, site: Site) -> tuple[Tensor, Tensor]:
        """Of the queries of the group, as places in the component."""
        assert self._groups is not None
        queries = torch.tensor(self._groups[0].queries, device=self.start.device)
        start, goal = (
            torch.searchsorted(site.nodes, ends[queries]) for ends in (self.start, self.goal)
        )
        return start, goal

    def _close(self, site: Site, groups: deque[Group], climb: "Climb") -> None:
        nodes = site.nodes.cpu().numpy()
        for query, route in zip(groups[0].queries, climb.routes(), strict=True):  # loop: chunks
            self.routes[query] = nodes[route]
        groups.popleft()  # at the end: until then all of it can be done again
        self._solver, self._climb, self._found = None, None, {}

    def _saved(self) -> dict[str, Array]:
        """The iteration of the group that is under way."""
        return {name: each.cpu().numpy() for name, each in self._found.items()}

    def _go_on(self, saved: Mapping[str, Array]) -> None:
        device = self.graph.device
        self._saved_before = {name: torch.tensor(a, device=device) for name, a in saved.items()}


class Climb:
    """Everybody to his highest neighbour, as long as it is higher."""

    def __init__(self, graph: Graph, potential: Tensor, start: Tensor, goal: Tensor) -> None:
        """`potential`: (q, n) of a connected graph."""
        self._graph, self._potential, self._goal = graph, potential, goal
        self._least = RISE * (potential.amax(1) - potential.amin(1))
        self._visits, self._moves = [start], torch.zeros_like(start)
        self._going = start != goal
        self._searched: list[Array] | None = None

    @property
    def finished(self) -> bool:
        """Whether everybody is there."""
        return self._searched is not None

    def step(self) -> None:
        """Some hops; at last what rounding has levelled is searched."""
        for _ in range(HOPS):  # loop: hops
            if not bool(self._going.any()):
                self._searched = self._completed()
                return
            self._hop()

    def routes(self) -> list[Array]:
        """Where everybody went, so far."""
        return self._searched or routes_of(self._visits, self._moves)

    def _hop(self) -> None:
        at = self._visits[-1]
        around = choices(self._graph, at)
        height = self._potential[around.walker, around.node]
        row = torch.arange(len(at), device=at.device)
        higher = height > (self._potential[row, at] + self._least)[around.walker]
        following = around.best(height, higher & self._going[around.walker], len(at))
        moved = following >= 0
        self._visits.append(torch.where(moved, following, at))
        self._moves = self._moves + moved
        self._going = moved & (self._visits[-1] != self._goal)

    def _completed(self) -> list[Array]:
        """The routes, with the shortest way from where the potential has no rise any more."""
        routes = routes_of(self._visits, self._moves)
        arrays = None
        for walker in (self._visits[-1] != self._goal).nonzero()[:, 0].tolist():  # loop: chunks
            arrays = arrays or arrays_of(self._graph, torch.ones_like(self._graph.w))
            search = Search(arrays, int(routes[walker][-1]), int(self._goal[walker]))
            while not search.ended:  # loop: iterations
                search.step()
            routes[walker] = np.concatenate((routes[walker], search.route()[1:]))
        return routes
