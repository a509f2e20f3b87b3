"""High gate: contours grow into their surroundings."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.shader.envelope import Phase
from worker.shader.filters import direction, gaussian_sum, gradient, sample, turned
from worker.shader.lines import Lines

REACH = 1.2  # pixels up the gradient from which a filled pixel takes its colour
GAP = 2  # pixels that `_enclosed` looks to each side
TURN = 0.03  # radians, so that grown lines lean a little


def thicken(
    layers: Tensor,
    ink: Tensor,
    lines: Lines,
    gate: Tensor,
    busy: Tensor,
    phase: Phase,
    effect: float,
) -> tuple[Tensor, Tensor]:
    """Fill the pixels around strong lines with the colour of the line.

    Args:
        layers: (c, H, W); every channel is copied along.
        ink: (c, H, W), the same with the lines in the colour that is copied.
        lines: what grows, and what is drawn upon already.
        gate, busy: (H, W), 0..1.
        phase: the envelope's values; radii in pixels.
        effect: effect_strength of this pass.

    Returns:
        The new image and the filled pixels (H, W) bool. All others keep their value exactly.
    """
    calm = (busy * -phase.thicken_modulation).add_(1).clamp_(min=0.05)
    weights = calm.mul_(lines.growing & (gate > 0.5))
    radius = max(1, int(phase.dilation_radius * effect))
    spread = gaussian_sum(weights, radius, radius * phase.kernel_sigma_ratio)
    filled = ~lines.drawn & (spread > phase.fill_threshold) & ~_enclosed(lines.drawn)
    if effect <= 0:
        filled = filled & False
    y, x = filled.nonzero(as_tuple=True)
    dy, dx = turned(*direction(*(d[y, x] for d in gradient(spread))), TURN)
    out = layers.clone()
    out[:, y, x] = sample(ink, (y + REACH * dy)[None], (x + REACH * dx)[None], "nearest")[:, 0]
    return out, filled


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
