"""Tiles preconditioned by the exact inverse of their Laplacian: the last resort, for any tile.

Where almost every pixel is a region of its own (noise, dither and text at a low `edge_threshold`),
the low modes lie in no space of a few aggregates a block. A banded Cholesky factor in float64 has
them in one to three steps; a tile of 64 x 64 is factored in 15 ms.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from torch import Tensor

from worker.numerics import lobpcg
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
        guess: Tensor | None = None,  # (B, j, n), tried beside a fixed pattern
    ) -> None:
        self._laplacian = image_laplacian(rgb.double().cpu(), stencil, tau)
        self._factors = _factors(self._laplacian)
        n = rgb[0, 0].numel()
        rows = torch.arange(1, k + 1, dtype=torch.float64)[:, None]
        pattern = torch.sin(12.9898 * torch.arange(n) * rows + 78.233 * rows)
        X = self._solve(pattern.expand(len(rgb), -1, -1))
        if guess is not None:
            X = torch.cat([guess.double().cpu(), X], 1)
        self._block = lobpcg.start(X, self._laplacian.apply, k)

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
        block = self._block
        proof = certify(block.theta, block.residual().norm(dim=-1))
        return Solution(block.X, block.theta, proof.residual, proof.bound, proof.cluster)

    def keep(self, rows: Tensor) -> None:
        """Go on with the tiles `rows` (indices into the present batch) alone."""
        rows = rows.cpu()
        self._laplacian = self._laplacian.select(rows)
        self._factors = [self._factors[r] for r in rows.tolist()]
        self._block = self._block.select(rows)

    def step(self) -> None:
        """One LOBPCG step with W = L^+ R; what rounding does to L X and L P is mended at once."""
        W = self._solve(self._block.residual())
        block = lobpcg.step(self._block, W, self._laplacian.apply(W))
        self._block = lobpcg.refresh(block, self._laplacian.apply)

    def _solve(self, R: Tensor) -> Tensor:
        R = R - R.mean(-1, keepdim=True)
        rows = [
            cho_solve_banded((factor, True), r.numpy().T, check_finite=False).T
            for factor, r in zip(self._factors, R, strict=True)
        ]
        W = torch.from_numpy(np.stack(rows))
        return W - W.mean(-1, keepdim=True)


def _factors(laplacian: Laplacian) -> list[Array]:
    """Lower banded Cholesky factors (band + 1, n).

    Grounded at the last pixel, which is exact for right sides that sum to 0.
    """
    n = laplacian.degree.shape[2]
    factors = []
    for degree, weights in zip(laplacian.degree[:, 0], laplacian.weights, strict=True):
        band = np.zeros((laplacian.pad + 1, n), order="F")
        band[0] = degree.numpy()
        band[0, -1] += band[0].max()
        for shift, w in zip(laplacian.shifts, weights[:, laplacian.pad :], strict=True):
            # On a narrow tile two offsets may have the same shift.
            band[shift, : n - shift] -= w[: n - shift].numpy()
        factors.append(cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False))
    return factors
