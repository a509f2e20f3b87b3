"""Tiles preconditioned by the exact inverse of their Laplacian: the last resort, for any tile.

Where almost every pixel is a region of its own (noise, dither and text at a low `edge_threshold`),
the low modes lie in no space of a few aggregates a block. A banded Cholesky factor in float64 has
them in one to three steps; a tile of 64 x 64 is factored in 15 ms.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.numerics import banded
from worker.numerics.certificate import certify
from worker.numerics.laplacian import Laplacian, image_laplacian
from worker.numerics.stencil import Offset
from worker.numerics.tile_batch import Solution

Array = NDArray[np.float64]


class DirectBatch:
    """LOBPCG preconditioned by L^+; on the CPU, wherever the tiles come from."""

    def __init__(
        self,
        rgb: Tensor,  # (B, 3, h, w) in [0, 1]
        stencil: tuple[Offset, ...],
        tau: float,
        k: int,
        guess: Tensor | None = None,  # (B, j, n), tried beside fixed noise
    ) -> None:
        self._laplacian = image_laplacian(rgb.double().cpu(), stencil, tau)
        self._factors = _factors(self._laplacian)
        n = rgb[0, 0].numel()
        # L^+ leaves little but the lowest modes, also of those that no guess has.
        noise = torch.randn(k, n, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
        X = self._solve(noise.expand(len(rgb), -1, -1))
        if guess is not None:
            X = torch.cat([guess.double().cpu(), X], 1)
        self._k = k
        self._X: Tensor
        self._LX: Tensor
        self._theta: Tensor  # (B, k)
        self._ritz(X)
        self._P: Tensor = X[:, :0]  # no direction yet

    @property
    def size(self) -> int:
        """Tiles in the batch."""
        return len(self._factors)

    @property
    def memory(self) -> int:
        """Bytes held, about."""
        return self._laplacian.weights.nbytes + sum(f.nbytes for f in self._factors)

    def certify(self) -> Solution:
        """Davis and Kahan's bound for the Ritz vectors as they are."""
        proof = certify(self._theta, self._residual().norm(dim=-1))
        return Solution(self._X, self._theta, proof.residual, proof.bound, proof.cluster)

    def keep(self, rows: Tensor) -> None:
        """Go on with the tiles `rows` (indices into the present batch) alone."""
        rows = rows.cpu()
        self._laplacian = self._laplacian.select(rows)
        self._factors = [self._factors[r] for r in rows.tolist()]
        self._X, self._LX, self._P = self._X[rows], self._LX[rows], self._P[rows]
        self._theta = self._theta[rows]

    def step(self) -> None:
        """One LOBPCG step with W = L^+ R."""
        W = torch.nn.functional.normalize(self._solve(self._residual()), dim=2)
        self._P = self._ritz(torch.cat([self._X, W, self._P], 1))

    def _residual(self) -> Tensor:
        residual: Tensor = self._LX - self._theta[:, :, None] * self._X
        return residual

    def _ritz(self, S: Tensor) -> Tensor:
        """Rayleigh-Ritz on the rows of S (B, s, n), the block's own first.

        By QR: a Gram matrix leaves 1e-8 of rounding once W is nearly in the span of X and P, as
        much as a lambda_2 can be. Returns what of the new vectors lies outside the first k rows.
        """
        constant = torch.ones_like(S[:, :1])  # goes first: all others are made free of it
        Q = torch.linalg.qr(torch.cat([constant, S], 1).mT).Q.mT[:, 1:].contiguous()
        image = self._laplacian.apply(Q)
        theta, C = torch.linalg.eigh(Q @ image.mT)
        C = C.mT[:, : self._k]
        self._theta, self._X, self._LX = theta[:, : self._k], C @ Q, C @ image
        outside: Tensor = C[:, :, self._k :] @ Q[:, self._k :]
        return outside

    def _solve(self, R: Tensor) -> Tensor:
        """L^+ R for R (B, k, n)."""
        W: Tensor = (R - R.mean(2, keepdim=True)).contiguous()
        for factored, rows in zip(self._factors, W.numpy(), strict=True):
            banded.solve(factored, rows)
        return W - W.mean(2, keepdim=True)


def _factors(laplacian: Laplacian) -> list[Array]:
    """Cholesky factors of L with the last pixel grounded.

    L + g e_n e_n^T is positive definite, and where the right side sums to 0 the ground carries no
    current: the solution is L^+ r up to a constant, whatever g.
    """
    degrees, pad = laplacian.degree[:, 0].numpy(), laplacian.pad
    factors = []
    for weights, degree in zip(laplacian.weights.numpy(), degrees, strict=True):
        band = np.zeros((len(degree), pad + 1))
        band[:, 0] = degree
        band[-1, 0] += degree.max()
        for shift, w in zip(laplacian.shifts, weights, strict=True):
            # On narrow tiles several offsets have one shift. Pairs out of reach weigh 0.
            band[: len(degree) - shift, shift] -= w[pad : pad + len(degree) - shift]
        banded.factor(band)
        factors.append(band)
    return factors
