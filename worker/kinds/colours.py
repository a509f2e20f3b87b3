"""Pictures of a field."""

from functools import lru_cache

import numpy as np
import torch
from cmap import Colormap
from torch import Tensor

CONTRAST = 2.5
"""So many times the field's root mean square reach the ends of the colour map."""


@lru_cache(maxsize=4)
def _viridis(device: torch.device) -> Tensor:
    table = np.asarray(Colormap("viridis").lut(256))[:, :3]
    return torch.from_numpy((table * 255).round().astype(np.uint8)).to(device)


def viridis(values: Tensor) -> Tensor:
    """(H, W) in 0..1 as colours (3, H, W) uint8."""
    index = (values.clamp(0, 1) * 255).round().long()
    return _viridis(values.device)[index].permute(2, 0, 1)


def by_value(field: Tensor) -> Tensor:
    """A signed field (H, W) as 0..1, zero in the middle."""
    rms = field.square().mean().sqrt()
    return 0.5 + field / (2 * CONTRAST * rms.clamp(min=1e-12))


def by_rank(field: Tensor) -> Tensor:
    """The rank of every value (H, W), 0..1: all colours equally often. Equal values share one.

    Where there is no field yet, all values are 0; in raster order they would show a slope.
    """
    values, order = field.flatten().sort(stable=True)
    new = values.diff(prepend=values[:1]) != 0
    run = new.cumsum(0)
    size = run.bincount()
    middle = size.cumsum(0) - (size + 1) / 2
    ranks = torch.empty_like(values)
    ranks[order] = (middle / max(1, len(values) - 1)).to(values)[run]
    return ranks.reshape(field.shape)
