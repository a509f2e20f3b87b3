"""The smallest eigenpairs of a whole graph, component by component."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from worker.graphs.components import Components, components
from worker.graphs.eigen import MOST_DENSE, EigenSolver, Method
from worker.graphs.errors import BadGraph
from worker.graphs.graph import Graph
from worker.graphs.laplacian import sparse_laplacian
from worker.graphs.listed import MOST_VALUES
from worker.graphs.solved import Solved, listed, unlisted
from worker.numerics.lanes import single_threaded

Array = NDArray[Any]


@dataclass(frozen=True)
class FiedlerSettings:
    """What is solved, and how well."""

    k: int = 4  # 1..16 non-trivial pairs
    solver: Method = "auto"
    tolerance: float = 1e-3  # residual relative to the eigenvalue, 1e-8..1
    per_component: bool = False  # all components, the largest first; else the largest alone


CURRENT = "current."
"""Before the names of what a checkpoint has of the component that is being solved."""


class FiedlerSolve:
    """Components first, then eigenpairs; readable after each step.

    A graph of several components has lambda_2 = 0; what is solved are components. Long vectors are
    worked on by all cores in pieces, and the rest by one: the bytes are the same on any number.
    """

    def __init__(self, graph: Graph, settings: FiedlerSettings) -> None:
        """Begin; cheap.

        Raises:
            BadGraph: the graph is too large for so many vectors, or for the dense solver.
        """
        if settings.k * graph.n > MOST_VALUES:
            message = f"of {graph.n:,} nodes at most {MOST_VALUES // graph.n} vectors are computed"
            raise BadGraph("params.k", message)
        if settings.solver == "dense" and graph.n > MOST_DENSE:
            message = f"dense takes up to {MOST_DENSE} nodes, not {graph.n:,}; leave it to auto"
            raise BadGraph("params.solver", message)
        self.graph, self.settings = graph, settings
        self.components: Components | None = None
        self.solved: list[Solved] = []  # as they end
        self._solver: EigenSolver | None = None
        self._nodes = torch.arange(0)
        self._queue: deque[int] = deque()  # components that wait
        self._current = 0
        self.finished = False

    def lambda2(self, pairs: Sequence[Solved]) -> float | None:
        """Of the whole graph, by its pairs; None while it is not known."""
        if self.components is None:
            return None
        if self.components.number > 1 or self.graph.n == 1:
            return 0.0
        return float(pairs[0].values[0]) if pairs and len(pairs[0].values) else None

    @property
    def begun(self) -> bool:
        """Whether there are pairs, or what they can be made of."""
        return bool(self.solved) or self.iterating

    @property
    def iterating(self) -> bool:
        """Whether the component at work has vectors; else its nodes are being grouped."""
        return self._solver is not None and self._solver.iterate() is not None

    @property
    def rising(self) -> bool:
        """Whether it takes time to read the pairs: they are not on the graph itself yet."""
        return self._solver is not None and self._solver.rising

    @property
    def next_entries(self) -> int:
        """Entries of the matrix that the next step goes over."""
        return len(self.graph.col) if self._solver is None else self._solver.next_entries()

    @property
    def total(self) -> int | None:
        """Components that will be solved; None while it is not known."""
        if self.components is None:
            return None
        return len(self.solved) + len(self._queue) + (self._solver is not None)

    @single_threaded()
    def step(self) -> None:
        """Find the components, or bring the pairs of one of them a little further."""
        if self.components is None:
            self._found()
        else:
            solver = self._solver or self._open(self._queue.popleft())
            solver.step()
            if solver.finished:
                self.solved.append(self._read(solver))
                self._solver = None
        self.finished = self._solver is None and not self._queue

    @single_threaded()
    def pairs(self) -> list[Solved]:
        """Of every component that was begun, as good as they are now."""
        now = [] if self._solver is None else [self._read(self._solver)]
        return self.solved + now

    def checkpoint(self) -> dict[str, Array]:
        """What another solve of the same graph and settings goes on from, to the same bits."""
        current = {} if self._solver is None else self._solver.checkpoint()
        return listed(self.solved) | {CURRENT + name: each for name, each in current.items()}

    @single_threaded()
    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over a checkpoint.

        Raises:
            ValueError: these are not the arrays of a solve of this graph.
        """
        found, waiting = self._found(), list(self._queue)
        count = len(arrays.get("largest", ()))
        nodes = [found.nodes(each).cpu().numpy() for each in waiting[:count]]
        solved = unlisted(arrays, nodes)
        if [each.component for each in solved] != waiting[:count]:
            raise ValueError("components: not those of this graph")
        size = len(CURRENT)
        current = {name[size:]: each for name, each in arrays.items() if name.startswith(CURRENT)}
        if current:
            if count == len(waiting):
                raise ValueError("current: not that of any component")
            self._open(waiting[count], current)
        self.solved, self._queue = solved, deque(waiting[count + bool(current) :])
        self.finished = self._solver is None and not self._queue

    def _found(self) -> Components:
        """The components; those that are to be solved wait then."""
        self.components = found = components(self.graph)
        sizes = found.sizes.cpu()
        order = sizes.sort(descending=True, stable=True).indices[: int((sizes > 1).sum())]
        self._queue = deque(order.tolist() if self.settings.per_component else order[:1].tolist())
        return found

    def _open(self, component: int, begun: Mapping[str, Array] | None = None) -> EigenSolver:
        assert self.components is not None
        self._current, self._nodes = component, self.components.nodes(component)
        whole = len(self._nodes) == self.graph.n
        self._solver = solver = EigenSolver(
            sparse_laplacian(self.graph if whole else self.graph.induced(self._nodes)),
            self.settings.k,
            method=self.settings.solver,
            tolerance=self.settings.tolerance,
            begun=begun,
        )
        return solver

    def _read(self, solver: EigenSolver) -> Solved:
        values, vectors, residual, converged, limited = (
            part.cpu().numpy() for part in solver.pairs()
        )
        return Solved(
            self._current,
            self._nodes.cpu().numpy(),
            values,
            vectors,
            residual,
            converged,
            limited,
            solver.largest,
            solver.method,
            solver.iterations,
        )
