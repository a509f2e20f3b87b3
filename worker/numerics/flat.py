"""Tiles of one colour: solved once for each shape, and the measure of how much a tile shows."""

from functools import lru_cache

import torch
from torch import Tensor

from worker.numerics.batches import open_batch
from worker.numerics.refining import Attempt, Stage
from worker.numerics.stencil import Offset
from worker.numerics.tile_batch import BLOCKS, DENSE_PIXELS, Solution, solve_dense

BOUND = 1e-6  # on sin(angle); float64 reaches it in a few steps
STEPS = 30


@lru_cache(maxsize=32)
def flat_solution(
    shape: tuple[int, int], stencil: tuple[Offset, ...], tau: float, device: torch.device
) -> Solution:
    """The Fiedler vectors of a tile (h, w) of one colour, a batch of one in float64.

    Its Laplacian is the same for every colour, and no tile of this shape has a larger lambda_2.
    """
    rgb = torch.zeros(1, 3, *shape, dtype=torch.float64, device=device)
    return _solved(rgb, stencil, tau).canonical(shape)


def _solved(rgb: Tensor, stencil: tuple[Offset, ...], tau: float) -> Solution:
    if rgb[0, 0].numel() <= DENSE_PIXELS:
        return solve_dense(rgb, stencil, tau, BLOCKS[-1])
    for k in BLOCKS:
        batch = open_batch(rgb, stencil, tau, Attempt(k, Stage.DOUBLE))
        for _ in range(STEPS):
            solution = batch.certify()
            if bool(solution.bound[0] <= BOUND):
                return solution
            batch.step()
    return solution
