"""The smallest eigenvalues above 0 of one connected graph, and their vectors."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs import krylov, long_block
from worker.graphs.beside import Beside
from worker.graphs.cg import ConjugateGradients
from worker.graphs.coarsening import Level
from worker.graphs.iterate import Iterate
from worker.graphs.kept_levels import kept_levels, level_arrays
from worker.graphs.laplacian import SparseLaplacian
from worker.graphs.multigrid import COARSEST, Multigrid, dense, levels_of
from worker.graphs.nested import STEPS, coarsest, completed, problem, prolonged, risen
from worker.graphs.residuals import FLOOR, Residuals, largest
from worker.graphs.signed import signed
from worker.numerics import lobpcg

Method = Literal["auto", "dense", "lanczos", "lobpcg", "invit"]

GROUPING = ("lobpcg", "invit")
"""Methods that work on groups of nodes."""

MOST_DENSE = 2048
DENSE = 512
"""Nodes up to which `auto` writes the matrix out: 20 ms, and exact."""

PATIENCE = {"lobpcg": 24, "invit": 6, "lanczos": 60}
"""Steps without half the residual after which a method is no use any more."""

LAST_PATIENCE = 10
"""Times as many where nothing else is left to try."""

FLOOR_PATIENCE = 6
"""The same where residuals are as small as float64 allows."""

INNER = 1e-2
"""Relative residual of the solves of inverse iteration."""

INNER_MOST = 20

MOST_KEPT = 240 << 20
"""Bytes of a checkpoint: above, levels are left out where the vectors are on the graph itself."""


class Pairs(NamedTuple):
    """The j <= k lowest eigenpairs that are known, ascending."""

    values: Tensor  # (j,) float64
    vectors: Tensor  # (j, n) float64, orthonormal, orthogonal to the constant
    residual: Tensor  # (j,) |L v - lambda v|, computed from these vectors
    converged: Tensor  # (j,) bool
    precision_limited: Tensor  # (j,) bool: as small as float64 allows, and not converged


class EigenSolver:
    """k eigenpairs of a connected graph, better with every step."""

    def __init__(
        self,
        laplacian: SparseLaplacian,
        k: int,
        *,
        method: Method = "auto",
        tolerance: float = 1e-3,
        begun: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """Begin anew, or where an earlier solver with the same arguments was.

        Args:
            laplacian: of a connected graph.
            k: pairs that are wanted, >= 1; there are no more than n - 1.
            method: of which `dense` is for at most MOST_DENSE nodes; `lobpcg` and `invit` are
                preconditioned by the groups of the graph.
            tolerance: of residuals, relative to the eigenvalue itself.
            begun: what `checkpoint` of it gave.

        Raises:
            ValueError: that is not of this graph.
        """
        self._laplacian, self.tolerance = laplacian, tolerance
        self.k = min(k, laplacian.n - 1)
        self._methods = _methods(method, laplacian.n)
        self._method = self._level = self._steps = self.iterations = 0
        self.largest = largest(laplacian)
        self._goal, self._reached = float("inf"), 0  # of the residual, and the iteration it was met
        self._block: lobpcg.Block | None = None  # on the level
        self._levels: list[Level] = []  # as far as they are known
        self._grids: Multigrid | None = None
        self._kept: Iterate | None = None  # until it becomes the block
        if begun:
            self._take(begun)
        self._work = self._run()
        self.finished = self.k < 1

    @property
    def method(self) -> Method:
        """The one at work; of `auto` the one that it has come to."""
        return self._methods[self._method]

    @property
    def rising(self) -> bool:
        """Whether vectors are on their way from a smaller level, and `pairs` takes them along."""
        at = self.iterate()
        return self._grids is not None and at is not None and not (at.iterations or self.finished)

    def step(self) -> None:
        """Bring all vectors a little further."""
        if next(self._work, None) is None:
            self.finished = True

    def pairs(self) -> Pairs:
        """What there is now; while it is on a smaller level, what that means for the graph."""
        at = self.iterate()
        if at is None:
            empty = self._laplacian.degree[:0]
            no = empty.bool()
            return Pairs(empty, empty.reshape(0, self._laplacian.n), empty, no, no)
        X, theta = at.X[: self.k], at.theta[: self.k]
        if self.rising and self._grids is not None:
            block = prolonged(self._grids, at.level, X)
            X, theta = block.X[0], block.theta[0]
        residual = (self._laplacian.apply(X) - theta[:, None] * X).norm(dim=1)
        converged = residual <= self.tolerance * theta
        limited = ~converged & (residual <= FLOOR * self.largest)
        return Pairs(theta, signed(X), residual, converged, limited)

    def iterate(self) -> Iterate | None:
        """Where it is; None at the beginning."""
        block = self._block
        if block is None:
            return self._kept
        P = block.X[0, :0] if block.P is None else block.P[0]
        numbers = (self._level, self._method, self._steps, self.iterations, self._reached)
        return Iterate(block.X[0], block.theta[0], P, *numbers, self._goal)

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """What another one goes on from, to the same bits; nothing at the beginning."""
        at, levels = self.iterate(), level_arrays(self._levels)
        vectors = {} if at is None else at.arrays()
        size = sum(each.nbytes for each in (*vectors.values(), *levels.values()))
        on_graph = at is not None and at.level == 0
        return vectors if on_graph and size > MOST_KEPT else vectors | levels

    def next_entries(self) -> int:
        """Entries of the matrix that the next step goes over."""
        at = self.iterate()
        if at is not None and at.level:
            return len(self._levels[at.level - 1].laplacian.col)
        if at is None and self._levels:
            return len(self._levels[-1].laplacian.col)
        return len(self._laplacian.col)

    def _take(self, begun: Mapping[str, NDArray[Any]]) -> None:
        self._levels = kept_levels(begun, self._laplacian)
        finest = [self._laplacian, *(each.laplacian for each in self._levels)]
        if finest[-1].n <= COARSEST and self.method in GROUPING:
            self._grids = Multigrid(self._laplacian, self._levels)
        if not begun.keys() - level_arrays(self._levels).keys():
            return
        self._kept = at = Iterate.of(begun, self._laplacian.degree.device)
        if at.method >= len(self._methods) or at.X.shape[0] > self._count:
            raise ValueError("numbers: not those of this solver")
        if at.level and (self._grids is None or at.level > len(self._levels)):
            raise ValueError("numbers: not on a level of this graph")
        if at.X.shape[1] != finest[at.level].n:
            raise ValueError("X: not vectors of this graph")
        self._level, self._method, self._steps = at.level, at.method, at.steps
        self.iterations, self._reached, self._goal = at.iterations, at.reached, at.goal

    def _run(self) -> Iterator[bool]:
        if self._kept is not None and not self._level:
            self._resume(self._kept)
        if self.method in GROUPING:
            yield from self._coarsen()
            yield from self._rise()
        steps = {
            "dense": self._dense,
            "lanczos": self._lanczos,
            "lobpcg": self._lobpcg,
            "invit": self._inverse_iteration,
        }
        while True:  # loop: stages
            yield from steps[self.method]()
            if self._method + 1 == len(self._methods) or self._residuals().good:
                return
            self._method += 1
            self._goal, self._reached = float("inf"), self.iterations

    @property
    def _count(self) -> int:
        return min(self._laplacian.n - 1, block_size(self.k))

    def _coarsen(self) -> Iterator[bool]:
        for level in levels_of(self._laplacian, tuple(self._levels)):  # loop: stages
            self._levels.append(level)
            yield True
        if self._grids is None:
            self._grids = Multigrid(self._laplacian, self._levels)

    def _resume(self, at: Iterate) -> None:
        """Take over the block, and what follows from it."""
        grids = self._grids
        operator = self._apply if grids is None else problem(grids, at.level).operator
        X, P = at.X[None], at.P[None] if len(at.P) else None
        block = lobpcg.Block(X, X, at.theta[None], P, P)
        self._block, self._kept = lobpcg.refresh(block, operator), None

    def _rise(self) -> Iterator[bool]:
        """From the smallest level to the graph itself."""
        grids = self._grids
        assert grids is not None
        if self._kept is not None:
            self._resume(self._kept)
        elif self._block is None:
            block = coarsest(grids, self._count)
            self._level, self._steps, self._block = len(self._levels), STEPS, block
        while self._level:  # loop: stages
            assert self._block is not None
            if self._steps < STEPS:
                self._block = problem(grids, self._level).improved(self._block)
                self._steps += 1
            else:
                self._block = risen(grids, self._level, self._block, self._count)
                self._level, self._steps = self._level - 1, 0
            yield True

    def _dense(self) -> Iterator[bool]:
        matrix = dense(self._laplacian).cpu()
        beside = Beside(lambda: torch.linalg.eigh(matrix))
        yield from beside.waits()
        theta, X = (each.to(self._laplacian.degree.device) for each in beside.result())
        X, theta = X.T[None, 1 : self.k + 1].contiguous(), theta[None, 1 : self.k + 1]
        self._block = lobpcg.Block(X, self._apply(X), theta.clamp(min=0))
        self.iterations += 1

    def _lobpcg(self) -> Iterator[bool]:
        assert self._grids is not None
        whole = problem(self._grids, 0)
        while not self._ends():  # loop: iterations
            assert self._block is not None
            self._block = whole.improved(self._block)
            self.iterations += 1
            yield True

    def _inverse_iteration(self) -> Iterator[bool]:
        """LOBPCG again, with L^+ itself by conjugate gradients in the place of one cycle."""
        assert self._grids is not None
        constant = torch.full_like(self._laplacian.degree[None], self._laplacian.n**-0.5)
        while not self._ends():  # loop: iterations
            assert self._block is not None
            solver = ConjugateGradients(
                self._laplacian.apply,
                self._block.residual()[0],
                self._grids.precondition,
                deflated=constant,
                tolerance=INNER,
                most=INNER_MOST,
            )
            while not solver.finished:  # loop: iterations
                solver.step()
                yield True
            W = solver.solution(partial=True).X[None]
            self._block = long_block.improved(self._block, W, self._apply)
            self.iterations += 1
            yield True

    def _lanczos(self) -> Iterator[bool]:
        if self._block is None:
            random = completed(self._laplacian.degree.new_zeros(0, self._laplacian.n), self._count)
            block = lobpcg.start(random[None], self._apply, self._count)
            self._block = lobpcg.refresh(block, self._apply)
            yield True
        while not self._ends():  # loop: iterations
            assert self._block is not None
            self._block = yield from krylov.cycle(self._block, self._apply)
            self.iterations += 1
            yield True

    def _ends(self) -> bool:
        """After an iteration: whether all is well, or the method is no use any more."""
        now = self._residuals()
        if now.converged:
            return True
        if now.worst <= self._goal:
            self._goal, self._reached = now.worst / 2, self.iterations
        last = self._method + 1 == len(self._methods)
        patience = PATIENCE[self.method] * (LAST_PATIENCE if last else 1)
        return self.iterations - self._reached > (FLOOR_PATIENCE if now.good else patience)

    def _residuals(self) -> Residuals:
        assert self._block is not None
        return Residuals.of(self._block, self.k, self.tolerance, self.largest)

    def _apply(self, X: Tensor) -> Tensor:
        return self._laplacian.apply(X[0])[None]


def block_size(k: int) -> int:
    """Vectors for k pairs: those next to the last that is wanted help it along."""
    return k + max(2, k // 2)


def _methods(method: Method, n: int) -> tuple[Method, ...]:
    """One after the other, each where the one before it has stalled."""
    if method != "auto":
        return (method,)
    if n <= DENSE:
        return ("dense",)
    return ("lobpcg", "dense") if n <= MOST_DENSE else ("lobpcg", "invit", "lanczos")
