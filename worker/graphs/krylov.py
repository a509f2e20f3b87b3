"""Thick-restart block Lanczos for the lowest eigenvectors of a Laplacian.

Wu and Simon (2000). What is kept at a restart are the Ritz vectors alone: their residuals span the
block with which the Krylov space goes on.
"""

from collections.abc import Callable, Generator

import torch
from torch import Tensor

from worker.numerics import lobpcg

Operator = Callable[[Tensor], Tensor]  # (1, k, n) to (1, k, n)

LEAST_ROWS = 30
"""Of a Krylov space before it is restarted; at least three blocks."""

BREAKDOWN = 1e-10
"""A direction of which the projection leaves no more than this is rounding."""


def cycle(block: lobpcg.Block, operator: Operator) -> Generator[bool, None, lobpcg.Block]:
    """Return the Ritz pairs of a Krylov space that begins with the block; a pause per product."""
    k, n = block.X.shape[1:]
    rows = min(max(3 * k, LEAST_ROWS), n - 1)
    V = block.X.new_zeros(rows, n)
    V[:k], T = block.X[0], block.X.new_zeros(rows, rows)
    T[:k, :k] = torch.diag(block.theta[0])
    depth, Q = k, orthonormal(block.residual()[0], V[:k])
    while len(Q) and depth < rows:  # loop: iterations
        Q = Q[: rows - depth]
        end = depth + len(Q)
        V[depth:end] = Q
        LQ = operator(Q[None].contiguous())[0]
        coupling = LQ @ V[:end].T
        T[depth:end, :end], T[:end, depth:end] = coupling, coupling.T
        depth, Q = end, orthonormal(LQ, V[:end])
        yield True
    T = T[:depth, :depth]
    _, S = torch.linalg.eigh((T + T.T) / 2)
    return lobpcg.refresh(lobpcg.start((S[:, :k].T @ V[:depth])[None], operator, k), operator)


def orthonormal(R: Tensor, V: Tensor) -> Tensor:
    """An orthonormal basis (j, n), j <= b, of what rows (b, n) have beside V (m, n) and 1."""
    length = R.norm(dim=1, keepdim=True)
    for _ in range(2):  # loop: iterations
        R = R - R.mean(1, keepdim=True)
        R = R - (R @ V.T) @ V  # twice is enough
    R = R[R.norm(dim=1) > BREAKDOWN * length[:, 0]]
    for _ in range(2):  # loop: iterations
        if len(R):
            R = R / R.norm(dim=1, keepdim=True)
            w, E = torch.linalg.eigh(R @ R.T)
            there = w > BREAKDOWN * w[-1]
            R = (E[:, there] * w[there].rsqrt()).T @ R
            R = R - (R @ V.T) @ V
    return R
