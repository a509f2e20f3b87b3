"""Paths up a harmonic function, which has no summit but its goal; Connolly and others (1990).

x with L x = e_goal - e_start is the potential of a current that enters at the goal and leaves at
the start. Between these every value is the mean of its neighbours', so that somewhere there is a
higher one, until the goal is reached. Seen one walker at a time there is no search and no map.
"""

from collections.abc import Generator

import torch
from torch import Tensor

from worker.graphs.cg import ConjugateGradients
from worker.graphs.components import components
from worker.graphs.graph import Graph
from worker.graphs.laplacian import SparseLaplacian, sparse_laplacian
from worker.graphs.multigrid import Multigrid
from worker.paths.exact import hops_to
from worker.paths.walk import Progress, Walks, choices, walks_of

TOLERANCE = 1e-10
"""Of the potential's residual. A walker far off the current sees differences as small."""

RISE = 1e-13
"""Of the potential's range: a smaller rise is rounding, and the walker stands still."""


def harmonic_paths(graph: Graph, start: Tensor, goal: Tensor) -> Generator[Progress, None, Walks]:
    """A path for every query; each `yield` is between two short steps.

    A query whose ends are not connected stays at its start, and has not reached its goal.

    Args:
        graph: of n nodes; weights are conductances.
        start: (q,) int64.
        goal: (q,) int64.
    """
    label = components(graph).label
    joined = label[start] == label[goal]
    potential = torch.zeros(len(start), graph.n, dtype=torch.float64, device=graph.device)
    for component in torch.unique(label[start[joined]]).tolist():  # loop: chunks
        nodes = (label == component).nonzero()[:, 0]
        rows = (joined & (label[start] == component)).nonzero()[:, 0]
        place = torch.empty_like(label)
        place[nodes] = torch.arange(len(nodes), device=label.device)
        laplacian = sparse_laplacian(graph.induced(nodes))
        solver = _solver(laplacian, place[start[rows]], place[goal[rows]])
        while not solver.finished:  # loop: iterations
            yield Progress(0, [start], goal)
            solver.step()
        potential[rows[:, None], nodes] = solver.solution(partial=True).X
    walks = yield from _climbed(graph, potential, start, goal, joined)
    return walks


def _solver(laplacian: SparseLaplacian, start: Tensor, goal: Tensor) -> ConjugateGradients:
    """Of L x = e_goal - e_start on a connected graph, for q pairs."""
    n, row = laplacian.n, torch.arange(len(start), device=start.device)
    B = torch.zeros(len(start), n, dtype=torch.float64, device=start.device)
    B[row, goal] += 1
    B[row, start] -= 1
    constant = torch.full_like(B[:1], n**-0.5)
    precondition = Multigrid(laplacian).precondition
    return ConjugateGradients(
        laplacian.apply, B, precondition, deflated=constant, tolerance=TOLERANCE
    )


def _climbed(
    graph: Graph, potential: Tensor, start: Tensor, goal: Tensor, joined: Tensor
) -> Generator[Progress, None, Walks]:
    """Everybody to his highest neighbour, as long as it is higher."""
    row = torch.arange(len(start), device=start.device)
    least = RISE * (potential.amax(1) - potential.amin(1))
    at, visits = start, [start]
    going = joined & (start != goal)
    while bool(going.any()):  # loop: iterations
        yield Progress(int((~going).sum()), visits, goal)
        around = choices(graph, at)
        height = potential[around.walker, around.node]
        higher = height > (potential[row, at] + least)[around.walker]
        following = around.best(height, higher & going[around.walker], len(start))
        at = torch.where(following >= 0, following, at)
        visits.append(at)
        going = (following >= 0) & (at != goal)
    stuck = (joined & (at != goal)).nonzero()[:, 0]
    if len(stuck):
        visits += _searched(graph, at, goal, stuck)
    return walks_of(visits, goal)


def _searched(graph: Graph, at: Tensor, goal: Tensor, stuck: Tensor) -> list[Tensor]:
    """The rest of the way by breadth-first search, where rounding has levelled the potential."""
    visits = []
    hops = hops_to(graph, goal[stuck])
    row = torch.arange(len(stuck), device=at.device)
    while bool((at[stuck] != goal[stuck]).any()):  # loop: hops
        around = choices(graph, at[stuck])
        nearer = hops[around.walker, around.node] < hops[row, at[stuck]][around.walker]
        following = around.best(-around.node.double(), nearer, len(stuck))
        at = at.clone()
        at[stuck] = torch.where(following >= 0, following, at[stuck])
        visits.append(at)
    return visits
