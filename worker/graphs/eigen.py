"""The smallest eigenvalues above 0 of one connected graph, and their vectors."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from worker.graphs.cg import ConjugateGradients
from worker.graphs.laplacian import SparseLaplacian
from worker.graphs.multigrid import TINY, Multigrid, dense, levels_of
from worker.graphs.nested import completed, nested_guess
from worker.numerics import lobpcg

Method = Literal["auto", "dense", "lobpcg", "invit"]

MOST_DENSE = 2048
DENSE = 512
"""Nodes up to which `auto` writes the matrix out: 20 ms, and exact."""

FLOOR = 1e-12
"""Of the largest eigenvalue: what rounding leaves of a residual in float64."""

REFRESH = 8
"""Steps after which L X is computed anew; see `lobpcg.refresh`."""

PATIENCE = 24
"""Steps without half the residual after which `auto` goes on with inverse iteration."""

OUTER_PATIENCE = 6
"""The same of inverse iteration, after which it is no use."""

INNER = 1e-2
"""Relative residual of the solves of inverse iteration."""

INNER_MOST = 60


class Pairs(NamedTuple):
    """The j <= k lowest eigenpairs that are known, ascending."""

    values: Tensor  # (j,) float64
    vectors: Tensor  # (j, n) float64, orthonormal, orthogonal to the constant
    residual: Tensor  # (j,) |L v - lambda v|, computed from these vectors
    converged: Tensor  # (j,) bool
    precision_limited: Tensor  # (j,) bool: as small as float64 allows, and not converged


class EigenSolver:
    """k eigenpairs of a connected graph, better with every step, readable after the first."""

    def __init__(
        self,
        laplacian: SparseLaplacian,
        k: int,
        *,
        method: Method = "auto",
        tolerance: float = 1e-3,
        guess: Tensor | None = None,
    ) -> None:
        """Begin anew, or from the vectors of an earlier solver.

        Args:
            laplacian: of a connected graph.
            k: pairs that are wanted, >= 1; there are no more than n - 1.
            method: of which `dense` is for at most MOST_DENSE nodes; `lobpcg` and `invit` are
                preconditioned by the groups of the graph.
            tolerance: of residuals, relative to the eigenvalue itself.
            guess: (j, n) vectors.
        """
        self._laplacian, self.tolerance = laplacian, tolerance
        self.k = min(k, laplacian.n - 1)
        small = laplacian.n <= DENSE
        self.method: Method = "dense" if method == "auto" and small else method
        self.largest = _largest(laplacian)
        self.iterations = 0
        self._block: lobpcg.Block | None = None
        self._guess = guess
        self._work = self._run()
        self.finished = self.k < 1

    def step(self) -> None:
        """Bring all vectors a little further."""
        if next(self._work, None) is None:
            self.finished = True

    def pairs(self) -> Pairs:
        """What there is now."""
        if self._block is None:
            empty = self._laplacian.degree[:0]
            no = empty.bool()
            return Pairs(empty, empty.reshape(0, self._laplacian.n), empty, no, no)
        X, theta = self._block.X[0, : self.k], self._block.theta[0, : self.k]
        residual = (self._laplacian.apply(X) - theta[:, None] * X).norm(dim=1)
        converged = residual <= self.tolerance * theta
        limited = ~converged & (residual <= FLOOR * self.largest)
        return Pairs(theta, _signed(X), residual, converged, limited)

    def vectors(self) -> Tensor | None:
        """All vectors of the block, those beyond k too: a guess for another solver."""
        return None if self._block is None else self._block.X[0]

    def _run(self) -> Iterator[bool]:
        if self.method == "dense":
            yield from self._dense()
            return
        if self._guess is not None:
            self._start(self._guess)
            if self._good():
                return
        levels = []
        for level in levels_of(self._laplacian):  # loop: stages
            levels.append(level)
            yield True
        grids = Multigrid(self._laplacian, levels)
        if self._guess is None:
            yield from self._begin(grids)
        if self.method != "invit":
            yield from self._lobpcg(grids)
        if self.method != "lobpcg":
            yield from self._inverse_iteration(grids)

    def _dense(self) -> Iterator[bool]:
        theta, X = torch.linalg.eigh(dense(self._laplacian))
        X, theta = X.T[None, 1 : self.k + 1].contiguous(), theta[None, 1 : self.k + 1]
        self._block = lobpcg.Block(X, self._apply(X), theta.clamp(min=0))
        self.iterations = 1
        yield True

    def _begin(self, grids: Multigrid) -> Iterator[bool]:
        guess = yield from nested_guess(grids, self._count)
        self._start(guess)
        yield True

    @property
    def _count(self) -> int:
        """Vectors in the block: those next to the last that is wanted help it along."""
        return min(self._laplacian.n - 1, self.k + max(2, self.k // 2))

    def _start(self, X: Tensor) -> None:
        X = completed(X, self._count)
        self._block = lobpcg.start(X[None], self._apply, self._count)

    def _lobpcg(self, grids: Multigrid) -> Iterator[bool]:
        progress = _Progress(PATIENCE)
        while not self._good():  # loop: iterations
            assert self._block is not None
            W = grids.precondition(self._block.residual()[0])[None]
            self._block = lobpcg.step(self._block, W, self._apply(W))
            self.iterations += 1
            if self.iterations % REFRESH == 0:
                self._block = lobpcg.refresh(self._block, self._apply)
            worst = float(self._ratios(self._block).max())
            if progress.stalled(worst) and self.method == "auto":
                return
            yield True

    def _inverse_iteration(self, grids: Multigrid) -> Iterator[bool]:
        """LOBPCG again, with L^+ itself by conjugate gradients in the place of one cycle."""
        constant = torch.full_like(self._laplacian.degree[None], self._laplacian.n**-0.5)
        progress = _Progress(OUTER_PATIENCE)
        while not self._good():  # loop: iterations
            assert self._block is not None
            if progress.stalled(float(self._ratios(self._block).max())):
                return
            solver = ConjugateGradients(
                self._laplacian.apply,
                self._block.residual()[0],
                grids.precondition,
                deflated=constant,
                tolerance=INNER,
                most=INNER_MOST,
            )
            while not solver.finished:  # loop: iterations
                solver.step()
                yield True
            W = solver.solution(partial=True).X[None]
            block = lobpcg.step(self._block, W, self._apply(W))
            self._block = lobpcg.refresh(block, self._apply)
            self.iterations += 1
            yield True

    def _good(self) -> bool:
        block = self._block
        assert block is not None
        residual = self._ratios(block) * block.theta[0, : self.k]
        enough = torch.clamp(self.tolerance * block.theta[0, : self.k], min=FLOOR * self.largest)
        if not bool((residual <= enough).all()):
            return False
        self._block = block = lobpcg.refresh(block, self._apply)  # what recurrences say may err
        return bool((self._ratios(block) * block.theta[0, : self.k] <= enough).all())

    def _ratios(self, block: lobpcg.Block) -> Tensor:
        """(k,) residuals relative to their eigenvalues."""
        norms: Tensor = block.residual()[0, : self.k].norm(dim=1)
        return norms / block.theta[0, : self.k].clamp(min=TINY)

    def _apply(self, X: Tensor) -> Tensor:
        return self._laplacian.apply(X[0])[None]


class _Progress:
    """Whether a residual still halves within so many steps."""

    def __init__(self, patience: int) -> None:
        self._patience, self._goal, self._since = patience, float("inf"), 0

    def stalled(self, residual: float) -> bool:
        """After another step."""
        self._since += 1
        if residual <= self._goal:
            self._goal, self._since = residual / 2, 0
        return self._since > self._patience


def _largest(laplacian: SparseLaplacian) -> float:
    """No eigenvalue exceeds the largest sum of the degrees of two neighbours.

    Anderson and Morley (1985).
    """
    degree = laplacian.degree
    if len(laplacian.col) == 0:
        return 0.0
    neighbour = torch.segment_reduce(degree[laplacian.col], "max", lengths=laplacian.crow.diff())
    return float((degree + neighbour.clamp(min=0)).max())


def _signed(X: Tensor) -> Tensor:
    """Rows with their first largest entry, by amount, positive."""
    amount = X.abs()
    place = (amount == amount.amax(1, keepdim=True)).to(torch.uint8).argmax(1, keepdim=True)
    signs = torch.where(X.gather(1, place) < 0, -1.0, 1.0)
    return X * signs
