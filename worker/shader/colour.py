"""Luma, and the cyclic colours that mark what the shader has laid down."""

import math

import torch
from torch import Tensor


def luma(rgb: Tensor) -> Tensor:
    """Rec. 601 luma of (3, ...), 0..1."""
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def cyclic(rgb: Tensor, rotation: float, contrast: float) -> Tensor:
    """Move colours towards a hue that turns with their luma.

    lerp(rgb, 0.5 + 0.4 contrast sin(2 pi rotation luma + (0, 2 pi / 3, 4 pi / 3)), rotation)
    """
    phase = torch.arange(3, device=rgb.device) * (2 * math.pi / 3)
    phase = phase.reshape(3, *(1,) * (rgb.ndim - 1))
    wheel = 0.5 + 0.4 * contrast * torch.sin(2 * math.pi * rotation * luma(rgb) + phase)
    return torch.lerp(rgb, wheel, min(rotation, 1.0))


def shadow_colour(rgb: Tensor, effect: float) -> Tensor:
    """What a copy's shadow looks like: dark violet-blue of the source colour, 0..1."""
    return _tint(cyclic(rgb, 0.3 * effect, 0.8 * effect), (0.7, 1.0, 0.7), (0.0, 0.0, 0.3))


def front_colour(rgb: Tensor, effect: float) -> Tensor:
    """What a copy itself looks like: the source colour turned to green, 0..1."""
    return _tint(cyclic(rgb, 0.2 * effect, 0.6 * effect), (0.6, 0.8, 0.8), (0.0, 0.2, 0.15))


def _tint(
    rgb: Tensor, gain: tuple[float, float, float], lift: tuple[float, float, float]
) -> Tensor:
    shape = (3, *(1,) * (rgb.ndim - 1))
    return (
        (rgb * rgb.new_tensor(gain).reshape(shape)).add_(rgb.new_tensor(lift).reshape(shape))
    ).clamp_(0, 1)
