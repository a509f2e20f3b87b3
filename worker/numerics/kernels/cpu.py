"""The kernels compiled for the CPU: one pass over a tile while its edges are in cache.

Plain torch needs two to four times as long: every operation of the formula is a pass of its own.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.numerics.compiled import edges
from worker.numerics.kernels.torch_kernels import small_eigh as small_eigh


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
    degree = colours.new_empty(batch, 1, n)
    values = colours.contiguous().numpy()
    dtype = values.dtype
    offsets = (index_array(shifts), index_array(across), np.array(base, dtype), width, pad)
    for tile, w, d in zip(values, weights.numpy(), degree[:, 0].numpy(), strict=True):
        weighing(dtype)(tile, *offsets, w, d)
    return weights, degree


def weighing(dtype: np.dtype[Any]) -> Callable[..., None]:
    """The loop that weighs the edges of one tile in that precision."""
    return edges.weigh_single if dtype == np.float32 else edges.weigh_double


def apply(weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
    """As `torch_kernels.apply`."""
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    for w, x, y in zip(weights.numpy(), X.contiguous().numpy(), Y.numpy(), strict=True):
        edges.multiply(w, index_array(shifts), pad, x, y)
    return Y


def galerkin_sums(
    weights: Tensor, shifts: tuple[int, ...], pad: int, labels: Tensor, m: int
) -> Tensor:
    """As `torch_kernels.galerkin_sums`."""
    sums = torch.zeros(len(labels), m, m, dtype=torch.float64)
    groups = labels.contiguous().numpy()
    for w, label, total in zip(weights.numpy(), groups, sums.numpy(), strict=True):
        edges.couple(w, index_array(shifts), pad, label, total)
    return sums


@lru_cache(maxsize=64)
def index_array(values: tuple[int, ...]) -> NDArray[np.int64]:
    """A tuple of offsets as the compiled loops take it."""
    return np.array(values, np.int64)
