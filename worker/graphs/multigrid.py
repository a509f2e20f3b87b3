"""About L^+ for any connected graph: V-cycles over its groups, accelerated on every level.

Values that are constant on a group cannot follow a slope; a few steps of conjugate gradients on
each coarse level mend that (the K-cycle of Notay and Vassilevski, 2008).
"""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from worker.graphs.coarsening import Level, coarser
from worker.graphs.laplacian import SparseLaplacian

COARSEST = 400
"""Nodes that are few enough for a dense inverse."""

INNER_STEPS = 2
DAMPING = 2 / 3
"""Of Jacobi: the eigenvalues of D^-1 L lie in 0..2, and on bipartite graphs 2 is one."""

LEAST_SHRINKING = 0.9
"""A level that is hardly smaller than the one below is not worth its price."""

TINY = 1e-300
NULL = 1e-13
"""Eigenvalues of D^-1/2 L D^-1/2, which lie in 0..2, that count as 0."""


def levels_of(laplacian: SparseLaplacian, known: Sequence[Level] = ()) -> Iterator[Level]:
    """The levels below a connected graph, finest first, after those that are known.

    Together they are as dear as some 20 products.
    """
    mass = torch.ones_like(laplacian.degree)
    if known:
        laplacian, mass = known[-1].laplacian, known[-1].mass
    while laplacian.n > COARSEST:  # loop: stages
        level = coarser(laplacian, mass)
        laplacian, mass = level.laplacian, level.mass
        yield level


class Multigrid:
    """The levels below a connected graph, and a solve on them."""

    def __init__(self, laplacian: SparseLaplacian, levels: Iterable[Level] | None = None) -> None:
        """On these levels, or on `levels_of` the graph."""
        self.levels = list(levels_of(laplacian) if levels is None else levels)
        self.laplacians = [laplacian, *(level.laplacian for level in self.levels)]
        self._inverses = [DAMPING / lap.degree.clamp(min=TINY) for lap in self.laplacians]
        self.coarsest = dense(self.laplacians[-1])
        self._inverse = _inverse(self.coarsest)

    def precondition(self, R: Tensor) -> Tensor:
        """One V-cycle from the finest level, for rows (k, n) that sum to 0; so do the results."""
        Z = self.cycle(R, 0)
        return Z - Z.mean(1, keepdim=True)

    def cycle(self, R: Tensor, index: int) -> Tensor:
        """A Jacobi step, the correction of the next level, a Jacobi step."""
        if index == len(self.levels):
            return R @ self._inverse
        level, laplacian = self.levels[index], self.laplacians[index]
        inverse = self._inverses[index]
        coarse = level.restrict(laplacian.residual(R, R * inverse))
        Z = level.corrected(R, inverse, self._solved(coarse, index + 1))
        return Z.addcmul_(laplacian.residual(R, Z), inverse)

    def smoothed(self, X: Tensor, index: int) -> Tensor:
        """A Jacobi step towards L x = 0 on a level."""
        LX = self.laplacians[index].apply(X)
        return torch.addcmul(X, LX, self._inverses[index], value=-1)

    def _solved(self, R: Tensor, index: int) -> Tensor:
        """L^+ R on a coarse level, by so many steps of conjugate gradients."""
        if index == len(self.levels):
            return R @ self._inverse
        X, P, LP, curvature = torch.zeros_like(R), R, R, R
        for step in range(INNER_STEPS):  # loop: iterations
            Z = self.cycle(R, index)
            # Made L-orthogonal to the last direction itself: the cycle is not quite linear.
            P = Z - _dot(Z, LP) / curvature * P if step else Z
            LP = self.laplacians[index].apply(P)
            curvature = _dot(P, LP).clamp(min=TINY)
            length = _dot(P, R) / curvature
            X, R = torch.addcmul(X, length, P), torch.addcmul(R, length, LP, value=-1)
        return X


def dense(laplacian: SparseLaplacian) -> Tensor:
    """The matrix written out, (n, n) float64."""
    n = laplacian.n
    row = torch.arange(n, device=laplacian.w.device).repeat_interleave(laplacian.crow.diff())
    L = torch.diag(laplacian.degree)
    L[row, laplacian.col] -= laplacian.w
    return L


def _inverse(L: Tensor) -> Tensor:
    """A matrix that solves L x = r for every r whose entries sum to 0.

    By the eigenvectors of D^-1/2 L D^-1/2: weights over sixty orders of magnitude leave a Cholesky
    factor without positive pivots.
    """
    root = L.diagonal().clamp(min=TINY).rsqrt()
    theta, X = torch.linalg.eigh(L * root[:, None] * root)
    inverse = torch.where(theta > NULL, 1 / theta, 0.0)
    half = X * root[:, None]
    solving: Tensor = (half * inverse) @ half.T
    return solving


def _dot(X: Tensor, Y: Tensor) -> Tensor:
    """Row by row, (k, 1)."""
    return (X * Y).sum(1, keepdim=True)
