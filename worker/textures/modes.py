"""The lowest modes of an image's graph, to a share of their own eigenvalues."""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from worker.numerics import lobpcg
from worker.numerics.constants import CLUSTER_GAP
from worker.numerics.signs import ramp
from worker.textures.dissection import Dissection, dissection
from worker.textures.grid import Grid, grid_of

TOLERANCE = 1e-3
"""||L v - lambda v|| <= this times lambda. Beside the largest eigenvalue anything would pass: where
strong edges divide an image lambda is 1e-6."""

FLOOR = 1e-12
"""Residuals below this share of the largest eigenvalue are rounding."""

DENSE = 256  # nodes up to which all is written out
LARGE, SHRINKING = 128, 4
"""An image of so many pixels along a side begins with the modes of one a quarter as long: of 512
pixels a side something is seen in a tenth of the time."""

ROUGH = 0.1  # tolerance of those

GUARD = 6  # vectors beyond those asked for: the last ones converge slowly
STEPS = 200


class Modes(NamedTuple):
    """k eigenpairs, in order; every vector's largest entry is 1 or -1, and sums to 0."""

    vectors: Tensor  # (k, H, W) float64
    values: Tensor  # (k,) float64
    residuals: Tensor  # (k,) ||L v - lambda v|| over lambda, for v of unit length
    converged: int  # so many from the first
    block: lobpcg.Block | None = None  # of all that is iterated on, to go on from

    def first(self, count: int) -> "Modes":
        """The lowest ones alone."""
        return Modes(
            self.vectors[:count],
            self.values[:count],
            self.residuals[:count],
            min(count, self.converged),
        )


def image_modes(
    grey: Tensor,
    count: int,
    threshold: float,
    tolerance: float = TOLERANCE,
    begun: lobpcg.Block | None = None,
) -> Generator[Modes | None, None, Modes]:
    """The lowest non-trivial modes of an image, in short steps.

    Every `yield` is between two steps: of the modes so far, or None where nothing is new. Begun
    with the block of some of these it comes to the same bits.

    Args:
        grey: (H, W) in 0..1.
        count: 1 or more; there are H * W - 1 in all, fewer are returned where there are fewer.
        threshold: `edge_threshold`, 0.02..1.
        tolerance: of the residuals, relative to the eigenvalues.
        begun: X, theta and P of an earlier block of the same image.

    Raises:
        ValueError: the image is a single pixel, which has no modes.
    """
    if grey.numel() < 2:
        raise ValueError("an image of one pixel has no modes")
    grid = grid_of(grey, threshold)
    n = grey.numel()
    count = min(count, n - 1)
    if n <= DENSE:
        return _exact(grid, count, tolerance)
    block = None if begun is None else lobpcg.refresh(begun, grid.apply)
    if block is not None:
        yield _modes(grid, block, count, tolerance)._replace(block=block)
    else:
        guess = _patterns(count + GUARD, grid)
        if max(grey.shape) >= LARGE:
            guess = yield from _enlarged(grey, guess, threshold)
            early = lobpcg.start(guess[None], grid.apply, len(guess))
            yield _modes(grid, early, count, tolerance)
    inverse = yield from dissection(grid)
    if block is None:
        guess = yield from inverse.solve(guess)
        block = lobpcg.refresh(lobpcg.start(guess[None], grid.apply, len(guess)), grid.apply)
    modes = yield from _refined(grid, inverse, block, count, tolerance)
    return modes


def _enlarged(grey: Tensor, patterns: Tensor, threshold: float) -> Generator[None, None, Tensor]:
    """The modes of a smaller image, and patterns (k, n) where it has fewer: (k, n)."""
    height, width = (max(1, side // SHRINKING) for side in grey.shape)
    small = adaptive_avg_pool2d(grey[None].double(), (height, width))[0]
    steps = image_modes(small, len(patterns), threshold, ROUGH)
    while True:  # loop: iterations
        try:
            next(steps)
        except StopIteration as end:
            found: Modes = end.value
            break
        yield None
    large = interpolate(found.vectors[None], grey.shape, mode="bilinear")[0].flatten(1)
    large = large - large.mean(1, keepdim=True)
    return torch.cat((large, patterns))[: len(patterns)]


def _refined(
    grid: Grid, inverse: Dissection, block: lobpcg.Block, count: int, tolerance: float
) -> Generator[Modes | None, None, Modes]:
    """LOBPCG until the first `count` residuals are small."""
    modes = _modes(grid, block, count, tolerance)
    for _ in range(STEPS):  # loop: iterations
        if modes.converged == count:
            break
        yield modes._replace(block=block)
        W = (yield from inverse.solve(block.residual()[0]))[None]
        yield None
        # Computed anew L X and L P do not drift, and need not be kept to go on from.
        block = lobpcg.refresh(lobpcg.step(block, W, grid.apply(W)), grid.apply)
        modes = _modes(grid, block, count, tolerance)
    return modes._replace(block=block)


def _exact(grid: Grid, count: int, tolerance: float) -> Modes:
    """By the whole spectrum, the constant moved to its end."""
    n = len(grid.degree)
    unit = torch.eye(n, dtype=torch.float64, device=grid.down.device)
    far = 2 * float(grid.degree.max()) + 1
    theta, V = torch.linalg.eigh(grid.apply(unit) + far / n)
    X = V.mT[None, :count].contiguous()
    return _modes(grid, lobpcg.Block(X, grid.apply(X), theta[None, :count]), count, tolerance)


def _modes(grid: Grid, block: lobpcg.Block, count: int, tolerance: float) -> Modes:
    values = block.theta[0, :count]
    norms = block.residual()[0, :count].norm(dim=1)
    floor = FLOOR * 2 * grid.degree.max()
    residuals = norms / values.clamp(min=1e-300)
    small = (norms <= (tolerance * values).clamp(min=float(floor))) & values.isfinite()
    X = _definite(block.X[0, :count], values, grid.shape)
    converged = int(small.long().cumprod(0).sum())
    return Modes(X.reshape(-1, *grid.shape), values, residuals, converged)


def _definite(X: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """Vectors (k, n) that do not depend on rounding.

    Of the lambda_2 cluster's span the first is the one nearest the ramp x + 2y. The largest entry
    of each, the first of equal ones, is 1.
    """
    cluster = int((values < values[:1] * (1 + CLUSTER_GAP)).sum())
    nearest = X[:cluster] @ ramp(*shape, X.device).double()
    if cluster > 1 and float(nearest.norm()) > 1e-3:
        axis = torch.eye(cluster, dtype=X.dtype, device=X.device)[0] - nearest / nearest.norm()
        axis = torch.nn.functional.normalize(axis, dim=0)
        X = torch.cat((X[:cluster] - 2 * axis[:, None] * (axis @ X[:cluster]), X[cluster:]))
    size = X.abs()
    # Entries that are equal but for rounding: the first decides.
    peak = (size >= (1 - 1e-6) * size.amax(1, keepdim=True)).to(torch.uint8).argmax(1)
    return X / X.gather(1, peak[:, None])


def _patterns(count: int, grid: Grid) -> Tensor:
    """Rows (count, n) float64 that have something of every mode, free of the constant."""
    n = grid.shape[0] * grid.shape[1]
    i = torch.arange(n, dtype=torch.float64, device=grid.down.device)
    j = torch.arange(1, count + 1, dtype=torch.float64, device=grid.down.device)[:, None]
    rows = torch.sin(1.9898 * i * j + 78.233 * j)
    return rows - rows.mean(1, keepdim=True)
