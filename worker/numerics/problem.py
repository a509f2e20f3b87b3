"""The eigenproblem of a batch of tiles on two levels, and the V-cycle that preconditions it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.numerics.aggregate import Aggregates, colour_aggregates
from worker.numerics.coarse import CoarseProblem, coarse_eigenvectors, galerkin
from worker.numerics.constants import OVERCORRECTION
from worker.numerics.laplacian import Laplacian, image_laplacian
from worker.numerics.stencil import Offset, jacobi_damping

COARSE_STEPS = 3
GUARD_VECTORS = 4
"""Vectors beyond the k wanted in the coarse iteration; they speed up its convergence."""


@dataclass(frozen=True)
class TileProblem:
    """Laplacian, aggregates and coarse problem of B equally shaped tiles."""

    laplacian: Laplacian
    aggregates: Aggregates
    coarse: CoarseProblem
    damping: float

    def smooth(self, R: Tensor) -> tuple[Tensor, Tensor]:
        """One damped Jacobi step on residuals R: Z = D^-1 R and L Z, both (B, k, n)."""
        Z = R / (self.laplacian.degree / self.damping)
        Z = Z - Z.mean(-1, keepdim=True)
        return Z, self.laplacian.apply(Z)

    def correct(self, R: Tensor, Z: Tensor, LZ: Tensor) -> tuple[Tensor, Tensor]:
        """Finish the V-cycle that began with Z: coarse correction and a second Jacobi step.

        Returns:
            W and L W, both (B, k, n); W approximates L^+ R.
        """
        coarse = self.aggregates.prolong(self.coarse.solve(self.aggregates.restrict(R - LZ)))
        coarse = OVERCORRECTION * (coarse - coarse.mean(-1, keepdim=True))
        Z, LZ = Z + coarse, LZ + self.laplacian.apply(coarse)
        post, Lpost = self.smooth(R - LZ)
        return Z + post, LZ + Lpost

    def coarse_guess(self, rgb: Tensor, k: int) -> Tensor:
        """The first k coarse eigenvectors as pixels, (B, k, n), not normalised."""
        guess = _features(self.aggregates, rgb, k + GUARD_VECTORS)
        U = coarse_eigenvectors(self.coarse, guess, COARSE_STEPS)
        return self.aggregates.prolong(U[:, :k].to(rgb.dtype))

    def select(self, rows: Tensor) -> "TileProblem":
        """The problem of the tiles `rows` (indices into the batch) alone."""
        return TileProblem(
            self.laplacian.select(rows),
            self.aggregates.select(rows),
            self.coarse.select(rows),
            self.damping,
        )


def prepare(rgb: Tensor, stencil: tuple[Offset, ...], tau: float) -> TileProblem:
    """Edge weights, aggregates and factored coarse problem of tiles (B, 3, h, w) in [0, 1].

    The dtype of `rgb` is the precision of everything on the fine level.
    """
    laplacian = image_laplacian(rgb, stencil, tau)
    aggregates = colour_aggregates(rgb)
    coarse = galerkin(laplacian, aggregates)
    return TileProblem(laplacian, aggregates, coarse, jacobi_damping(stencil))


def _features(aggregates: Aggregates, rgb: Tensor, count: int) -> Tensor:
    """(B, count, m) float64: place and colour of each aggregate, and a fixed pattern.

    Low modes are smooth in place and colour; the pattern keeps the rows independent on tiles
    where those vanish.
    """
    batch, _, height, width = rgb.shape
    y = torch.linspace(-1, 1, height, dtype=rgb.dtype, device=rgb.device)[:, None]
    x = torch.linspace(-1, 1, width, dtype=rgb.dtype, device=rgb.device)[None]
    place = torch.stack([x + 0 * y, y + 0 * x, x * y, x * x - y * y])
    rows = torch.cat([place.flatten(1).expand(batch, -1, -1), rgb.flatten(2)], 1)
    sizes = aggregates.sizes.clamp(min=1)[:, None]
    features = (aggregates.restrict(rows).double() / sizes)[:, :count]
    i = torch.arange(sizes.shape[2], dtype=torch.float64, device=rgb.device)
    j = torch.arange(1, count + 1, dtype=torch.float64, device=rgb.device)[:, None]
    guess = 0.05 * torch.sin(12.9898 * i * j + 78.233 * j).repeat(batch, 1, 1)
    guess[:, : features.shape[1]] += features
    return guess * (aggregates.sizes > 0)[:, None]
