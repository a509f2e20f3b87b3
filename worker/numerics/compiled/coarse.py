"""The coarse problem of one tile: aggregates, their banded Galerkin matrix, its eigenvectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.numerics.compiled import compiled
from worker.numerics.compiled.dense import band_solve, combine, dot, gram, ritz
from worker.numerics.constants import BLOCK, GROUPS, MIN_RANGE

Array = NDArray[Any]


@compiled
def aggregate(rgb: Array, height: int, width: int, labels: Array) -> tuple[int, int]:
    """As `worker.numerics.aggregate`, for one tile (3, n): labels (n,) in place.

    Returns:
        How many aggregates there are, and how far apart the labels of coupled ones are at most.
    """
    across = (width + BLOCK - 1) // BLOCK
    down = (height + BLOCK - 1) // BLOCK
    starts = np.zeros(across * down + 1, np.int64)
    index = np.empty(BLOCK * BLOCK, np.int64)
    group = np.empty(BLOCK * BLOCK, np.int64)
    for block in range(across * down):
        top, left = block // across * BLOCK, block % across * BLOCK
        size = 0
        for y in range(top, min(top + BLOCK, height)):
            for x in range(left, min(left + BLOCK, width)):
                index[size] = y * width + x
                size += 1
        count = _median_cut(rgb, index[:size], group[:size])
        for i in range(size):
            labels[index[i]] = starts[block] + group[i]
        starts[block + 1] = starts[block] + count
    far = 1
    for block in range(across * down):
        last = min(block + across + 1, across * down - 1)
        far = max(far, starts[last + 1] - 1 - starts[block])
    m = starts[across * down]
    return m, min(far, m - 1)


@compiled
def _median_cut(rgb: Array, index: Array, group: Array) -> int:
    """Split the group with the widest channel at its middle, up to GROUPS; returns the count."""
    low, high = np.empty((GROUPS, 3), rgb.dtype), np.empty((GROUPS, 3), rgb.dtype)
    for i in range(len(group)):
        group[i] = 0
    count = 1
    _ranges(rgb, index, group, 0, low, high)
    while count < GROUPS:
        widest, which, channel = low[0, 0] * 0, 0, 0
        for g in range(count):
            for c in range(3):
                if high[g, c] - low[g, c] > widest:
                    widest, which, channel = high[g, c] - low[g, c], g, c
        if not widest > MIN_RANGE:
            break
        middle = (low[which, channel] + high[which, channel]) / 2
        for i in range(len(index)):
            if group[i] == which and rgb[channel, index[i]] > middle:
                group[i] = count
        _ranges(rgb, index, group, which, low, high)
        _ranges(rgb, index, group, count, low, high)
        count += 1
    return count


@compiled
def _ranges(rgb: Array, index: Array, group: Array, g: int, low: Array, high: Array) -> None:
    for c in range(3):
        low[g, c], high[g, c] = np.inf, -np.inf
        for i in range(len(index)):
            if group[i] == g:
                value = rgb[c, index[i]]
                low[g, c], high[g, c] = min(low[g, c], value), max(high[g, c], value)


@compiled
def couple_banded(
    weights: Array, shifts: Array, pad: int, labels: Array, m: int, far: int
) -> Array:
    """The Galerkin matrix P^T L P as a band: (m, far + 1) float64."""
    n = len(labels)
    sums = np.zeros((m, 2 * far + 1))  # from the label of the first pixel to that of the second
    for s in range(len(shifts)):
        shift = shifts[s]
        w = weights[s, pad : pad + n - shift]
        for i in range(n - shift):
            p, q = labels[i], labels[i + shift]
            # An edge that wraps around a row may leave the band; it weighs nothing.
            sums[p, max(0, min(far + q - p, 2 * far))] += w[i]
    A = np.zeros((m, far + 1))
    for p in range(m):
        for q in range(max(0, p - far), p):
            w_pq = sums[p, far + q - p] + sums[q, far + p - q]
            A[p, far + q - p] = -w_pq
            A[p, far] += w_pq
            A[q, far] += w_pq
    return A


@compiled
def features(labels: Array, rgb: Array, height: int, width: int, U: Array) -> Array:
    """As `worker.numerics.problem._features`: U (count, m) is written, sizes (m,) returned.

    Low modes are smooth in place and colour; the pattern keeps the rows independent on tiles
    where those vanish.
    """
    count, m = U.shape
    sizes = np.zeros(m)
    means = np.zeros((7, m))
    for i in range(height * width):
        p = labels[i]
        y = 2 * (i // width) / max(height - 1, 1) - 1
        x = 2 * (i % width) / max(width - 1, 1) - 1
        sizes[p] += 1
        means[0, p] += x
        means[1, p] += y
        means[2, p] += x * y
        means[3, p] += x * x - y * y
        for c in range(3):
            means[4 + c, p] += rgb[c, i]
    for j in range(count):
        for p in range(m):
            U[j, p] = 0.05 * np.sin(12.9898 * p * (j + 1) + 78.233 * (j + 1))
            if j < 7:
                U[j, p] += means[j, p] / sizes[p]
    return sizes


@compiled
def restrict(labels: Array, x: Array, out: Array) -> None:
    """Out = P^T x: sums over aggregates, (n,) to (m,)."""
    out[:] = 0
    for i in range(len(x)):
        out[labels[i]] += x[i]


@compiled
def coarse_vectors(factor: Array, sizes: Array, U: Array, steps: int) -> Array:
    """Inverse subspace iteration from U (p, m), in place, the constant deflated.

    As `worker.numerics.coarse.coarse_eigenvectors`; U A U^T is had for free from the solve.
    """
    p, m = U.shape
    B, V, weighted = np.empty((p, m)), np.empty((p, m)), np.empty((p, m))
    for _ in range(steps):
        _deflate(U, sizes)
        for v in range(p):
            for i in range(m):
                B[v, i] = V[v, i] = U[v, i] * sizes[i]
        band_solve(factor, V)
        _deflate(V, sizes)
        for v in range(p):
            for i in range(m):
                weighted[v, i] = V[v, i] * sizes[i]
        _, C = ritz(gram(V, weighted), gram(V, B), p)
        combine(C, V, U)
    return U


@compiled
def _deflate(U: Array, sizes: Array) -> None:
    """Subtract the mean over pixels from every row."""
    total = 0.0
    for i in range(len(sizes)):
        total += sizes[i]
    for v in range(len(U)):
        mean = dot(U[v], sizes) / total
        for i in range(len(sizes)):
            U[v, i] -= mean
