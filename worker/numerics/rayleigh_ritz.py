"""Rayleigh-Ritz on a small, possibly dependent basis."""

import torch
from torch import Tensor

from worker.numerics.constants import DROP
from worker.numerics.kernels import kernels_for


def rayleigh_ritz(G: Tensor, H: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """The lowest Ritz pairs of an operator over the rows of a basis S.

    Args:
        G: Gram matrices S S^T, (B, s, s) float64.
        H: S L S^T, (B, s, s) float64.
        keep: how many pairs, at most s.

    Returns:
        theta (B, keep), ascending, and C (B, keep, s): Ritz vectors C S, orthonormal. A basis of
        rank below `keep` yields zero vectors for the missing ones, with large theta.
    """
    norms = G.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
    d = torch.where(norms > 0, 1 / norms, torch.zeros_like(norms))
    scale = d[:, :, None] * d[:, None, :]
    eigh = kernels_for(G.device).small_eigh
    w, V = eigh(_symmetric(G * scale))
    kept = w > DROP * w[:, -1:]
    T = V * torch.where(kept, w.clamp(min=DROP).rsqrt(), torch.zeros_like(w))[:, None, :]
    H = _symmetric(T.mT @ (H * scale) @ T)
    # Dropped directions go to the far end of the spectrum instead of to a false zero.
    far = 2 * H.abs().amax((1, 2))[:, None] + 1
    H = H + torch.diag_embed(torch.where(kept, torch.zeros_like(w), far))
    theta, Q = eigh(H)
    C = (d[:, :, None] * (T @ Q[:, :, :keep])).mT
    return theta[:, :keep], C


def _symmetric(A: Tensor) -> Tensor:
    return (A + A.mT) / 2
