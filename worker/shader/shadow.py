"""Low gate, variant `shadow`: weak contours throw a shadow and a displaced front."""

import torch
from torch import Tensor

from worker.shader.colour import front_colour, shadow_colour
from worker.shader.filters import direction, gradient, positions, sample
from worker.shader.strips import by_rows, pointwise

SHADOW_OPACITY, FRONT_OPACITY = 0.6, 0.8
FRONT_DIRECTION = (0.4, 0.3)  # (y, x), in units of translation_strength
LEAST_WEIGHT = 10.0
"""Less weight than ten full pixels is noise, not a line."""


def cast_shadows(
    rgb: Tensor,
    content: Tensor,
    field: Tensor,
    contours: Tensor,
    gate: Tensor,
    effect: float,
    translation: float,
    offset: float,
) -> tuple[Tensor, Tensor]:
    """Lay displaced, tinted copies over the weak contours.

    Args:
        rgb: (3, H, W), 0..1.
        content: (3, H', W'), 0..1: what is displaced. Of another size than `rgb`, it is read at
            the same place relative to its own.
        field, gate: (H, W). contours: (H, W) bool.
        effect: effect_strength of this pass.
        translation, offset: pixels.

    Returns:
        The new image and the opacity painted with, (H, W) in 0..1.
    """
    weight = pointwise(lambda gate, on: (1 - gate) * on, gate, contours)
    if float(weight.sum()) < LEAST_WEIGHT or effect <= 0:
        return rgb, weight * 0
    slopes = gradient(field)
    y, x = positions(field.shape, rgb.device)
    reach = offset * effect
    down, right = (translation * effect * d for d in FRONT_DIRECTION)

    def painted(rows: slice) -> Tensor:
        dy, dx = direction(*(slope[rows] for slope in slopes))
        here = y[rows]
        # Beside the gradient.
        behind = _read(content, field.shape, here - reach * dx, x + reach * dy)
        ahead = _read(content, field.shape, here + down + 0 * x, x + right + 0 * here)
        shadow, front = SHADOW_OPACITY * weight[rows], FRONT_OPACITY * weight[rows]
        out = rgb[:, rows]
        out = out + shadow * (shadow_colour(behind, effect) - out)
        out = out + front * (front_colour(ahead, effect) - out)
        return torch.cat((out, (1 - (1 - shadow) * (1 - front))[None]))

    layers = by_rows(painted, field.shape)
    return layers[:3], layers[3]


def _read(content: Tensor, shape: torch.Size, y: Tensor, x: Tensor) -> Tensor:
    """Colours at positions in pixels of a picture of `shape` (H, W)."""
    size = content.shape[1:]
    if size != shape:
        y, x = (
            (at + 0.5) * (of / length) - 0.5
            for at, of, length in zip((y, x), size, shape, strict=True)
        )
    return sample(content, y, x, "bilinear")
