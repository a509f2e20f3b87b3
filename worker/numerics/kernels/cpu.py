"""The kernels compiled for the CPU: one pass over a tile while its edges are in cache.

Plain torch needs two to four times as long: every operation of the formula is a pass of its own.
"""

from functools import lru_cache

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
    single = colours.dtype == torch.float32
    weigh = edges.weigh_batch_single if single else edges.weigh_batch_double
    weigh(
        values,
        index_array(shifts),
        index_array(across),
        np.array(base, values.dtype),
        width,
        pad,
        weights.numpy(),
        degree.numpy(),
    )
    return weights, degree


def apply(weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
    """As `torch_kernels.apply`."""
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    edges.multiply_batch(
        weights.numpy(), index_array(shifts), pad, X.contiguous().numpy(), Y.numpy()
    )
    return Y


def galerkin_sums(
    weights: Tensor, shifts: tuple[int, ...], pad: int, labels: Tensor, m: int
) -> Tensor:
    """As `torch_kernels.galerkin_sums`."""
    sums = torch.zeros(len(labels), m, m, dtype=torch.float64)
    edges.couple_batch(
        weights.numpy(), index_array(shifts), pad, labels.contiguous().numpy(), sums.numpy()
    )
    return sums


@lru_cache(maxsize=64)
def index_array(values: tuple[int, ...]) -> NDArray[np.int64]:
    """A tuple of offsets as the compiled loops take it."""
    return np.array(values, np.int64)
