"""High gate: contours grow into their surroundings."""

from torch import Tensor

from worker.shader.envelope import Phase
from worker.shader.filters import direction, gaussian_sum, gradient, positions, sample, turned

REACH = 1.2  # pixels up the gradient from which a filled pixel takes its colour
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
    filled = ~contours & (spread > phase.fill_threshold)
    if effect <= 0:
        filled = filled & False
    dy, dx = turned(*direction(*gradient(spread)), TURN)
    y, x = positions(*contours.shape, rgb.device)
    source = sample(rgb, y + REACH * dy, x + REACH * dx, "nearest")
    return source.where(filled, rgb), filled
