"""The graph of a tile written down in full, and its spectrum in float64: slow and plain."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import LinearOperator, eigsh

from tests.worker.numerics.samples import TAU
from worker.numerics.constants import WEIGHT_FLOOR

RADII = {1: 1.0, 2: 0.6, 3: 0.4, 4: 0.3, 5: 0.2, 6: 0.1}
SHIFT = -1e-4  # makes the matrix invertible; the eigenvalues nearest to it are the smallest
CLUSTER_GAP = 0.01
Matrix = NDArray[np.float64]


def base_weights(radii: dict[int, float] = RADII) -> dict[tuple[int, int], float]:
    """The definition: every offset but (0, 0), by the discs that contain it."""
    around = range(-6, 7)
    sums = {
        (dy, dx): sum(w for r, w in radii.items() if dy * dy + dx * dx <= r * r)
        for dy in around
        for dx in around
    }
    return {offset: w for offset, w in sums.items() if w > 0 and offset != (0, 0)}


def dense_laplacian(rgb: Matrix, tau: float = TAU) -> Matrix:
    """L = D - W of pixels (h, w, 3) in [0, 1], edge by edge."""
    height, width, _ = rgb.shape
    L = np.zeros((height * width, height * width))
    for y in range(height):
        for x in range(width):
            for (dy, dx), base in base_weights().items():
                v, u = y + dy, x + dx
                if not (0 <= v < height and 0 <= u < width):
                    continue
                w = base * max(math.exp(-math.dist(rgb[y, x], rgb[v, u]) / tau), WEIGHT_FLOOR)
                L[y * width + x, v * width + u] -= w
                L[y * width + x, y * width + x] += w
    return L


def sparse_laplacian(rgb: Matrix, tau: float = TAU, radii: dict[int, float] = RADII) -> csr_array:
    """The same matrix offset by offset, for tiles too large for the plain loop."""
    height, width, _ = rgb.shape
    index = np.arange(height * width).reshape(height, width)
    rows, columns, values = [], [], []
    for (dy, dx), base in base_weights(radii).items():
        if abs(dy) >= height or abs(dx) >= width:
            continue
        here = np.s_[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
        there = np.s_[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
        distance = np.linalg.norm(rgb[here] - rgb[there], axis=2)
        rows.append(index[here].ravel())
        columns.append(index[there].ravel())
        values.append(base * np.maximum(np.exp(-distance / tau), WEIGHT_FLOOR).ravel())
    pairs = (np.concatenate(rows), np.concatenate(columns))
    W = coo_array((np.concatenate(values), pairs), shape=(index.size, index.size)).tocsr()
    degree = coo_array((W.sum(1), (index.ravel(), index.ravel())), shape=W.shape)
    return (degree.tocsr() - W).tocsr()


def spectrum(
    rgb: Matrix, count: int, tau: float = TAU, radii: dict[int, float] = RADII
) -> tuple[Matrix, Matrix]:
    """The `count` smallest eigenvalues above the constant's 0 and their vectors as rows."""
    L = sparse_laplacian(rgb, tau, radii)
    if L.shape[0] <= 256:
        values, vectors = np.linalg.eigh(L.toarray())
    else:
        start = np.sin(np.arange(L.shape[0]) ** 2.0)
        values, vectors = eigsh(L, count + 1, sigma=SHIFT, OPinv=_inverse(L), v0=start)
    order = np.argsort(values)[1 : count + 1]
    return values[order], vectors.T[order]


def _inverse(L: csr_array) -> LinearOperator:
    """(L - SHIFT)^-1 by a banded factor: the stencil reaches six rows."""
    row, column = L.tocoo().coords
    below = row - column
    band = np.zeros((below.max() + 1, L.shape[0]))
    band[below[below >= 0], column[below >= 0]] = L.tocoo().data[below >= 0]
    band[0] -= SHIFT
    factor = cholesky_banded(band, lower=True)
    return LinearOperator(L.shape, matvec=lambda b: cho_solve_banded((factor, True), b))


def cluster_size(values: Matrix, least_gap: float = CLUSTER_GAP) -> int:
    """How many of the first eigenvalues lie within 1 % of their neighbour."""
    apart = np.diff(values) > least_gap * values[1:]
    return int(np.argmax(apart)) + 1 if apart.any() else len(values)


def sine(x: Matrix, values: Matrix, vectors: Matrix) -> float:
    """Of the angle between x (n,) and the exact lambda_2 eigenspace.

    Whether a gap of 0.99 or 1.01 % ends a cluster is for rounding to say: the nearer space counts.
    """
    spaces = (vectors[: cluster_size(values, CLUSTER_GAP * f)] for f in (0.95, 1, 1.05))
    return min(float(np.linalg.norm(x - (space @ x) @ space)) for space in spaces)
