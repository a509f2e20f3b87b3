"""The loops over all edges of one tile; see `worker.numerics.kernels` for how edges are stored."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.numerics.compiled import compiled
from worker.numerics.constants import WEIGHT_FLOOR

Array = NDArray[Any]

_CHUNK = 4096  # pixels; their edges, read from both ends, still fit into the second-level cache
_LOG2E = 1.4426950408889634
_LOWEST = -40.0  # 2^-40 lies far below the floor, and its exponent is still a normal float32
_EXP2 = tuple(float(np.log(2.0) ** k / float(np.prod(np.arange(1.0, k + 1)))) for k in range(7))
"""Taylor's coefficients of 2^z; to 1e-7 for |z| <= 1/2."""


@compiled
def weigh_single(
    colours: Array,  # (3, n) float32, divided by tau
    shifts: Array,
    across: Array,
    base: Array,
    width: int,
    pad: int,
    weights: Array,  # (S, pad + n)
    degree: Array,  # (n,)
) -> None:
    """exp(-d) as 2^(whole part) * 2^z: plain arithmetic, which vectorises; libm does not."""
    n = colours.shape[1]
    power = np.empty(_CHUNK, np.int32)
    scale = power.view(np.float32)
    _clear(shifts, pad, weights, degree)
    for start in range(0, n, _CHUNK):
        for s in range(len(shifts)):
            shift = shifts[s]
            stop = min(start + _CHUNK, n - shift)
            if stop <= start:
                continue
            w = weights[s, pad + start : pad + stop]
            r0, r1 = colours[0, start:stop], colours[0, start + shift : stop + shift]
            g0, g1 = colours[1, start:stop], colours[1, start + shift : stop + shift]
            b0, b1 = colours[2, start:stop], colours[2, start + shift : stop + shift]
            for i in range(len(w)):
                r, g, b = r0[i] - r1[i], g0[i] - g1[i], b0[i] - b1[i]
                t = max(np.float32(-_LOG2E) * np.sqrt(r * r + g * g + b * b), np.float32(_LOWEST))
                whole = np.floor(t + np.float32(0.5))
                z = t - whole
                power[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
                p = np.float32(_EXP2[5]) + z * np.float32(_EXP2[6])
                p = np.float32(_EXP2[4]) + z * p
                p = np.float32(_EXP2[3]) + z * p
                p = np.float32(_EXP2[2]) + z * p
                p = np.float32(_EXP2[1]) + z * p
                w[i] = np.float32(_EXP2[0]) + z * p
            for i in range(len(w)):
                w[i] = base[s] * max(w[i] * scale[i], np.float32(WEIGHT_FLOOR))
            _finish(w, start, across[s], width, shift, degree)


@compiled
def weigh_double(
    colours: Array,
    shifts: Array,
    across: Array,
    base: Array,
    width: int,
    pad: int,
    weights: Array,
    degree: Array,
) -> None:
    """As `weigh_single`, in float64."""
    n = colours.shape[1]
    _clear(shifts, pad, weights, degree)
    for start in range(0, n, _CHUNK):
        for s in range(len(shifts)):
            shift = shifts[s]
            stop = min(start + _CHUNK, n - shift)
            if stop <= start:
                continue
            w = weights[s, pad + start : pad + stop]
            for i in range(len(w)):
                near, far = start + i, start + i + shift
                r = colours[0, near] - colours[0, far]
                g = colours[1, near] - colours[1, far]
                b = colours[2, near] - colours[2, far]
                w[i] = base[s] * max(np.exp(-np.sqrt(r * r + g * g + b * b)), WEIGHT_FLOOR)
            _finish(w, start, across[s], width, shift, degree)


@compiled
def _clear(shifts: Array, pad: int, weights: Array, degree: Array) -> None:
    """Zeros where there are no edges: before the first pixel, and beyond the last."""
    n = len(degree)
    for s in range(len(shifts)):
        for i in range(pad):
            weights[s, i] = 0
        for i in range(pad + n - shifts[s], pad + n):
            weights[s, i] = 0
    for i in range(n):
        degree[i] = 0


@compiled
def _finish(w: Array, start: int, dx: int, width: int, shift: int, degree: Array) -> None:
    """Clear the edges that wrap around a row, and add the others to the degree of both ends.

    Args:
        w: the edges of the pixels from `start` on.
        start, dx, width, shift: where they lie, and where they lead.
        degree: of all pixels.
    """
    m = len(w)
    first, last = (width - dx, width) if dx > 0 else (0, -dx)
    for row in range(-(start % width), m, width):
        for i in range(max(0, row + first), min(row + last, m)):
            w[i] = 0
    near, far = degree[start : start + m], degree[start + shift : start + shift + m]
    for i in range(m):
        near[i] += w[i]
    for i in range(m):
        far[i] += w[i]


@compiled
def multiply(weights: Array, shifts: Array, pad: int, X: Array, Y: Array) -> None:
    """Y = L X for rows X (k, n).

    Both ends of an edge gather: nothing is written but the sum at hand, four offsets at a time.
    """
    k, n = X.shape
    count = len(shifts)
    fours = count - count % 4
    padded = np.zeros((k, n + 2 * pad), X.dtype)
    for v in range(k):
        for i in range(n):
            padded[v, pad + i] = X[v, i]
    for start in range(0, n, _CHUNK):  # the edges of a chunk are read once for all vectors
        stop = min(start + _CHUNK, n)
        for v in range(k):
            total = Y[v, start:stop]
            total[:] = 0
            for s in range(0, fours, 4):
                _add_four(weights, shifts, s, padded[v], pad + start, pad + stop, total)
            for s in range(fours, count):
                _add_one(weights[s], shifts[s], padded[v], pad + start, pad + stop, total)


@compiled
def _add_four(w: Array, shifts: Array, s: int, x: Array, a: int, e: int, total: Array) -> None:
    p, q, r, t = shifts[s], shifts[s + 1], shifts[s + 2], shifts[s + 3]
    c = x[a:e]
    w0, w1, w2, w3 = w[s, a:e], w[s + 1, a:e], w[s + 2, a:e], w[s + 3, a:e]
    x0, x1, x2, x3 = x[a + p : e + p], x[a + q : e + q], x[a + r : e + r], x[a + t : e + t]
    v0, v1 = w[s, a - p : e - p], w[s + 1, a - q : e - q]
    v2, v3 = w[s + 2, a - r : e - r], w[s + 3, a - t : e - t]
    y0, y1, y2, y3 = x[a - p : e - p], x[a - q : e - q], x[a - r : e - r], x[a - t : e - t]
    for i in range(e - a):
        forth = w0[i] * (c[i] - x0[i]) + w1[i] * (c[i] - x1[i])
        forth += w2[i] * (c[i] - x2[i]) + w3[i] * (c[i] - x3[i])
        back = v0[i] * (c[i] - y0[i]) + v1[i] * (c[i] - y1[i])
        back += v2[i] * (c[i] - y2[i]) + v3[i] * (c[i] - y3[i])
        total[i] += forth + back


@compiled
def _add_one(w: Array, shift: int, x: Array, a: int, e: int, total: Array) -> None:
    for i in range(a, e):
        total[i - a] += w[i] * (x[i] - x[i + shift]) + w[i - shift] * (x[i] - x[i - shift])


@compiled
def couple(weights: Array, shifts: Array, pad: int, labels: Array, sums: Array) -> None:
    """Add the weight of every edge to sums[label of its first end, label of its second]."""
    n = len(labels)
    for s in range(len(shifts)):
        shift = shifts[s]
        w = weights[s, pad : pad + n - shift]
        for i in range(n - shift):
            sums[labels[i], labels[i + shift]] += w[i]
