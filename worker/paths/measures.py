"""How far two paths are from each other."""

import torch
from torch import Tensor


def hausdorff(path: Tensor, other: Tensor) -> float:
    """The farthest that a node of a path (m, 2) lies from the nearest one of another (m', 2)."""
    return float(torch.cdist(path.double(), other.double()).amin(1).max())


def mean_gap(path: Tensor, other: Tensor) -> float:
    """The mean distance along the axes between two paths (m, 2), (m', 2) gone through in one time.

    Both are divided into as many equal parts of their index as the longer one has.
    """
    count = max(len(path), len(other))
    gap = _resampled(path.double(), count) - _resampled(other.double(), count)
    return float(gap.abs().sum(1).mean())


def _resampled(path: Tensor, count: int) -> Tensor:
    place = torch.linspace(0, len(path) - 1, count, dtype=torch.float64, device=path.device)
    before = place.long().clamp(max=max(0, len(path) - 2))
    after = (before + 1).clamp(max=len(path) - 1)
    return torch.lerp(path[before], path[after], (place - before)[:, None])
