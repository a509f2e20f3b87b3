"""The Galerkin coarse problem of a batch of tiles: factor, solve, first eigenvectors."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.numerics.aggregate import Aggregates
from worker.numerics.laplacian import Laplacian
from worker.numerics.rayleigh_ritz import rayleigh_ritz


@dataclass(frozen=True)
class CoarseProblem:
    """A_c = P^T L P and M_c = P^T P of B tiles with m aggregates each, in float64."""

    matrix: Tensor  # (B, m, m), rows sum to 0; empty aggregates are zero rows
    mass: Tensor  # (B, m) pixels
    inverse: Tensor  # (B, m, m) of A_c + rank one (constant) + empty slots

    def solve(self, R: Tensor) -> Tensor:
        """A_c^+ applied to rows (B, k, m) that sum to 0."""
        return (R.to(self.inverse.dtype) @ self.inverse).to(R.dtype)

    def select(self, rows: Tensor) -> "CoarseProblem":
        """The problems of the tiles `rows` alone."""
        return CoarseProblem(self.matrix[rows], self.mass[rows], self.inverse[rows])


def galerkin(laplacian: Laplacian, aggregates: Aggregates) -> CoarseProblem:
    """Sum the edge weights between aggregates and invert the result."""
    matrix = laplacian.coupling(aggregates.labels, aggregates.sizes.shape[1])
    matrix = matrix + matrix.mT
    matrix.diagonal(dim1=1, dim2=2).zero_()
    degree = matrix.sum(2)
    matrix.neg_().diagonal(dim1=1, dim2=2).copy_(degree)
    return inverted(matrix, aggregates.sizes.double())


def inverted(matrix: Tensor, mass: Tensor) -> CoarseProblem:
    """The problem of A_c (B, m, m) and the diagonal of M_c (B, m), solved once and for all.

    A product with the inverse takes half the time of two triangular solves on a CPU; on CUDA those
    go row by row. The constant vector is moved out of the null space by mass mass^T * trace /
    total^2.
    """
    trace = matrix.diagonal(dim1=1, dim2=2).sum(1)
    scale = torch.where(trace > 0, trace, 1.0) / mass.sum(1).square()
    shifted = torch.addcmul(matrix, (mass * scale[:, None])[:, :, None], mass[:, None, :])
    shifted.diagonal(dim1=1, dim2=2).add_((mass == 0).double())
    # Not checked: that would wait for the device, and the certificate tells. By the factor's
    # inverse: torch.linalg.inv waits too, and is wrong in batches in some builds.
    factor = torch.linalg.cholesky_ex(shifted).L
    identity = torch.eye(mass.shape[1], dtype=mass.dtype, device=mass.device).expand_as(factor)
    half: Tensor = torch.linalg.solve_triangular(factor, identity, upper=False)
    return CoarseProblem(matrix, mass, half.mT @ half)


def coarse_eigenvectors(problem: CoarseProblem, guess: Tensor, steps: int) -> Tensor:
    """Inverse subspace iteration for A_c u = lambda M_c u, the constant deflated.

    Args:
        problem: B factored problems with m aggregates.
        guess: (B, p, m) float64 starting vectors.
        steps: how many solves.

    Returns:
        (B, p, m), M_c-orthonormal, in ascending order of their Ritz values.
    """
    mass = problem.mass[:, None]
    U = guess
    for _ in range(steps):
        U = U - (U * mass).sum(2, keepdim=True) / mass.sum(2, keepdim=True)
        U = problem.solve(U * mass)
        _, C = rayleigh_ritz(U @ (U * mass).mT, U @ problem.matrix @ U.mT, U.shape[1])
        U = C @ U
    return U
