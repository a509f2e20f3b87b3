"""High gate: contours grow into their surroundings."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.shader.envelope import Phase
from worker.shader.filters import direction, gaussian_sum, gradient, positions, sample, turned

REACH = 1.2  # pixels up the gradient from which a filled pixel takes its colour
GAP = 2  # pixels that `_enclosed` looks to each side
TURN = 0.03  # radians, so that grown lines lean a little


def thicken(
    rgb: Tensor, contours: Tensor, gate: Tensor, busy: Tensor, phase: Phase, effect: float
) -> tuple[Tensor, Tensor]:
    """Fill the pixels around strong contours with the colour of the contour.

    Args:
        rgb: (c, H, W); every channel is copied along.
        contours: (H, W) bool.
        gate, busy: (H, W), 0..1.
        phase: the envelope's values; radii in pixels.
        effect: effect_strength of this pass.

    Returns:
        The new image and the filled pixels (H, W) bool. All others keep their value exactly.
    """
    strength = (1 - phase.thicken_modulation * busy).clamp(min=0.05)
    weights = strength * (contours & (gate > 0.5))
    radius = max(1, int(phase.dilation_radius * effect))
    spread = gaussian_sum(weights, radius, radius * phase.kernel_sigma_ratio)
    filled = ~contours & (spread > phase.fill_threshold) & ~_enclosed(contours)
    if effect <= 0:
        filled = filled & False
    dy, dx = turned(*direction(*gradient(spread)), TURN)
    y, x = positions(contours.shape, rgb.device)
    source = sample(rgb, y + REACH * dy, x + REACH * dx, "nearest")
    return source.where(filled, rgb), filled


def _enclosed(contours: Tensor) -> Tensor:
    """Pixels with contours close by on all four sides: the inside of texture, not a line's flank.

    Filling them would turn a dither black and close eyes and letters.
    """
    height, width = contours.shape
    p = pad(contours, (GAP, GAP, GAP, GAP))
    rows, columns = slice(GAP, GAP + height), slice(GAP, GAP + width)
    up = left = down = right = torch.zeros_like(contours)
    for step in range(1, GAP + 1):
        up = up | p[GAP - step : GAP - step + height, columns]
        down = down | p[GAP + step : GAP + step + height, columns]
        left = left | p[rows, GAP - step : GAP - step + width]
        right = right | p[rows, GAP + step : GAP + step + width]
    return up & down & left & right
