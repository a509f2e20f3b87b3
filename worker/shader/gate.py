"""The gate between thickening and copying, and how busy the field is."""

import torch
from torch import Tensor

from worker.shader.filters import box_std, gradient, length
from worker.shader.order import kth_value
from worker.shader.strips import values_in


def spectral_gate(field: Tensor, contours: Tensor, percentile: float, sharpness: float) -> Tensor:
    """sigmoid(sharpness * (f - q) / std f), q the percentile and std taken on the contours.

    Args:
        field: f, (H, W).
        contours: (H, W) bool; without any the gate is closed everywhere.
        percentile: 0..100, the share of contour pixels below the gate.
        sharpness: 0..100.

    Returns:
        (H, W) in 0..1; high means structure.
    """
    on = values_in(field, contours)
    if len(on) == 0:
        return torch.zeros_like(field)
    q = kth_value(on, min(len(on), 1 + int(percentile / 100 * (len(on) - 1))))
    spread = on.std(correction=0).clamp(min=1e-12)
    return (field - q).mul_(sharpness).div_(spread).sigmoid_()


def complexity(field: Tensor) -> Tensor:
    """Sigmoid of the standardised |grad f| + sqrt(var f in 7 x 7), (H, W) in 0..1."""
    busy = length(*gradient(field)).add_(box_std(field, 7))
    spread = busy.std(correction=0).clamp(min=1e-12)
    return busy.sub_(busy.mean()).div_(spread).sigmoid_()
