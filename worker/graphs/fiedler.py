"""The smallest eigenpairs of a whole graph, component by component."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.components import Components, components
from worker.graphs.eigen import MOST_DENSE, EigenSolver, Method
from worker.graphs.errors import BadGraph
from worker.graphs.graph import Graph
from worker.graphs.laplacian import sparse_laplacian
from worker.graphs.listed import MOST_VALUES

Array = NDArray[Any]


@dataclass(frozen=True)
class FiedlerSettings:
    """What is solved, and how well."""

    k: int = 4  # 1..16 non-trivial pairs
    solver: Method = "auto"
    tolerance: float = 1e-3  # residual relative to the eigenvalue, 1e-8..1
    per_component: bool = False  # all components, the largest first; else the largest alone


class Solved(NamedTuple):
    """The eigenpairs of one component."""

    component: int
    nodes: Array  # (m,) int64, ascending
    values: Array  # (j,) float64, j <= k, ascending; fewer than k where m <= k or none is known
    vectors: Array  # (j, m) float64, unit length; the largest entry of each is positive
    residual: Array  # (j,) |L v - lambda v|
    converged: Array  # (j,) bool
    precision_limited: Array  # (j,) bool
    largest: float  # no eigenvalue of the component exceeds this
    solver: Method
    iterations: int

    def relative(self) -> tuple[Array, Array]:
        """The residuals relative to the eigenvalues, and to the largest of all."""
        tiny = np.finfo(np.float64).tiny
        return self.residual / np.maximum(self.values, tiny), self.residual / max(
            self.largest, tiny
        )


KINDS = {"component": "<i8", "rows": "<i8", "vectors": "<f8"}
"""What a checkpoint has: of each component that was begun its number, how many vectors of it are
known, and these, all in one list."""


class FiedlerSolve:
    """Components first, then eigenpairs; readable after each step.

    A graph of several components has lambda_2 = 0; what is solved are components.
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
        self._guesses: dict[int, Tensor] = {}
        self.finished = False

    @property
    def lambda2(self) -> float | None:
        """Of the whole graph; None while it is not known."""
        if self.components is None:
            return None
        if self.components.number > 1 or self.graph.n == 1:
            return 0.0
        pairs = self.pairs()
        return float(pairs[0].values[0]) if pairs and len(pairs[0].values) else None

    @property
    def total(self) -> int | None:
        """Components that will be solved; None while it is not known."""
        if self.components is None:
            return None
        return len(self.solved) + len(self._queue) + (self._solver is not None)

    def step(self) -> None:
        """Find the components, or bring the pairs of one of them a little further."""
        if self.components is None:
            self._found()
        elif self._solver is None:
            self._open(self._queue.popleft())
        else:
            self._solver.step()
        if self._solver is not None and self._solver.finished:
            self.solved.append(self._read(self._solver))
            self._solver = None
        self.finished = self._solver is None and not self._queue

    def pairs(self) -> list[Solved]:
        """Of every component that was begun, as good as they are now."""
        now = [] if self._solver is None else [self._read(self._solver)]
        return self.solved + now

    def checkpoint(self) -> dict[str, Array]:
        """The vectors that are known: first guesses for another solve of the same graph."""
        guesses = {each.component: each.vectors for each in self.solved}
        block = None if self._solver is None else self._solver.vectors()
        if block is not None:
            guesses[self._current] = block.cpu().numpy()
        flat = [vectors.ravel() for vectors in guesses.values()]
        return {
            "component": np.array(list(guesses), np.int64),
            "rows": np.array([len(vectors) for vectors in guesses.values()], np.int64),
            "vectors": np.concatenate([np.zeros(0), *flat]),
        }

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over a checkpoint.

        Raises:
            ValueError: these are not the arrays of a solve of this graph.
        """
        for name, dtype in KINDS.items():
            array = arrays.get(name)
            if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
                raise ValueError(f"{name}: not a list of {dtype}")
        labels, rows, flat = (torch.from_numpy(arrays[name].copy()) for name in KINDS)
        found = self._found()
        if ((labels < 0) | (labels >= found.number)).any() or (rows < 0).any():
            raise ValueError(f"component: not of {found.number}")
        lengths = found.sizes.cpu()[labels] * rows
        if len(labels) != len(rows) or int(lengths.sum()) != len(flat) or not flat.isfinite().all():
            raise ValueError("vectors: not those of these components")
        parts = torch.split(flat, lengths.tolist())
        self._guesses = {
            label: part.reshape(count, -1).to(self.graph.device)
            for label, count, part in zip(labels.tolist(), rows.tolist(), parts, strict=True)
            if count
        }

    def _found(self) -> Components:
        """The components; those that are to be solved wait then."""
        self.components = found = components(self.graph)
        sizes = found.sizes.cpu()
        order = sizes.sort(descending=True, stable=True).indices[: int((sizes > 1).sum())]
        self._queue = deque(order.tolist() if self.settings.per_component else order[:1].tolist())
        return found

    def _open(self, component: int) -> None:
        assert self.components is not None
        self._current, self._nodes = component, self.components.nodes(component)
        whole = len(self._nodes) == self.graph.n
        self._solver = EigenSolver(
            sparse_laplacian(self.graph if whole else self.graph.induced(self._nodes)),
            self.settings.k,
            method=self.settings.solver,
            tolerance=self.settings.tolerance,
            guess=self._guesses.pop(component, None),
        )

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
