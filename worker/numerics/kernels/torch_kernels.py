"""The kernels in plain torch: the reference that the others are tested against."""

import torch
from torch import Tensor

from worker.numerics.constants import WEIGHT_FLOOR

FIXED_POINT = 2.0**12
"""Adding and taking away 2^12 rounds a float64 to a multiple of 2^-40. Sums of such numbers below
2^13 are exact, so they are the same in any order, also by atomics on CUDA. The edges between two
aggregates of 64 pixels weigh at most 64 * 64.
"""


def edge_weights(
    colours: Tensor,
    shifts: tuple[int, ...],
    across: tuple[int, ...],
    base: tuple[float, ...],
    width: int,
    pad: int,
) -> tuple[Tensor, Tensor]:
    """Base weight * max(exp(-|c_i - c_j|_2), WEIGHT_FLOOR) of every edge.

    Args:
        colours: (B, 3, n), already divided by tau.
        shifts, across, base: per offset the flat shift, its columns and its weight.
        width: pixels in a row of the tile.
        pad: leading zeros, at least the largest shift.

    Returns:
        weights (B, S, pad + n) and their sums per pixel, degree (B, 1, n).
    """
    batch, _, n = colours.shape
    column = torch.arange(n, device=colours.device) % width
    weights = colours.new_zeros(batch, len(shifts), pad + n)
    degree = colours.new_zeros(batch, 1, n)
    for s, (shift, dx, weight) in enumerate(zip(shifts, across, base, strict=True)):
        w = weights[:, s, pad : pad + n - shift]
        difference = colours[..., : n - shift] - colours[..., shift:]
        torch.linalg.vector_norm(difference, dim=1, out=w)
        w.neg_().exp_().clamp_(min=WEIGHT_FLOOR).mul_(weight)
        target = column[: n - shift] + dx
        w.mul_(((target >= 0) & (target < width)).to(w.dtype))
        degree[:, 0, : n - shift] += w
        degree[:, 0, shift:] += w
    return weights, degree


def apply(weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
    """L X for X of shape (B, k, n), as sums of w_ij (x_i - x_j)."""
    n = X.shape[2]
    Y = torch.zeros_like(X)
    for s, shift in enumerate(shifts):
        flow = (X[..., : n - shift] - X[..., shift:]) * weights[:, s : s + 1, pad : pad + n - shift]
        Y[..., : n - shift] += flow
        Y[..., shift:] -= flow
    return Y


def galerkin_sums(
    weights: Tensor, shifts: tuple[int, ...], pad: int, labels: Tensor, m: int
) -> Tensor:
    """The edge weights from each aggregate to each other, every edge once: (B, m, m) float64.

    Args:
        weights, shifts, pad: as `edge_weights` returns them.
        labels: (B, n) int64, 0..m-1.
        m: aggregates.
    """
    batch, n = labels.shape
    sums = torch.zeros(batch, m * m, dtype=torch.float64, device=labels.device)
    for s, shift in enumerate(shifts):
        pair = labels[:, : n - shift] * m + labels[:, shift:]
        w = weights[:, s, pad : pad + n - shift].double()
        sums.scatter_add_(1, pair, w.add(FIXED_POINT).sub_(FIXED_POINT))
    return sums.reshape(batch, m, m)


def small_eigh(A: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenpairs of small matrices: values (B, s), ascending, and vectors (B, s, s), as columns.

    Args:
        A: (B, s, s) float64, exactly symmetric.
    """
    values, vectors = torch.linalg.eigh(A)
    return values, vectors
