"""Normal maps of height fields."""

import torch
from torch import Tensor

from worker.render.sampling import differences, norm01


def normal_map(
    height: Tensor, strength: float = 2.0, *, wrap: bool = False, flip_green: bool = False
) -> Tensor:
    """The normals of a height field as colours (3, H, W) in 0..1; a flat one is (0.5, 0.5, 1).

    Args:
        height: (H, W), any finite range; it is scaled to 0..1.
        strength: slope of a step from 0 to 1 between two pixels, times two.
        wrap: whether the left border goes on at the right one, and the upper at the lower.
        flip_green: +y is down in the image; True: up, as OpenGL has it.
    """
    across, down = differences(norm01(height), wrap=wrap)
    y = down if flip_green else -down
    normal = torch.stack((-strength * across, strength * y, torch.ones_like(height)))
    return (torch.nn.functional.normalize(normal, dim=0) + 1) / 2
