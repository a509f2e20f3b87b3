"""The work on one tile: from its pixels to a first block of Ritz vectors, then step by step.

The method is that of `worker.numerics.tile_batch`, which is the reference; here one tile at a time,
while it is in cache.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.numerics.compiled import compiled
from worker.numerics.compiled.coarse import restrict
from worker.numerics.compiled.dense import band_solve, centre, combine, dot, gram, ritz
from worker.numerics.compiled.edges import multiply
from worker.numerics.constants import CLUSTER_GAP, OVERCORRECTION, TINY

Array = NDArray[Any]

VAGUE = 0.3
"""A residual below this share of the gap hardly shortens it."""


@compiled
def first_block(
    weights: Array,
    shifts: Array,
    pad: int,
    labels: Array,
    U: Array,  # (k, m) float64, the first coarse eigenvectors
    guess: Array,  # (j, n), tried beside them; j may be 0
    X: Array,  # (k, n), written
    LX: Array,
    theta: Array,  # (k,)
) -> None:
    """Rayleigh-Ritz on the prolonged coarse eigenvectors and a guess."""
    k, n = X.shape
    j = len(guess)
    S, LS = np.empty((j + k, n), X.dtype), np.empty((j + k, n), X.dtype)
    copy(guess, S[:j])
    for v in range(k):
        for i in range(n):
            S[j + v, i] = U[v, labels[i]]
    for v in range(j + k):
        centre(S[v])
    multiply(weights, shifts, pad, S, LS)
    _keep(S, LS, X, LX, theta)


@compiled
def _keep(S: Array, LS: Array, X: Array, LX: Array, theta: Array) -> Array:
    """Rayleigh-Ritz on the rows of S, into X (k, n); returns the coordinates (k, s)."""
    values, C = ritz(gram(S, S), gram(S, LS), len(X))
    combine(C, S, X)
    combine(C, LS, LX)
    for v in range(len(X)):
        theta[v] = values[v]
    return C


@compiled
def copy(source: Array, target: Array) -> None:
    """The rows of `source` into `target`."""
    for v in range(len(source)):
        for i in range(source.shape[1]):
            target[v, i] = source[v, i]


@compiled
def smooth(
    weights: Array,
    shifts: Array,
    pad: int,
    inverse: Array,  # (n,) damping / degree
    X: Array,
    LX: Array,
    theta: Array,
    Z: Array,  # (q, n), written: one damped Jacobi step on the first q residuals
    LZ: Array,
    out: Array,  # (k, n), written: Ritz vectors of X - Z
    Lout: Array,
    theta_out: Array,
    residual: Array,  # (k,), written: norms of L x - theta x of `out`
) -> None:
    """Smooth the residuals once: half of a V-cycle, and the vectors that are certified."""
    (k, n), q = X.shape, len(Z)
    S, LS = np.empty((k, n), X.dtype), np.empty((k, n), X.dtype)
    copy(X, S)
    copy(LX, LS)
    for v in range(q):
        t = X.dtype.type(theta[v])
        for i in range(n):
            Z[v, i] = (LX[v, i] - t * X[v, i]) * inverse[i]
        centre(Z[v])
    multiply(weights, shifts, pad, Z, LZ)
    for v in range(q):
        for i in range(n):
            S[v, i] -= Z[v, i]
            LS[v, i] -= LZ[v, i]
    _keep(S, LS, out, Lout, theta_out)
    row = S[0]  # no longer needed
    for v in range(k):
        t = X.dtype.type(theta_out[v])
        for i in range(n):
            row[i] = Lout[v, i] - t * out[v, i]
        residual[v] = np.sqrt(dot(row, row))


@compiled
def step(
    weights: Array,
    shifts: Array,
    pad: int,
    inverse: Array,
    labels: Array,
    factor: Array,
    X: Array,
    LX: Array,
    theta: Array,
    P: Array,  # (>= q, n)
    LP: Array,
    searched: int,  # rows of P that hold a direction
    Z: Array,  # (q, n) as `smooth` left them
    LZ: Array,
) -> None:
    """Finish the V-cycle and do one LOBPCG step: X, LX, theta and q rows of P, LP in place."""
    (k, n), q = X.shape, len(Z)
    rows = k + q + searched
    S, LS = np.empty((rows, n), X.dtype), np.empty((rows, n), X.dtype)
    copy(X, S)
    copy(LX, LS)
    W, LW = S[k : k + q], LS[k : k + q]
    _v_cycle(weights, shifts, pad, inverse, labels, factor, X, LX, theta, Z, LZ, W, LW)
    for v in range(q):
        for u in range(k):
            c = X.dtype.type(dot(W[v], X[u]))
            for i in range(n):
                W[v, i] -= c * X[u, i]
                LW[v, i] -= c * LX[u, i]
        _scale(W[v], LW[v])
    copy(P[:searched], S[k + q :])
    copy(LP[:searched], LS[k + q :])
    C = _keep(S, LS, X, LX, theta)
    direction = np.empty((q, rows - k))
    copy(C[:q, k:], direction)
    combine(direction, S[k:], P[:q])
    combine(direction, LS[k:], LP[:q])
    for v in range(q):
        _scale(P[v], LP[v])


@compiled
def _v_cycle(
    weights: Array,
    shifts: Array,
    pad: int,
    inverse: Array,
    labels: Array,
    factor: Array,
    X: Array,
    LX: Array,
    theta: Array,
    Z: Array,
    LZ: Array,
    W: Array,  # (q, n), written: about L^+ R
    LW: Array,
) -> None:
    """Coarse correction and a second Jacobi step after the first one, Z."""
    q, n = Z.shape
    coarse = np.empty((q, len(factor)))
    R = np.empty((q, n), X.dtype)
    for v in range(q):
        t = X.dtype.type(theta[v])
        for i in range(n):
            R[v, i] = LX[v, i] - t * X[v, i] - LZ[v, i]
        restrict(labels, R[v], coarse[v])
    band_solve(factor, coarse)
    for v in range(q):
        for i in range(n):
            W[v, i] = OVERCORRECTION * coarse[v, labels[i]]
        centre(W[v])
    multiply(weights, shifts, pad, W, LW)
    post, Lpost = np.empty((q, n), X.dtype), np.empty((q, n), X.dtype)
    for v in range(q):
        for i in range(n):
            post[v, i] = (R[v, i] - LW[v, i]) * inverse[i]
        centre(post[v])
    multiply(weights, shifts, pad, post, Lpost)
    for v in range(q):
        for i in range(n):
            W[v, i] += Z[v, i] + post[v, i]
            LW[v, i] += LZ[v, i] + Lpost[v, i]


@compiled
def _scale(x: Array, Lx: Array) -> None:
    """Rows of unit length keep the Gram matrix within reach of the working precision."""
    factor = x.dtype.type(1 / max(np.sqrt(dot(x, x)), TINY))
    for i in range(len(x)):
        x[i] *= factor
        Lx[i] *= factor


@compiled
def rows_to_search(theta: Array, residual: Array, most: int) -> int:
    """How many rows the next step should improve: the cluster, and the next one while it is vague.

    A bound needs the vectors of the cluster, and of the next Ritz value only that it lies apart.
    """
    for c in range(1, len(theta)):
        gap = theta[c] - theta[c - 1]
        if gap > CLUSTER_GAP * theta[c]:
            return min(most, c if residual[c] < VAGUE * gap else c + 1)
    return most
