"""The inverse of an image's Laplacian by nested dissection; George (1973).

Boxes of pixels are merged in pairs, first single pixels, at last the whole image. A box knows its
Laplacian on its border alone, with what lies inside eliminated (a Schur complement). All boxes of a
level have one shape: a level is a few operations on a batch of dense matrices. Contrast, which
defeats iterations, costs nothing here: O(n^1.5) operations, O(n log n) values are kept.
"""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.textures.grid import Grid


class Merge(NamedTuple):
    """How two boxes become one, for all pairs of a level."""

    axis: int  # 0: one above the other, 1: side by side
    inner: Tensor  # (e,) places, among the border pixels of both, of those now inside
    outer: Tensor  # (o,) places of the border of the new box
    factor: Tensor  # (rows, columns, e, e) Cholesky factor of the inside
    follow: Tensor  # (rows, columns, e, o): the inside is solution - follow @ border


class Dissection:
    """L^+ of an image of H x W pixels."""

    def __init__(self, shape: tuple[int, int], merges: list[Merge], root: Tensor) -> None:
        self._shape, self._merges, self._root = shape, merges, root

    def solve(self, R: Tensor) -> Generator[None, None, Tensor]:
        """L^+ R for rows (k, n) that sum to 0; each `yield` is between two levels."""
        values = self._on_pixels(R)
        solutions = []
        for merge in self._merges:  # loop: stages
            both = _beside(values, merge.axis)
            inside = both[..., merge.inner, :]
            solutions.append(torch.cholesky_solve(inside, merge.factor))
            values = both[..., merge.outer, :] - merge.follow.mT @ inside
            yield
        values = torch.cholesky_solve(values, self._root)
        for merge, solution in zip(
            self._merges[::-1], solutions[::-1], strict=True
        ):  # loop: stages
            both = values.new_empty(*values.shape[:2], len(merge.inner) + len(merge.outer), len(R))
            both[..., merge.outer, :] = values
            both[..., merge.inner, :] = solution - merge.follow @ values
            values = _apart(both, merge.axis)
            yield
        height, width = self._shape
        X = values[:height, :width, 0].permute(2, 0, 1).reshape(len(R), -1)
        return X - X.mean(1, keepdim=True)

    def _on_pixels(self, R: Tensor) -> Tensor:
        """Rows (k, n) as boxes of a pixel each: (H', W', 1, k), 0 beyond the image."""
        height, width = self._shape
        image = R.reshape(-1, height, width).permute(1, 2, 0)
        below, right = _grown(height) - height, _grown(width) - width
        return pad(image, (0, 0, 0, right, 0, below))[:, :, None]


def dissection(grid: Grid) -> Generator[None, None, Dissection]:
    """Factor the Laplacian, a level at a time: each `yield` is within one or between two."""
    height, width = grid.shape
    tall, wide = _grown(height), _grown(width)
    # Beyond the image pixels have no neighbours, and any degree.
    degree = pad(grid.degree.reshape(height, width), (0, wide - width, 0, tall - height), value=1.0)
    edges = (
        pad(grid.down, (0, wide - width, 0, tall - height + 1)),
        pad(grid.across, (0, wide - width + 1, 0, tall - height)),
    )
    borders, box = degree[:, :, None, None], (1, 1)
    merges = []
    while borders.shape[:2] != (1, 1):  # loop: stages
        axis = 0 if borders.shape[1] == 1 or (box[0] < box[1] and borders.shape[0] > 1) else 1
        merge, borders = yield from _merged(borders, box, axis, edges[axis])
        box = (box[0] * (2 - axis), box[1] * (1 + axis))
        merges.append(merge)
        yield
    real = torch.zeros(tall, wide, dtype=degree.dtype, device=degree.device)
    real[:height, :width] = 1
    y, x = _border(*box, degree.device)
    root = borders[0, 0]
    # The constant, to which L is blind, gets the size of an ordinary vector.
    constant = real[y, x] / real[y, x].norm()
    root = root + root.diagonal().mean() * constant[:, None] * constant
    return Dissection(grid.shape, merges, torch.linalg.cholesky(root)[None, None])


def _merged(
    borders: Tensor, box: tuple[int, int], axis: int, edges: Tensor
) -> Generator[None, None, tuple[Merge, Tensor]]:
    """Merge all pairs of boxes along an axis.

    Args:
        borders: (rows, columns, p, p) Laplacians on the borders of boxes.
        box: their height and width.
        axis: along which two become one.
        edges: (H', W') weight of the edge from each pixel to the next one along the axis.

    Returns:
        The merge, and the Laplacians of the new boxes.
    """
    device = borders.device
    place = torch.stack(_border(*box, device))
    size = place.shape[1]
    first, last = (place[axis] == end for end in (0, box[axis] - 1))
    far = place.clone()
    far[axis] += box[axis]
    both = torch.cat((place, far), 1)
    new_box = torch.tensor(box, device=device)
    new_box[axis] *= 2
    outside = ((both == 0) | (both == new_box[:, None] - 1)).any(0)
    inner, outer = (mask.nonzero()[:, 0] for mask in (~outside, outside))
    outer = outer[(both[0, outer] * new_box[1] + both[1, outer]).argsort()]  # as in `_border`

    near, other = (_halves(borders, axis, which) for which in (0, 1))
    A = borders.new_zeros(*near.shape[:2], 2 * size, 2 * size)
    A[..., :size, :size], A[..., size:, size:] = near, other
    left, right = last.nonzero()[:, 0], first.nonzero()[:, 0] + size
    weight = _between(edges, box, axis)
    A[..., left, right] = -weight
    A[..., right, left] = -weight

    yield
    factor = torch.linalg.cholesky(A[..., inner[:, None], inner])
    yield
    across = A[..., inner[:, None], outer]
    follow = torch.cholesky_solve(across, factor)
    yield
    rest = A[..., outer[:, None], outer] - across.mT @ follow
    return Merge(axis, inner, outer, factor, follow), rest


def _border(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The pixels of a box's border in raster order, y and x."""
    inside = torch.zeros(height, width, dtype=torch.bool, device=device)
    inside[1:-1, 1:-1] = True
    y, x = (~inside).nonzero().T
    return y, x


def _between(edges: Tensor, box: tuple[int, int], axis: int) -> Tensor:
    """The weights (rows, columns, m) of the edges from every other box to the next one."""
    height, width = box
    if axis == 0:
        rows = edges[height - 1 :: 2 * height]
        return rows.reshape(len(rows), -1, width)
    columns = edges[:, width - 1 :: 2 * width]
    return columns.reshape(-1, height, columns.shape[1]).permute(0, 2, 1)


def _halves(boxes: Tensor, axis: int, which: int) -> Tensor:
    """The first or the second box of every pair."""
    return boxes[which::2] if axis == 0 else boxes[:, which::2]


def _beside(values: Tensor, axis: int) -> Tensor:
    """Values (rows, columns, p, k) of boxes as those of the pairs, (.., .., 2p, k)."""
    return torch.cat([_halves(values, axis, which) for which in (0, 1)], 2)


def _apart(both: Tensor, axis: int) -> Tensor:
    """The opposite of `_beside`."""
    return torch.stack(both.chunk(2, dim=2), axis + 1).flatten(axis, axis + 1)


def _grown(side: int) -> int:
    """The next power of two."""
    return 1 << (side - 1).bit_length()
