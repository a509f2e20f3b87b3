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
    """How the boxes of a level become those of the next one, for all that have an inside."""

    inner: Tensor  # (boxes, e) pixels that are inside from here on
    outer: Tensor  # (boxes, o) pixels of the new boxes' borders
    factor: Tensor  # (boxes, e, e) Cholesky factor of the inside
    follow: Tensor  # (boxes, e, o): the inside is solution - follow @ border


class Dissection:
    """L^+ of an image of H x W pixels."""

    def __init__(
        self, shape: tuple[int, int], merges: list[Merge], border: Tensor, root: Tensor
    ) -> None:
        """Of merges up to one box, with the pixels of its border and what is factored there."""
        self._shape, self._merges, self._border, self._root = shape, merges, border, root

    def solve(self, R: Tensor) -> Generator[None, None, Tensor]:
        """L^+ R for rows (k, n) that sum to 0; each `yield` is between two levels."""
        values = self._on_pixels(R)
        # No pixel is in two boxes of a level: what is inside is solved where it is.
        for merge in self._merges:  # loop: stages
            inside = values[merge.inner]
            values[merge.inner] = torch.cholesky_solve(inside, merge.factor)
            outside = values[merge.outer]
            outside.baddbmm_(merge.follow.mT, inside, alpha=-1)
            values[merge.outer] = outside
            yield
        values[self._border] = torch.cholesky_solve(values[self._border], self._root)
        yield
        for merge in self._merges[::-1]:  # loop: stages
            inside = values[merge.inner]
            inside.baddbmm_(merge.follow, values[merge.outer], alpha=-1)
            values[merge.inner] = inside
            yield
        height, width = self._shape
        image = values.reshape(_grown(height), _grown(width), len(R))[:height, :width]
        X = image.permute(2, 0, 1).reshape(len(R), -1)
        return X - X.mean(1, keepdim=True)

    def _on_pixels(self, R: Tensor) -> Tensor:
        """Rows (k, n) as (H' * W', k), 0 beyond the image."""
        height, width = self._shape
        image = R.reshape(-1, height, width).permute(1, 2, 0)
        below, right = _grown(height) - height, _grown(width) - width
        return pad(image, (0, 0, 0, right, 0, below)).reshape(-1, len(R))


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
        if merge is not None:
            merges.append(merge)
        yield
    real = torch.zeros(tall, wide, dtype=degree.dtype, device=degree.device)
    real[:height, :width] = 1
    y, x = _border(*box, degree.device)
    root = borders[0, 0]
    # The constant, to which L is blind, gets the size of an ordinary vector.
    constant = real[y, x] / real[y, x].norm()
    root = root + root.diagonal().mean() * constant[:, None] * constant
    border = y * wide + x
    return Dissection(grid.shape, merges, border, torch.linalg.cholesky(root))


def _merged(
    borders: Tensor, box: tuple[int, int], axis: int, edges: Tensor
) -> Generator[None, None, tuple[Merge | None, Tensor]]:
    """Merge all pairs of boxes along an axis.

    Args:
        borders: (rows, columns, p, p) Laplacians on the borders of boxes.
        box: their height and width.
        axis: along which two become one.
        edges: (H', W') weight of the edge from each pixel to the next one along the axis.

    Returns:
        The merge, None where nothing is inside yet, and the Laplacians of the new boxes.
    """
    device = borders.device
    place = torch.stack(_border(*box, device))
    size = place.shape[1]
    first, last = (place[axis] == end for end in (0, box[axis] - 1))
    far = place.clone()
    far[axis] += box[axis]
    both = torch.cat((place, far), 1)
    tall, wide = box[0] * (2 - axis), box[1] * (1 + axis)  # of the new ones
    end = torch.tensor([[tall - 1], [wide - 1]], device=device)
    outside = ((both == 0) | (both == end)).any(0)
    inner, outer = (mask.nonzero()[:, 0] for mask in (~outside, outside))
    outer = outer[(both[0, outer] * wide + both[1, outer]).argsort()]  # as in `_border`

    near, other = (_halves(borders, axis, which) for which in (0, 1))
    rows, columns = near.shape[:2]
    A = borders.new_zeros(rows * columns, 2 * size, 2 * size)
    A[:, :size, :size], A[:, size:, size:] = near.flatten(0, 1), other.flatten(0, 1)
    left, right = last.nonzero()[:, 0], first.nonzero()[:, 0] + size
    weight = _between(edges, box, axis).flatten(0, 1)
    A[:, left, right] = -weight
    A[:, right, left] = -weight

    yield
    rest = _part(A, outer, outer)
    if not len(inner):
        return None, rest.reshape(rows, columns, len(outer), -1)
    yield
    factor, across = torch.linalg.cholesky(_part(A, inner, inner)), _part(A, inner, outer)
    del A
    yield
    follow = torch.cholesky_solve(across, factor)
    yield
    rest.baddbmm_(across.mT, follow, alpha=-1)
    y, x = torch.arange(rows, device=device) * tall, torch.arange(columns, device=device) * wide
    row = edges.shape[1]
    pixel = (y[:, None] * row + x).reshape(-1, 1) + both[0] * row + both[1]
    merge = Merge(pixel[:, inner], pixel[:, outer], factor, follow)
    return merge, rest.reshape(rows, columns, len(outer), -1)


def _part(A: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """These rows and columns of every matrix of a batch."""
    return A[:, rows[:, None], columns]


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


def _grown(side: int) -> int:
    """The next power of two."""
    return 1 << (side - 1).bit_length()
