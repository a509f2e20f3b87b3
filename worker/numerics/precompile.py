"""Compile every loop for this processor now: `python -m worker.numerics.precompile`.

It takes about half a minute, once; what comes out is kept (`worker.numerics.compiled`).
"""

import numpy as np
import torch

from worker.numerics.compiled import sparse
from worker.numerics.compiled.search import settle
from worker.numerics.cpu_batch import CpuBatch
from worker.numerics.field_state import FieldSettings
from worker.numerics.global_solver import GlobalSolver
from worker.numerics.laplacian import image_laplacian
from worker.numerics.stencil import half_stencil

SIDE = 24  # pixels: more than is solved without a coarse problem


def precompile() -> None:
    """Run each loop in both precisions on a small tile, and on one with a guess."""
    random = torch.Generator().manual_seed(1)
    rgb = torch.rand(1, 3, SIDE, SIDE, generator=random)
    stencil = half_stencil((1, 2), (1.0, 0.6))
    for dtype in (torch.float32, torch.float64):
        batch = CpuBatch(rgb.to(dtype), stencil, 0.15, 4)
        solution = batch.certify()
        batch.step()
        CpuBatch(rgb.to(dtype), stencil, 0.15, 4, solution.vectors)
        laplacian = image_laplacian(rgb.to(dtype), stencil, 0.15)
        laplacian.apply(solution.vectors.float())
        laplacian.apply(solution.vectors.double())
        laplacian.coupling(torch.zeros(1, SIDE * SIDE, dtype=torch.int64), 1)
    whole = GlobalSolver(rgb[0], FieldSettings(SIDE, 0, 1e-5, stencil, 0.15, SIDE * SIDE))
    while not whole.finished:
        whole.step()
    node, rows = np.zeros(1, np.int64), (np.zeros(2, np.int64), np.zeros(0, np.int64), np.zeros(0))
    X, Y = np.zeros((1, 1)), np.zeros((1, 1))
    sparse.product(*rows, X, Y, 0, 1)
    sparse.residual(*rows, X, X, Y, 0, 1)
    sparse.gathered(node, np.arange(2), X, Y, 0, 1)
    sparse.corrected(node, X[0], X, X, Y, 0, 1)
    sparse.strongest(*rows, node)
    sparse.join(rows[0], rows[1], node)
    settle(np.zeros(2, np.int64), node, np.zeros(1), 0, np.zeros(1), node, node, node, 1, 1)


if __name__ == "__main__":
    precompile()
