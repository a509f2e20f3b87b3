"""Where there is room for another stroke."""

import torch
from torch import Tensor

from worker.shader.filters import box_mean
from worker.shader.transplant import Fragments

WINDOW = 17  # pixels
CROWDED = 0.45
"""A stroke that would land where on the mean more than this share of a window is drawn upon stays
away: after four passes a dense drawing would be a slab."""


def roomy(fragments: Fragments, drawn: Tensor, count: int) -> Tensor:
    """Which of `count` strokes land where there is air, (count,) bool.

    Args:
        fragments: the strokes; what falls beside the picture does not count.
        drawn: (H, W) bool, what is no void.
        count: of strokes.
    """
    height, width = drawn.shape
    share = box_mean(drawn.float(), WINDOW).flatten()
    y, x = fragments.y, fragments.x
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    owner = fragments.owner[inside]
    # Whole pixels instead of shares: exact, in any order, on any device.
    pixels = (share[(y * width + x)[inside]] * WINDOW**2).round().long()
    sums = pixels.new_zeros(count).scatter_add_(0, owner, pixels)
    return sums <= CROWDED * WINDOW**2 * torch.bincount(owner, minlength=count)


def chosen(fragments: Fragments, keep: Tensor) -> Fragments:
    """The fragments of the strokes that `keep` (S,) says."""
    kept = keep[fragments.owner]
    return Fragments(
        fragments.y[kept], fragments.x[kept], fragments.rgb[:, kept], fragments.owner[kept]
    )
