"""High gate: contours grow into their surroundings."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.shader.envelope import Phase
from worker.shader.filters import direction, gaussian_sum, gradient, local, sample, turned
from worker.shader.lines import Lines
from worker.shader.strips import copied, places, pointwise, strips

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

    def growth(busy: Tensor, gate: Tensor, growing: Tensor) -> Tensor:
        calm = (busy * -phase.thicken_modulation).add_(1).clamp_(min=0.05)
        return calm.mul_(growing & (gate > 0.5))

    weights = pointwise(growth, busy, gate, lines.growing)
    radius = max(1, int(phase.dilation_radius * effect))
    spread = gaussian_sum(weights, radius, radius * phase.kernel_sigma_ratio)
    if effect > 0:
        filled = ~lines.drawn & (spread > phase.fill_threshold) & ~_enclosed(lines.drawn)
    else:
        filled = torch.zeros_like(lines.drawn)
    return _filled(layers, ink, filled, spread), filled


def _filled(layers: Tensor, ink: Tensor, filled: Tensor, spread: Tensor) -> Tensor:
    """The layers with the filled pixels in the ink that lies up the gradient of `spread`."""
    down, right = gradient(spread)
    out = copied(layers)
    for rows in strips(filled.shape):
        y, x = places(filled[rows], rows)
        dy, dx = turned(*direction(down[y, x], right[y, x]), TURN)
        out[:, y, x] = sample(ink, (y + REACH * dy)[None], (x + REACH * dx)[None], "nearest")[:, 0]
    return out


def _enclosed(contours: Tensor) -> Tensor:
    """Pixels with contours close by on all four sides: the inside of texture, not a line's flank.

    Filling them would turn a dither black and close eyes and letters.
    """
    around = pad(contours, (GAP, GAP, GAP, GAP))
    return local(_enclosed_within, around, GAP)


def _enclosed_within(p: Tensor) -> Tensor:
    height, width = p.shape[0] - 2 * GAP, p.shape[1] - 2 * GAP
    rows, columns = slice(GAP, GAP + height), slice(GAP, GAP + width)
    up = left = down = right = torch.zeros_like(p[rows, columns])
    for step in range(1, GAP + 1):
        up = up | p[GAP - step : GAP - step + height, columns]
        down = down | p[GAP + step : GAP + step + height, columns]
        left = left | p[rows, GAP - step : GAP - step + width]
        right = right | p[rows, GAP + step : GAP + step + width]
    return up & down & left & right
