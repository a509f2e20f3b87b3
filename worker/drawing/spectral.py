"""How strongly the modes of an image's graph say that a contour passes here."""

from collections.abc import Callable

import torch
from torch import Tensor

from worker.shader.filters import gaussian_blur, gradient

SIGMA = 1.0  # pixels

SWING = 3.0
"""A mode may live in one small spot, at eighty times its rms; beyond three its values saturate, or
that spot would be the only contour of the picture."""

FLAT = 1 / 12
"""What each mode adds to S in a flat picture, for the usual stencil and any size: both gradient and
square root of the eigenvalue are in proportion to the wave number."""

STRIP, HALO = 128, 16
"""Rows that are filtered at a time, and rows beyond them that the filters see: six times as fast as
a picture of 2048 pixels in one piece."""


def contour_tensor(modes: Tensor, theta: Tensor) -> Tensor:
    """S, and the direction across the contours: (3, H, W), the latter unit vectors (dy, dx).

    S = sum over k of |grad v_k| / sqrt(lambda_k), the spectral half of gPb: Arbelaez, Maire,
    Fowlkes and Malik, "Contour detection and hierarchical image segmentation" (2011).

    The vectors have no sense, only a direction: the principal axis of the sum of
    grad v_k grad v_k^T / lambda_k. On its ridges S has no gradient to tell the direction by.

    Args:
        modes: (K, H, W), eigenvectors in any scale; K may be 0.
        theta: (K,) their eigenvalues > 0. Modes without one (0, or not finite) do not count.
    """
    rms = modes.square().mean((1, 2)).sqrt()
    theta = theta.to(rms)
    counted = (theta > 0) & theta.isfinite() & (rms > 0) & rms.isfinite()
    scale, weight = rms[counted, None, None] * SWING, SWING / theta[counted].sqrt()

    def operator(rows: Tensor) -> Tensor:
        return _contours(torch.tanh(rows[counted] / scale), weight.tolist())

    return by_strips(operator, modes)


def _contours(modes: Tensor, weights: list[float]) -> Tensor:
    """The contour tensor of some rows, from saturated modes and the weights of their gradients."""
    strength, twice_cos, twice_sin = torch.zeros((3, *modes.shape[1:]), device=modes.device)
    for mode, weight in zip(modes, weights, strict=True):
        dy, dx = (d * weight for d in gradient(gaussian_blur(mode, SIGMA)))
        strength += torch.hypot(dy, dx)
        twice_cos += (dx - dy) * (dx + dy)
        twice_sin += 2 * dx * dy
    angle = torch.atan2(gaussian_blur(twice_sin, SIGMA), gaussian_blur(twice_cos, SIGMA)) / 2
    return torch.stack((strength, angle.sin(), angle.cos()))


def by_strips(operator: Callable[[Tensor], Tensor], layers: Tensor) -> Tensor:
    """A local operator on (c, H, W), a few rows at a time, which stay in the processor's cache.

    Args:
        operator: keeps height and width, and looks at most `HALO` rows up and down.
        layers: (c, H, W).
    """
    strips = []
    for top in range(0, layers.shape[1], STRIP):
        above = min(top, HALO)
        rows = operator(layers[:, top - above : top + STRIP + HALO])
        strips.append(rows[:, above : above + STRIP])
    return torch.cat(strips, 1)
