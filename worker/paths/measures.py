"""How far two paths are from each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[Any]


def hausdorff(path: Array, other: Array) -> float:
    """The farthest that a node of a path (m, 2) lies from the nearest one of another (m', 2)."""
    return float(cKDTree(other).query(path)[0].max())


def mean_gap(path: Array, other: Array) -> float:
    """The mean distance along the axes between two paths (m, 2), (m', 2) gone through in one time.

    Both are divided into as many equal parts of their index as the longer one has.
    """
    count = max(len(path), len(other))
    gap = _resampled(path, count) - _resampled(other, count)
    return float(np.abs(gap).sum(1).mean())


def _resampled(path: Array, count: int) -> Array:
    index, place = np.arange(len(path)), np.linspace(0, len(path) - 1, count)
    return np.stack([np.interp(place, index, axis) for axis in path.T], 1)
