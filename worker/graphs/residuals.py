"""How good approximate eigenpairs are, and how good they can become."""

from typing import NamedTuple

import torch

from worker.graphs.laplacian import SparseLaplacian
from worker.graphs.multigrid import TINY
from worker.numerics import lobpcg

FLOOR = 1e-12
"""Of the largest eigenvalue: what rounding leaves of a residual in float64."""

VALUES = 0.1
"""Of the tolerance: how exact eigenvalues are to be, relatively."""


class Residuals(NamedTuple):
    """Of the pairs of a block that are wanted."""

    worst: float  # relative to its eigenvalue
    good: bool  # whether all are small, or as small as float64 allows
    converged: bool  # whether all are small, and the eigenvalues exact

    @classmethod
    def of(cls, block: lobpcg.Block, k: int, tolerance: float, largest: float) -> "Residuals":
        """The first k rows of a block; `largest`: no eigenvalue exceeds this."""
        theta, last = block.theta[0, :k], block.theta[0, -1]
        norms = block.residual()[0, :k].norm(dim=1)
        small = norms <= tolerance * theta
        # |lambda - theta| <= min(r, r^2 / gap), the gap to what the block has not: beside many
        # equal eigenvalues it is small, and so must be the residual.
        error = torch.minimum(norms, norms**2 / (last - theta).clamp(min=TINY))
        return cls(
            float((norms / theta.clamp(min=TINY)).max()),
            bool((small | (norms <= FLOOR * largest)).all()),
            bool((small & (error <= VALUES * tolerance * theta)).all()),
        )


def largest(laplacian: SparseLaplacian) -> float:
    """No eigenvalue exceeds the largest sum of the degrees of two neighbours.

    Anderson and Morley (1985).
    """
    degree = laplacian.degree
    if len(laplacian.col) == 0:
        return 0.0
    neighbour = torch.segment_reduce(degree[laplacian.col], "max", lengths=laplacian.crow.diff())
    return float((degree + neighbour.clamp(min=0)).max())
