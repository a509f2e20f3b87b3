"""The lowest eigenvectors on the levels of a graph: from the smallest one up to the graph itself.

On a level whose groups have masses M the problem is L u = lambda M u. Blocks hold Y = M^1/2 u,
whose rows are orthonormal.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs import long_block
from worker.graphs.multigrid import Multigrid
from worker.numerics import lobpcg

STEPS = 4
"""LOBPCG steps on every level between the coarsest and the graph itself."""

SMOOTHING = 2
"""Sweeps over what is only prolonged: without them the steps from group to group are all there is
to see, and the values are thirty times too large."""


class LevelProblem(NamedTuple):
    """M^-1/2 L M^-1/2 on one of the levels, 0 for the graph itself."""

    grids: Multigrid
    level: int
    root: Tensor | None  # (m,) M^1/2; None on the graph itself: 1 everywhere

    def operator(self, Y: Tensor) -> Tensor:
        """The product with rows (1, k, m)."""
        apply = self.grids.laplacians[self.level].apply
        if self.root is None:
            return apply(Y[0])[None]
        return (apply(Y[0] / self.root) / self.root)[None]

    def precondition(self, R: Tensor) -> Tensor:
        """About the inverse of it, (1, k, m)."""
        if self.root is None:
            return self.grids.precondition(R[0])[None]
        return self.deflated(self.grids.cycle(R[0] * self.root, self.level) * self.root)[None]

    def deflated(self, Y: Tensor) -> Tensor:
        """Without the null vector, (k, m)."""
        if self.root is None:
            return Y - Y.mean(1, keepdim=True)
        constant = self.root / self.root.norm()
        rest: Tensor = Y - (Y @ constant)[:, None] * constant
        return rest

    def values(self, Y: Tensor) -> Tensor:
        """(k, m) u."""
        return Y if self.root is None else Y / self.root

    def start(self, U: Tensor, count: int) -> lobpcg.Block:
        """Rayleigh-Ritz on the rows (j, m) of a guess, completed to `count`, in u."""
        U = completed(U, min(count, U.shape[1] - 1))
        Y = self.deflated(U if self.root is None else U * self.root)[None]
        return long_block.rotated(Y, self.operator)

    def improved(self, block: lobpcg.Block) -> lobpcg.Block:
        """One LOBPCG step."""
        return long_block.improved(block, self.precondition(block.residual()), self.operator)


def problem(grids: Multigrid, level: int) -> LevelProblem:
    """That of a level."""
    return LevelProblem(grids, level, grids.levels[level - 1].mass.sqrt() if level else None)


def coarsest(grids: Multigrid, count: int) -> lobpcg.Block:
    """The lowest eigenvectors on the smallest level, exact."""
    last = problem(grids, len(grids.levels))
    scale = 1.0 if last.root is None else last.root[:, None] * last.root
    theta, X = torch.linalg.eigh(grids.coarsest / scale)
    lowest = X.T[None, 1 : count + 1].contiguous()
    return lobpcg.Block(lowest, last.operator(lowest), theta[None, 1 : count + 1])


def risen(grids: Multigrid, level: int, block: lobpcg.Block, count: int) -> lobpcg.Block:
    """A block of a level as a guess on the next finer one."""
    U = problem(grids, level).values(block.X[0])
    return problem(grids, level - 1).start(grids.levels[level - 1].prolong(U), count)


def prolonged(grids: Multigrid, level: int, Y: Tensor) -> lobpcg.Block:
    """Vectors (j, m) of a block of a level, as a guess on the graph itself."""
    U = problem(grids, level).values(Y)
    for finer in range(level, -1, -1):  # loop: stages
        if finer < level:
            U = grids.levels[finer].prolong(U)
        for _ in range(SMOOTHING):  # loop: iterations
            U = grids.smoothed(U, finer)
    return problem(grids, 0).start(U, len(Y))


def completed(X: Tensor, count: int) -> Tensor:
    """The rows (j, n) of X that are not 0, and as many others as make `count`.

    A group of few nodes has few vectors, and Rayleigh-Ritz leaves 0 in the place of missing ones.
    """
    X = X[X.norm(dim=1) > 0][:count]
    i = torch.arange(X.shape[1], dtype=X.dtype, device=X.device)
    j = torch.arange(1, count - len(X) + 1, dtype=X.dtype, device=X.device)[:, None]
    return torch.cat([X, torch.sin(12.9898 * i * j + 78.233 * j)])  # at random, but always the same
