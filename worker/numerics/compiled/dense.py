"""Small dense algebra of one tile: rows of vectors, Rayleigh-Ritz, a banded Cholesky factor."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.numerics.compiled import compiled
from worker.numerics.constants import DROP

Array = NDArray[Any]

_CHUNK = 512  # products summed in the working precision before they join a float64


@compiled
def dot(x: Array, y: Array) -> float:
    """The product of two vectors, chunk by chunk in float64."""
    total = 0.0
    for start in range(0, len(x), _CHUNK):
        stop = min(start + _CHUNK, len(x))
        total += _short_dot(x[start:stop], y[start:stop])
    return total


@compiled
def _short_dot(x: Array, y: Array) -> Any:
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@compiled
def gram(S: Array, T: Array) -> Array:
    """S T^T for rows S, T (s, n), its lower half mirrored: (s, s) float64."""
    s, n = S.shape
    G = np.zeros((s, s))
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        for i in range(s):
            for j in range(i + 1):
                G[i, j] += _short_dot(S[i, start:stop], T[j, start:stop])
    for i in range(s):
        for j in range(i):
            G[j, i] = G[i, j]
    return G


@compiled
def combine(C: Array, S: Array, out: Array) -> None:
    """Out = C S: (q, s) float64 times rows (s, n), in the precision of S."""
    q, s = C.shape
    fours = s - s % 4
    for r in range(q):
        row = out[r]
        row[:] = 0
        for j in range(0, fours, 4):
            c0, c1 = S.dtype.type(C[r, j]), S.dtype.type(C[r, j + 1])
            c2, c3 = S.dtype.type(C[r, j + 2]), S.dtype.type(C[r, j + 3])
            x0, x1, x2, x3 = S[j], S[j + 1], S[j + 2], S[j + 3]
            for i in range(len(row)):
                row[i] += (c0 * x0[i] + c1 * x1[i]) + (c2 * x2[i] + c3 * x3[i])
        for j in range(fours, s):
            c0 = S.dtype.type(C[r, j])
            x0 = S[j]
            for i in range(len(row)):
                row[i] += c0 * x0[i]


@compiled
def _short_sum(x: Array) -> Any:
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i]
    return total


@compiled
def centre(x: Array) -> None:
    """Subtract the mean."""
    total = 0.0
    for start in range(0, len(x), _CHUNK):
        total += _short_sum(x[start : start + _CHUNK])
    mean = x.dtype.type(total / len(x))
    for i in range(len(x)):
        x[i] -= mean


@compiled
def ritz(G: Array, H: Array, keep: int) -> tuple[Array, Array]:
    """As `worker.numerics.rayleigh_ritz`, for one tile: theta (keep,) and C (keep, s).

    Loops instead of array expressions, here and elsewhere: those take seconds to compile.
    """
    s = len(G)
    d = np.zeros(s)
    for i in range(s):
        if G[i, i] > 0:
            d[i] = 1 / np.sqrt(G[i, i])
    A, B = np.empty((s, s)), np.empty((s, s))
    for i in range(s):
        for j in range(s):
            A[i, j] = G[i, j] * d[i] * d[j]
            B[i, j] = H[i, j] * d[i] * d[j]
    w, T = np.linalg.eigh(A)
    for j in range(s):
        scale = 1 / np.sqrt(w[j]) if w[j] > DROP * w[s - 1] else 0.0
        for i in range(s):
            T[i, j] *= scale
    A = _congruent(B, T)
    far = 1.0
    for i in range(s):
        for j in range(s):
            far = max(far, 1 + 2 * abs(A[i, j]))
    for j in range(s):
        if not w[j] > DROP * w[s - 1]:
            A[j, j] += far  # to the far end of the spectrum instead of to a false zero
    theta, Q = np.linalg.eigh(A)
    C = np.zeros((keep, s))
    for v in range(keep):
        for i in range(s):
            for j in range(s):
                C[v, i] += d[i] * T[i, j] * Q[j, v]
    return theta[:keep], C


@compiled
def _congruent(B: Array, T: Array) -> Array:
    """T^T B T, symmetric."""
    s = len(B)
    BT, out = np.zeros((s, s)), np.zeros((s, s))
    for i in range(s):
        for p in range(s):
            for j in range(s):
                BT[i, j] += B[i, p] * T[p, j]
    for p in range(s):
        for i in range(s):
            for j in range(s):
                out[i, j] += T[p, i] * BT[p, j]
    for i in range(s):
        for j in range(i):
            out[i, j] = out[j, i] = (out[i, j] + out[j, i]) / 2
    return out


# --- a symmetric band matrix: A[i, width + j - i] holds row i, columns i - width .. i -------------


@compiled
def band_cholesky(A: Array) -> None:
    """Factor in place; the last row is left out: a Laplacian is singular, its minor is not."""
    m, width = A.shape[0], A.shape[1] - 1
    for i in range(m - 1):
        first = max(0, i - width)
        diagonal = A[i, width]
        for j in range(first, i):
            low = max(first, j - width)
            x = A[i, width + low - i : width + j - i]
            y = A[j, width + low - j : width]
            total = 0.0
            for p in range(j - low):
                total += x[p] * y[p]
            A[i, width + j - i] = (A[i, width + j - i] - total) / A[j, width]
        row = A[i, width + first - i : width]
        total = 0.0
        for p in range(len(row)):
            total += row[p] * row[p]
        # All of the diagonal may cancel where groups hang together by the floor alone.
        A[i, width] = np.sqrt(max(diagonal - total, 1e-15 * diagonal + 1e-300))


@compiled
def band_solve(L: Array, X: Array) -> None:
    """Solve A x = b in place for rows X (k, m) that sum to 0; the last unknown is 0."""
    m, width = L.shape[0], L.shape[1] - 1
    for v in range(len(X)):
        x = X[v]
        for i in range(m - 1):
            first = max(0, i - width)
            row, known = L[i, width + first - i : width], x[first:i]
            total = 0.0
            for p in range(len(row)):
                total += row[p] * known[p]
            x[i] = (x[i] - total) / L[i, width]
        x[m - 1] = 0
        for i in range(m - 2, -1, -1):
            first = max(0, i - width)
            row, rest = L[i, width + first - i : width], x[first:i]
            x[i] /= L[i, width]
            for p in range(len(row)):
                rest[p] -= row[p] * x[i]
