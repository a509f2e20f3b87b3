"""The kernels compiled for the CPU (numba): one pass over a tile while its edges are in cache.

They release Python's lock and use one thread each; lanes are side by side. Plain torch needs two
to four times as long, since every operation of the formula is a pass of its own.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from worker.numerics.kernels.torch_kernels import WEIGHT_FLOOR

_FAST = {"contract", "nsz", "arcp", "reassoc"}  # not "nnan": a NaN has to stay one
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=_FAST)

_CHUNK = 1024  # pixels; what a chunk reads and writes stays in the first-level cache
_LOG2E = 1.4426950408889634
_LOWEST = -40.0
"""2^-40 lies far below the floor, and its exponent is still a normal float32."""
_EXP2 = tuple(float(np.log(2.0) ** k / float(np.prod(np.arange(1.0, k + 1)))) for k in range(7))
"""Taylor's coefficients of 2^z; to 1e-7 for |z| <= 1/2."""


def edge_weights(
    colours: Tensor,
    shifts: tuple[int, ...],
    across: tuple[int, ...],
    base: tuple[float, ...],
    width: int,
    pad: int,
) -> tuple[Tensor, Tensor]:
    """As `torch_kernels.edge_weights`."""
    batch, _, n = colours.shape
    weights = colours.new_empty(batch, len(shifts), pad + n)
    degree = colours.new_zeros(batch, 1, n)
    loop = _edge_weights_single if colours.dtype == torch.float32 else _edge_weights_double
    loop(
        colours.contiguous().numpy(),
        _array(shifts),
        _array(across),
        np.array(base, colours.numpy().dtype),
        width,
        pad,
        weights.numpy(),
        degree.numpy(),
    )
    return weights, degree


def apply(weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
    """As `torch_kernels.apply`."""
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    _apply(weights.numpy(), _array(shifts), pad, X.contiguous().numpy(), Y.numpy())
    return Y


def galerkin_sums(
    weights: Tensor, shifts: tuple[int, ...], pad: int, labels: Tensor, m: int
) -> Tensor:
    """As `torch_kernels.galerkin_sums`."""
    sums = torch.zeros(len(labels), m, m, dtype=torch.float64)
    _galerkin_sums(weights.numpy(), _array(shifts), pad, labels.contiguous().numpy(), sums.numpy())
    return sums


@lru_cache(maxsize=64)
def _array(values: tuple[int, ...]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


Array = NDArray[Any]


@_compiled
def _edge_weights_single(
    colours: Array,
    shifts: Array,
    across: Array,
    base: Array,
    width: int,
    pad: int,
    weights: Array,
    degree: Array,
) -> None:
    """exp(-d) as 2^(whole part) * 2^z: plain arithmetic, so that it vectorises; libm does not."""
    batch, _, n = colours.shape
    power = np.empty(n, np.int32)
    scale = power.view(np.float32)
    for b in range(batch):
        red, green, blue = colours[b, 0], colours[b, 1], colours[b, 2]
        for s in range(len(shifts)):
            shift, m = shifts[s], n - shifts[s]
            weights[b, s, :pad] = 0
            weights[b, s, pad + m :] = 0
            w = weights[b, s, pad : pad + m]
            for i in range(m):
                r = red[i] - red[i + shift]
                g = green[i] - green[i + shift]
                h = blue[i] - blue[i + shift]
                t = np.float32(-_LOG2E) * np.sqrt(r * r + g * g + h * h)
                t = max(t, np.float32(_LOWEST))
                whole = np.floor(t + np.float32(0.5))
                z = t - whole
                power[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
                p = np.float32(_EXP2[5]) + z * np.float32(_EXP2[6])
                p = np.float32(_EXP2[4]) + z * p
                p = np.float32(_EXP2[3]) + z * p
                p = np.float32(_EXP2[2]) + z * p
                p = np.float32(_EXP2[1]) + z * p
                w[i] = np.float32(_EXP2[0]) + z * p
            for i in range(m):
                w[i] = base[s] * max(w[i] * scale[i], np.float32(WEIGHT_FLOOR))
            _finish(w, across[s], width, shift, degree[b, 0])


@_compiled
def _edge_weights_double(
    colours: Array,
    shifts: Array,
    across: Array,
    base: Array,
    width: int,
    pad: int,
    weights: Array,
    degree: Array,
) -> None:
    batch, _, n = colours.shape
    for b in range(batch):
        red, green, blue = colours[b, 0], colours[b, 1], colours[b, 2]
        for s in range(len(shifts)):
            shift, m = shifts[s], n - shifts[s]
            weights[b, s, :pad] = 0
            weights[b, s, pad + m :] = 0
            w = weights[b, s, pad : pad + m]
            for i in range(m):
                r = red[i] - red[i + shift]
                g = green[i] - green[i + shift]
                h = blue[i] - blue[i + shift]
                w[i] = base[s] * max(np.exp(-np.sqrt(r * r + g * g + h * h)), WEIGHT_FLOOR)
            _finish(w, across[s], width, shift, degree[b, 0])


@_compiled
def _finish(w: Array, dx: int, width: int, shift: int, degree: Array) -> None:
    """Clear the edges that wrap around a row, and add the others to the degree of both ends."""
    m = len(w)
    first, last = (width - dx, width) if dx > 0 else (0, -dx)
    for start in range(0, m, width):
        for i in range(start + first, min(start + last, m)):
            w[i] = 0
    for i in range(m):
        degree[i] += w[i]
    for i in range(m):
        degree[i + shift] += w[i]


@_compiled
def _apply(weights: Array, shifts: Array, pad: int, X: Array, Y: Array) -> None:
    """Both ends of an edge gather: no writes but to the sum at hand, four offsets at a time."""
    batch, k, n = X.shape
    count = len(shifts)
    fours = count - count % 4
    padded = np.zeros(n + 2 * pad, X.dtype)
    for b in range(batch):
        for v in range(k):
            padded[pad : pad + n] = X[b, v]
            for start in range(0, n, _CHUNK):
                stop = min(start + _CHUNK, n)
                total = Y[b, v, start:stop]
                total[:] = 0
                for s in range(0, fours, 4):
                    _add_four(weights[b], shifts, s, padded, pad + start, pad + stop, total)
                for s in range(fours, count):
                    _add_one(weights[b, s], shifts[s], padded, pad + start, pad + stop, total)


@_compiled
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


@_compiled
def _add_one(w: Array, shift: int, x: Array, a: int, e: int, total: Array) -> None:
    for i in range(a, e):
        total[i - a] += w[i] * (x[i] - x[i + shift]) + w[i - shift] * (x[i] - x[i - shift])


@_compiled
def _galerkin_sums(weights: Array, shifts: Array, pad: int, labels: Array, sums: Array) -> None:
    batch, n = labels.shape
    for b in range(batch):
        label, total = labels[b], sums[b]
        for s in range(len(shifts)):
            shift = shifts[s]
            w = weights[b, s, pad : pad + n - shift]
            for i in range(n - shift):
                total[label[i], label[i + shift]] += w[i]
