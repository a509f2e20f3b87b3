"""Solving on the grids of an image: a V-cycle on every level, accelerated by conjugate gradients.

Values that are constant on a group cannot follow a slope: on smooth parts of an image a plain
V-cycle takes a third of the step it should, on every level again. A few steps of conjugate
gradients on the coarse levels (the K-cycle of Notay and Vassilevski, 2008) mend that and cost
little, since the first coarse level has a twentieth of the pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.numerics import lobpcg
from worker.numerics.coarse import CoarseProblem, coarse_eigenvectors, inverted
from worker.numerics.constants import TINY
from worker.numerics.hierarchy import Level, coarser
from worker.numerics.laplacian import Laplacian
from worker.numerics.strips import Work

COARSEST = 1500
"""Nodes that are few enough for a dense factor, 50 ms."""

INNER_STEPS = (6, 2)
"""Steps of conjugate gradients on the first coarse level, and on every other between that and the
coarsest. With 1 / 3 / 6 / 12 on the first, a photograph (astronaut) took 20 / 8 / 7 / 7 steps."""

NESTED_STEPS = 6
"""LOBPCG steps on every level on the way from the coarsest to the pixels. After 1 / 3 / 6 / 10 the
first vector of a photograph (astronaut) has a cosine of 0.989 / 0.997 / 0.999 / 0.999 with the
final one, that of a drawing with two close eigenvalues 0.59 / 0.95 / 0.978 / 0.987."""

SUBSPACE_STEPS = 8
GUARD_VECTORS = 4


@dataclass(frozen=True)
class Coarsest:
    """The dense problem of the filled nodes of the last level."""

    filled: Tensor  # (m,) indices of its nodes
    problem: CoarseProblem

    def solve(self, R: Tensor) -> Tensor:
        """L^+ R for rows (k, n) that sum to 0."""
        Z = torch.zeros_like(R)
        Z[:, self.filled] = self.problem.solve(R[None, :, self.filled])[0]
        return Z

    def eigenvectors(self, k: int) -> Tensor:
        """The lowest k, (k, m) float64, orthonormal in the mass; fewer where there are fewer."""
        count = min(k + GUARD_VECTORS, len(self.filled) - 1)
        i = torch.arange(len(self.filled), dtype=torch.float64, device=self.filled.device)
        j = torch.arange(1, count + 1, dtype=torch.float64, device=self.filled.device)[:, None]
        guess = torch.sin(12.9898 * i * j + 78.233 * j)[None]
        return coarse_eigenvectors(self.problem, guess, SUBSPACE_STEPS)[0, :k]


def coarsest(level: Level) -> Coarsest:
    """Write the Laplacian of a level out and factor it."""
    graph, n = level.laplacian, level.size
    filled = (level.mass > 0).nonzero()[:, 0]
    A = torch.zeros(n, n, dtype=torch.float64, device=filled.device)
    for shift, w in zip(graph.shifts, graph.weights[0], strict=True):
        if shift < n:
            A.diagonal(shift).copy_(w[graph.pad : graph.pad + n - shift])
    A = A[filled][:, filled]
    degree = (A + A.mT).sum(1)
    A = torch.diag(degree) - A - A.mT
    return Coarsest(filled, inverted(A[None], level.mass[None, filled].double()))


class Multigrid:
    """The levels above the pixels, the first to the coarsest."""

    def __init__(self, first: Level) -> None:
        self.levels = [first]
        while int((self.levels[-1].mass > 0).sum()) > COARSEST:
            self.levels.append(coarser(self.levels[-1]))
        self._coarsest = coarsest(self.levels[-1])
        degrees = [level.laplacian.degree[0] for level in self.levels]
        self._inverse = [torch.where(d > 0, 1 / d, 0.0) for d in degrees]
        self._filled = [(level.mass > 0).float() for level in self.levels]

    def solve(self, R: Tensor, index: int = 0) -> Tensor:
        """An approximation of L^+ R on level `index`, for rows (k, n) that sum to 0.

        Conjugate gradients, each row with its own steps, preconditioned by a V-cycle; the number of
        steps is fixed.
        """
        if index == len(self.levels) - 1:
            return self._coarsest.solve(R)
        X, P, LP, scale = torch.zeros_like(R), R, R, R
        for step in range(INNER_STEPS[min(index, len(INNER_STEPS) - 1)]):
            Z = self._centred(self.cycle(R, index), index)
            # Z is made L-orthogonal to the last direction itself: the V-cycle is not quite linear.
            P = Z - _dot(Z, LP) / scale * P if step else Z
            LP = self._apply(P, index)
            scale = _dot(P, LP).clamp(min=TINY)
            length = _dot(P, R) / scale
            X = torch.addcmul(X, length, P)
            R = torch.addcmul(R, length, LP, value=-1)
        return X

    def cycle(self, R: Tensor, index: int) -> Tensor:
        """One V-cycle: a Jacobi step, the correction of the level above, a Jacobi step."""
        if index == len(self.levels) - 1:
            return self._coarsest.solve(R)
        above, inverse = self.levels[index + 1], self._inverse[index]
        Z = R * inverse
        R = R - self._apply(Z, index)
        correction = above.prolong(self.solve(above.restrict(R), index + 1)) * self._filled[index]
        R = R - self._apply(correction, index)
        return Z + correction + R * inverse

    def eigenvectors(self, k: int) -> Work[tuple[Tensor, Tensor]]:
        """The lowest k of the first level, from the coarsest level up.

        Returns:
            Vectors (k, n) float32, orthonormal in the mass, so that their pixels are unit vectors;
            and their Ritz values (k,) float64. Fewer where there are fewer nodes.
        """
        top = self.levels[-1]
        lowest = self._coarsest.eigenvectors(k)
        U = torch.zeros(len(lowest), top.size, device=lowest.device)
        U[:, self._coarsest.filled] = lowest.float()
        theta = (U * self._apply(U, len(self.levels) - 1)).double().sum(1)
        for index in range(len(self.levels) - 2, -1, -1):
            U, theta = yield from self._refined(self.levels[index + 1].prolong(U), index)
        return U, theta

    def _refined(self, U: Tensor, index: int) -> Work[tuple[Tensor, Tensor]]:
        """A few steps of LOBPCG for L u = lambda M u, in the coordinates M^1/2 u."""
        root = self.levels[index].mass.sqrt()
        inverse = torch.where(root > 0, 1 / root, 0.0)
        constant = root / root.norm()

        def operator(Y: Tensor) -> Tensor:
            return self._apply(Y[0] * inverse, index)[None] * inverse

        def deflated(Y: Tensor) -> Tensor:
            rest: Tensor = Y - (Y @ constant)[:, None] * constant
            return rest[None]

        Y = deflated(U * root)
        block = lobpcg.rotate(Y, operator(Y), lobpcg.Block(Y, Y, Y[..., 0].double()))
        for _ in range(NESTED_STEPS):
            W = deflated(self.cycle(block.residual()[0] * root, index) * root)
            block = lobpcg.step(block, W, operator(W))
            yield []
        return block.X[0] * inverse, block.theta[0]

    def _apply(self, X: Tensor, index: int) -> Tensor:
        laplacian: Laplacian = self.levels[index].laplacian
        return laplacian.apply(X[None])[0]

    def _centred(self, X: Tensor, index: int) -> Tensor:
        filled = self._filled[index]
        return (X - X.sum(1, keepdim=True) / filled.sum()) * filled


def _dot(X: Tensor, Y: Tensor) -> Tensor:
    """Row by row, (k, 1)."""
    product: Tensor = (X * Y).sum(1, keepdim=True)
    return product
