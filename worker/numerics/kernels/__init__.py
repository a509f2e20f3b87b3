"""The loops over all edges of a batch of tiles, once for each kind of device.

Edges are stored once, per offset as one flat shift: `weights[b, s, pad + i]` joins the pixels i and
`i + shifts[s]` of tile b in raster order. It is 0 where that leaves the tile or wraps around a row,
and the first `pad` entries of every row are 0, so that a gather may look back without a test.
"""

import warnings
from functools import lru_cache
from importlib import import_module
from types import ModuleType

import torch

from worker.numerics.kernels import cpu, torch_kernels


def kernels_for(device: torch.device) -> ModuleType:
    """The module whose `edge_weights`, `apply`, `galerkin_sums`, `small_eigh` are best there."""
    if device.type == "cpu":
        return cpu
    return _compiled_for(device) if device.type == "cuda" else torch_kernels


@lru_cache(maxsize=16)
def _compiled_for(device: torch.device) -> ModuleType:
    """The fused kernels, tried once: Triton may be missing, too old, or without a C compiler."""
    try:
        fused = import_module("worker.numerics.kernels.cuda")
        _exercise(fused, device)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # of whatever type: compilers and drivers differ
        reason = (str(error).strip() or type(error).__name__).partition("\n")[0]
        warnings.warn(
            f"Triton does not work here: {reason}. Without fused kernels the GPU is slow.",
            RuntimeWarning,
            stacklevel=2,
        )
        return torch_kernels
    return fused


def _exercise(kernels: ModuleType, device: torch.device) -> None:
    """The Laplacian of two pixels of one colour."""
    colours = torch.zeros(1, 3, 2, device=device)
    weights, _ = kernels.edge_weights(colours, (1,), (1,), (1.0,), 2, 1)
    product = kernels.apply(weights, (1,), 1, torch.tensor([[[1.0, 0.0]]], device=device))
    if product.tolist() != [[[1.0, -1.0]]]:
        raise ArithmeticError("the Laplacian of two pixels comes out wrong")
