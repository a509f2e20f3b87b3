"""The lowest modes of an image's graph, to a share of their own eigenvalues."""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from worker.numerics import lobpcg
from worker.numerics.constants import CLUSTER_GAP
from worker.numerics.signs import ramp
from worker.textures import search
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
AT_ONCE = 12
"""Vectors that a step makes better, from the lowest that is not exact: the first modes are there
after a quarter of the work, and nothing is done twice for those that are."""

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
    block = None if begun is None else search.gone_on(begun, grid)
    if block is None and max(grey.shape) >= LARGE:
        guess = yield from _enlarged(grey, count + GUARD, threshold)
        block = search.begun(guess, grid)
        del guess
    if block is not None:
        yield _modes(grid, block, count, tolerance)[0]
    inverse = yield from dissection(grid)
    if block is None:
        guess = yield from inverse.solve(search.centred(_patterns(0, count + GUARD, grey)))
        block = search.begun(guess, grid)
        yield _modes(grid, block, count, tolerance)[0]
    modes = yield from _refined(grid, inverse, block, count, tolerance)
    return modes


def _enlarged(grey: Tensor, count: int, threshold: float) -> Generator[None, None, Tensor]:
    """The modes of a smaller image, and patterns where it has fewer: (count, n)."""
    height, width = (max(1, side // SHRINKING) for side in grey.shape)
    small = adaptive_avg_pool2d(grey[None].double(), (height, width))[0]
    steps = image_modes(small, count, threshold, ROUGH)
    while True:  # loop: iterations
        try:
            next(steps)
        except StopIteration as end:
            found: Modes = end.value
            break
        yield None
    large = interpolate(found.vectors[None], grey.shape, mode="bilinear")[0].flatten(1)
    return torch.cat((large, _patterns(len(large), count, grey)))


def _refined(
    grid: Grid, inverse: Dissection, block: lobpcg.Block, count: int, tolerance: float
) -> Generator[Modes | None, None, Modes]:
    """LOBPCG until the first `count` residuals are small."""
    modes, small = _modes(grid, block, count, tolerance)
    for _ in range(STEPS):  # loop: iterations
        if modes.converged == count:
            break
        rows = (~small).nonzero()[:AT_ONCE, 0]
        W = yield from inverse.solve(search.residuals(block, rows))
        # Computed anew L X and L P do not drift, and need not be kept to go on from.
        block = yield from search.step(block, rows, W, grid)
        modes, small = _modes(grid, block, count, tolerance)
        yield modes
    return modes


def _exact(grid: Grid, count: int, tolerance: float) -> Modes:
    """By the whole spectrum, the constant moved to its end."""
    n = len(grid.degree)
    unit = torch.eye(n, dtype=torch.float64, device=grid.down.device)
    far = 2 * float(grid.degree.max()) + 1
    theta, V = torch.linalg.eigh(grid.apply(unit) + far / n)
    X = V.mT[None, :count].contiguous()
    block = lobpcg.Block(X, grid.apply(X), theta[None, :count])
    return _modes(grid, block, count, tolerance)[0]._replace(block=None)


def _modes(grid: Grid, block: lobpcg.Block, count: int, tolerance: float) -> tuple[Modes, Tensor]:
    """The first `count` of a block, and (count,) which of them are exact."""
    values = block.theta[0, :count]
    norms = search.norms(block, count)
    floor = FLOOR * 2 * grid.degree.max()
    residuals = norms / values.clamp(min=1e-300)
    small = (norms <= (tolerance * values).clamp(min=float(floor))) & values.isfinite()
    X = _definite(block.X[0, :count], values, grid.shape)
    converged = int(small.long().cumprod(0).sum())
    return Modes(X.reshape(-1, *grid.shape), values, residuals, converged, block), small


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


def _patterns(begin: int, end: int, grey: Tensor) -> Tensor:
    """Rows (end - begin, n) float64 that have something of every mode."""
    i = torch.arange(grey.numel(), dtype=torch.float64, device=grey.device)
    j = torch.arange(begin + 1, end + 1, dtype=torch.float64, device=grey.device)[:, None]
    return torch.sin(1.9898 * i * j + 78.233 * j)
