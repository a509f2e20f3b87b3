"""The reference mode: Lanczos from a random vector, as a baseline for the engine.

A Krylov space finds the dense upper end of the spectrum first; lambda_2 lies at the other end, so
that on photographs 30 steps are mostly not enough; the certificate says so. It has a blind spot
that a block has not: of two near eigenvalues a single vector sees one until it can part them.
"""

import torch
from torch import Tensor

from worker.numerics.certificate import certify
from worker.numerics.laplacian import Laplacian
from worker.numerics.tile_batch import Solution

FLOOR = 1e-6
"""Ritz values up to this count as the constant's 0."""

BREAKDOWN = 1e-5
"""A new direction shorter than this times the norm of T is rounding: the Krylov space is full."""

FAR = 1e9
"""An eigenvalue in the place of one that does not exist."""


class Lanczos:
    """Krylov spaces of B tiles, one dimension more with every step; readable after each."""

    def __init__(self, laplacian: Laplacian, iterations: int) -> None:
        """Start every tile from the same vector.

        Args:
            laplacian: of B tiles with n pixels each.
            iterations: steps, at least 1; no more than n - 1 are of use.
        """
        batch, _, n = laplacian.degree.shape
        self._laplacian = laplacian
        self._limit = max(1, min(iterations, n - 1))
        # One row to spare: the direction after the last step, which takes part in nothing.
        self._Q = laplacian.degree.new_zeros(batch, self._limit + 1, n)
        self._Q[:, 0] = start_vector(n).to(self._Q)
        self._alpha = torch.zeros(batch, self._limit, dtype=torch.float64, device=self._Q.device)
        self._beta = torch.zeros_like(self._alpha)
        self._depth = torch.zeros(batch, dtype=torch.int64, device=self._Q.device)
        self._alive = self._Q[:, 0].any(1)
        self.steps = 0

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or all Krylov spaces full."""
        return self.steps == self._limit or not bool(self._alive.any())

    def step(self) -> None:
        """One product with L, made orthogonal to all directions so far and to the constant."""
        j, basis = self.steps, self._Q[:, : self.steps + 1]
        w = self._laplacian.apply(self._Q[:, j : j + 1].contiguous())
        self._alpha[:, j] = (w * self._Q[:, j : j + 1]).sum((1, 2)).double()
        for _ in range(2):  # once leaves what float32 has lost; twice is enough
            w = w - w.mean(2, keepdim=True)
            w = w - (w @ basis.mT) @ basis
        self._depth += self._alive
        beta = w.norm(dim=2)[:, 0].double()
        scale = torch.maximum(self._alpha.amax(1), self._beta.amax(1))
        self._alive &= beta > BREAKDOWN * scale
        self._beta[:, j] = torch.where(self._alive, beta, 0.0)
        q = w[:, 0] / beta.clamp(min=1e-30)[:, None].to(w.dtype)
        self._Q[:, j + 1] = torch.where(self._alive[:, None], q, 0.0)
        self.steps += 1

    def certify(self, k: int) -> Solution:
        """The k lowest Ritz pairs above FLOOR, in order, and what they prove; zero where fewer."""
        theta, S, found = self._ritz(k)
        X = (S.to(self._Q.dtype) @ self._Q[:, : S.shape[2]]) * found[:, :, None]
        X = torch.nn.functional.normalize(X, dim=2)
        R = self._laplacian.apply(X) - theta[:, :, None].to(X.dtype) * X
        norms = R.norm(dim=2).double() * found
        # Beyond a space of n - 1 dimensions there is nothing; beyond a smaller one, anything,
        # equal eigenvalues too: no gap to be seen.
        complete = (self._depth == self._Q.shape[2] - 1)[:, None]
        last = theta.where(found, 0.0).amax(1, keepdim=True)
        spectrum = theta.where(found, torch.where(complete, FAR, last))
        next_one = torch.where(complete, FAR, spectrum[:, -1:])
        proof = certify(torch.cat([spectrum, next_one], 1), torch.nn.functional.pad(norms, (0, 1)))
        bound = torch.where(found[:, 0], proof.bound, torch.inf)
        cluster = torch.minimum(proof.cluster, found.sum(1)).clamp(min=1)
        return Solution(X, theta * found, proof.residual, bound, cluster)

    def _ritz(self, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """Ritz values (B, k), coordinates (B, k, steps) and which of them exist, (B, k) bool."""
        steps = max(1, self.steps)
        alpha, beta = self._alpha[:, :steps], self._beta[:, : steps - 1]
        inside = torch.arange(steps, device=alpha.device) < self._depth[:, None]
        far = 1 + alpha.amax(1, keepdim=True) + 2 * self._beta.amax(1, keepdim=True)
        T = torch.diag_embed(alpha.where(inside, far))  # what a full space lacks, sorted last
        T = T + torch.diag_embed(beta, 1) + torch.diag_embed(beta, -1)
        theta, S = torch.linalg.eigh(T)
        place = (theta <= FLOOR).sum(1, keepdim=True) + torch.arange(k, device=alpha.device)
        found = place < self._depth[:, None]
        place = place.clamp(max=steps - 1)
        return (
            theta.gather(1, place),
            S.mT.gather(1, place[:, :, None].expand(-1, -1, steps)),
            found,
        )


def start_vector(n: int) -> Tensor:
    """The first direction on tiles of n pixels: (n,) float32, unit length, free of the mean."""
    random = torch.Generator().manual_seed(42 + n % 10000)
    q = torch.randn(n, generator=random, dtype=torch.float32)
    return torch.nn.functional.normalize(q - q.mean(), dim=0)


def lanczos(laplacian: Laplacian, iterations: int, k: int) -> Solution:
    """The k lowest Ritz pairs after `iterations` steps, in one call.

    Lanczos (1950), with full reorthogonalisation and the constant projected out.
    """
    run = Lanczos(laplacian, iterations)
    while not run.finished:
        run.step()
    return run.certify(k)
