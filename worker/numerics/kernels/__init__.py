"""The three loops over all edges of a batch of tiles, once for each kind of device.

Edges are stored once, per offset as one flat shift: `weights[b, s, pad + i]` joins the pixels i and
`i + shifts[s]` of tile b in raster order. It is 0 where that leaves the tile or wraps around a row,
and the first `pad` entries of every row are 0, so that a gather may look back without a test.
"""

from types import ModuleType

import torch

from worker.numerics.kernels import cpu, torch_kernels


def kernels_for(device: torch.device) -> ModuleType:
    """The module whose `edge_weights`, `apply` and `galerkin_sums` are the fastest there."""
    return cpu if device.type == "cpu" else torch_kernels
