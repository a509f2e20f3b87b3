"""A batch of equally shaped tiles on the way from pixels to certified Fiedler vectors."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from worker.numerics import lobpcg
from worker.numerics.certificate import certify
from worker.numerics.laplacian import image_laplacian
from worker.numerics.problem import TileProblem, prepare
from worker.numerics.rows import joined_rows
from worker.numerics.signs import ramp
from worker.numerics.stencil import Offset

DENSE_PIXELS = 256
"""Tiles up to this size are solved by a dense eigendecomposition."""

BLOCKS = (4, 8, 16)
"""Block sizes tried in turn while a tile shows no gap above its lambda_2 cluster."""

SEARCHED = 3
"""Rows of a block of four that get new search directions: enough to certify a pair of equal
eigenvalues, a quarter cheaper than all, and as many steps."""

REFRESH_AFTER = 7
"""Steps after which rounding is kept in check, at two products a step; most tiles end before."""


@dataclass(frozen=True)
class Solution:
    """Ritz pairs of B tiles and what is proved about them. Not converging is no error.

    The vectors are where they were found; all that decides what is next is on the CPU.
    """

    vectors: Tensor  # (B, k, n) orthonormal rows, zero where a tile has fewer than k
    theta: Tensor  # (B, k) float64, ascending
    residual: Tensor  # (B,) of the lambda_2 cluster
    bound: Tensor  # (B,) on sin(angle to the lambda_2 eigenspace); inf: none
    cluster: Tensor  # (B,) size of the lambda_2 cluster; k where no gap is in sight

    @property
    def gap(self) -> Tensor:
        """(B,) between the cluster and the next Ritz value; inf where none is in sight."""
        following = self.cluster.clamp(max=self.theta.shape[1] - 1)[:, None]
        gap = self.theta.gather(1, following) - self.theta.gather(1, self.cluster[:, None] - 1)
        return torch.where(self.cluster < self.theta.shape[1], gap[:, 0], torch.inf)

    def canonical(self, shape: tuple[int, int]) -> "Solution":
        """With each cluster's basis turned towards the ramp; see `canonical`."""
        return replace(self, vectors=canonical(self.vectors, self.cluster, shape))

    def select(self, rows: Tensor) -> "Solution":
        """The solutions of the tiles `rows`, indices on the CPU, alone."""
        return Solution(
            self.vectors[rows.to(self.vectors.device, non_blocking=True)],
            self.theta[rows],
            self.residual[rows],
            self.bound[rows],
            self.cluster[rows],
        )


class TileBatch:
    """LOBPCG over the tiles that are still active; each call is one step for all of them."""

    def __init__(
        self,
        rgb: Tensor,  # (B, 3, h, w) in [0, 1]; its dtype is the working precision
        stencil: tuple[Offset, ...],
        tau: float,
        k: int,
        guess: Tensor | None = None,  # (B, j, n), tried beside the coarse vectors
    ) -> None:
        self._problem: TileProblem = prepare(rgb, stencil, tau)
        X = self._problem.coarse_guess(rgb, k)
        if guess is not None:
            X = torch.cat([guess.to(X.dtype), X], 1)
        self._block = lobpcg.start(X, self._problem.laplacian.apply, k)
        self._searched = SEARCHED if k == BLOCKS[0] else k
        self._steps = 0
        self._correction: tuple[Tensor, Tensor, Tensor] | None = None
        self._solution: Solution | None = None  # of `_block`, once asked for
        # Prolonged aggregates are steps; smoothing them at once saves an LOBPCG step.
        self._block = self._smooth()

    @property
    def size(self) -> int:
        """Tiles in the batch."""
        return self._block.X.shape[0]

    @property
    def memory(self) -> int:
        """Bytes held, about."""
        laplacian, coarse = self._problem.laplacian, self._problem.coarse
        return laplacian.weights.nbytes + 2 * coarse.matrix.nbytes

    def certify(self) -> Solution:
        """Smooth the residual once and say what is proved of the smoothed vectors.

        The residual of a Ritz vector is mostly high frequencies, which say little about its angle
        and which one Jacobi step removes; that step is also the first half of the V-cycle.
        """
        if self._solution is not None:
            return self._solution
        smoothed = self._smooth()
        norms = smoothed.residual().norm(dim=-1).double()
        # The one place in a step where the device is waited for.
        theta, norms = torch.stack((smoothed.theta, norms)).cpu()
        proof = certify(theta, norms)
        self._solution = Solution(smoothed.X, theta, proof.residual, proof.bound, proof.cluster)
        return self._solution

    def _smooth(self) -> lobpcg.Block:
        block, searched = self._block, self._searched
        R = block.residual()[:, :searched]
        Z, LZ = self._problem.smooth(R)
        self._correction = (R, Z, LZ)
        X = torch.cat((block.X[:, :searched] - Z, block.X[:, searched:]), 1)
        LX = torch.cat((block.LX[:, :searched] - LZ, block.LX[:, searched:]), 1)
        return lobpcg.rotate(X, LX, block)

    def keep(self, rows: Tensor) -> None:
        """Go on with the tiles `rows` (indices into the present batch, on the CPU) alone."""
        there = rows.to(self._block.X.device, non_blocking=True)
        self._problem = self._problem.select(there)
        self._block = self._block.select(there)
        if self._correction is not None:
            R, Z, LZ = self._correction
            self._correction = (R[there], Z[there], LZ[there])
        self._solution = None if self._solution is None else self._solution.select(rows)

    @staticmethod
    def joined(parts: Sequence["TileBatch"]) -> "TileBatch":
        """The tiles of several batches, all after as many steps, as one."""
        batch = copy(parts[0])
        batch._solution = joined_rows([part.certify() for part in parts])
        batch._problem = joined_rows([part._problem for part in parts])
        batch._block = joined_rows([part._block for part in parts])
        corrections = [part._correction for part in parts if part._correction is not None]
        R, Z, LZ = (torch.cat(column) for column in zip(*corrections, strict=True))
        batch._correction = (R, Z, LZ)
        return batch

    def step(self) -> None:
        """One LOBPCG step, preconditioned by a V-cycle."""
        if self._correction is None:
            self._smooth()
        assert self._correction is not None
        W, LW = self._problem.correct(*self._correction)
        self._block = lobpcg.step(self._block, W, LW)
        self._steps += 1
        if self._steps > REFRESH_AFTER:
            self._block = lobpcg.refresh(self._block, self._problem.laplacian.apply)
        self._correction = self._solution = None


def canonical(X: Tensor, cluster: Tensor, shape: tuple[int, int]) -> Tensor:
    """Turn each cluster's basis so that its first vector is the one nearest the ramp x + 2y.

    Within a cluster any rotation is as good as another; this one does not depend on rounding.
    A reflection (Householder) that maps the first axis to the ramp's coordinates.

    Args:
        X: (B, k, n) Ritz vectors; cluster: (B,), on the CPU; shape: (h, w) of the tile.
    """
    k = X.shape[1]
    cluster = cluster.to(X.device, non_blocking=True)
    inside = torch.arange(k, device=X.device) < cluster[:, None]
    # Not as a product of matrices, whose rounding depends on how many tiles stand beside.
    a = (X * _ramp(*shape, X.device).to(X.dtype)).sum(-1) * inside
    length = a.norm(dim=1, keepdim=True)
    axis = torch.zeros_like(a)
    axis[:, 0] = 1
    a = torch.where((cluster[:, None] > 1) & (length > 1e-3), a / length.clamp(min=1e-30), axis)
    u = torch.nn.functional.normalize(axis - a, dim=1)[:, :, None]
    identity = torch.eye(k, dtype=X.dtype, device=X.device)
    return (identity - 2 * u * u.mT) @ X  # X to the bit where u is 0


_ramp = lru_cache(maxsize=8)(ramp)


def solve_dense(rgb: Tensor, stencil: tuple[Offset, ...], tau: float, k: int) -> Solution:
    """Exact eigenpairs of small tiles (B, 3, h, w), n = h * w <= DENSE_PIXELS, in float64."""
    batch = len(rgb)
    n = rgb[0, 0].numel()
    laplacian = image_laplacian(rgb.double(), stencil, tau)
    identity = torch.eye(n, dtype=torch.float64, device=rgb.device).expand(batch, n, n)
    values, vectors = torch.linalg.eigh(laplacian.apply(identity.contiguous()))
    found = min(k, n - 1)
    X = torch.zeros(batch, k, n, dtype=torch.float64, device=rgb.device)
    theta, values = torch.zeros(batch, k, dtype=torch.float64), values.cpu()
    X[:, :found] = vectors.mT[:, 1 : found + 1]
    theta[:, :found] = values[:, 1 : found + 1]
    # Missing pairs lie infinitely far away; one more eigenvalue shows where a cluster ends.
    following = (
        values[:, found + 1 : found + 2] if n > found + 1 else theta.new_full((batch, 1), 1e9)
    )
    spectrum = torch.cat([theta[:, :found], following], 1)
    proof = certify(spectrum, torch.zeros_like(spectrum))
    bound = torch.where(proof.cluster <= found, proof.bound, torch.inf)
    if found == 0:
        bound = torch.full_like(bound, torch.inf)
    cluster = proof.cluster.clamp(min=1, max=k)
    return Solution(X.to(rgb.dtype), theta, proof.residual, bound, cluster)
