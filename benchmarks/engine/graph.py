"""The graph as scipy takes it: a CSR Laplacian in float64, written from the formula.

Independent of the engine's own kernels. Which pixels are joined depends on the shape alone: that
is prepared once per shape, so that peers pay for the weights only.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Array = NDArray[np.float64]

RADII = {1: 1.0, 2: 0.6, 3: 0.4, 4: 0.3, 5: 0.2, 6: 0.1}  # pixels: weight of the disc
TAU, FLOOR = 0.15, 1e-6


@dataclass(frozen=True)
class Pattern:
    """The places of a Laplacian of h x w pixels, n = h * w, e edges."""

    first: NDArray[np.int64]  # (e,) raster index of an edge's one end
    second: NDArray[np.int64]  # (e,) and of the other
    base: Array  # (e,)
    indptr: NDArray[np.int32]  # (n + 1,)
    indices: NDArray[np.int32]  # (n + 2 e,)
    order: NDArray[np.int64]  # (n + 2 e,) from edges, edges turned round, diagonal to CSR


def half_offsets() -> dict[tuple[int, int], float]:
    """Each offset up to sign with the summed weight of all discs that contain it."""
    reach = max(RADII)
    return {
        (dy, dx): sum(w for r, w in RADII.items() if dy * dy + dx * dx <= r * r)
        for dy in range(reach + 1)
        for dx in range(-reach, reach + 1)
        if (dy > 0 or dx > 0) and dy * dy + dx * dx <= reach * reach
    }


@lru_cache(maxsize=2)
def pattern(height: int, width: int) -> Pattern:
    """Who is joined with whom."""
    index = np.arange(height * width).reshape(height, width)
    first, second, base = [], [], []
    for (dy, dx), weight in half_offsets().items():
        if dy >= height or abs(dx) >= width:
            continue
        here = index[: height - dy, max(0, -dx) : width - max(0, dx)].ravel()
        first.append(here)
        second.append(here + dy * width + dx)
        base.append(np.full(len(here), weight))
    one, other, n = np.concatenate(first), np.concatenate(second), index.size
    rows = np.concatenate((one, other, np.arange(n)))
    columns = np.concatenate((other, one, np.arange(n)))
    order = np.argsort(rows * n + columns, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n))))
    return Pattern(
        one,
        other,
        np.concatenate(base),
        indptr.astype(np.int32),
        columns[order].astype(np.int32),
        order,
    )


def laplacian(rgb: Array, tau: float = TAU) -> csr_matrix:
    """L = D - W of pixels (h, w, 3) in [0, 1]; w = base * max(exp(-|c_i - c_j| / tau), 1e-6)."""
    height, width, _ = rgb.shape
    places, colours = pattern(height, width), rgb.reshape(-1, 3)
    difference = colours[places.first] - colours[places.second]
    distance = np.sqrt(np.einsum("ec,ec->e", difference, difference))
    weights = places.base * np.maximum(np.exp(-distance / tau), FLOOR)
    n = height * width
    degree = np.bincount(places.first, weights, n) + np.bincount(places.second, weights, n)
    data = np.concatenate((-weights, -weights, degree))[places.order]
    return csr_matrix((data, places.indices, places.indptr), shape=(n, n))
