"""Large pictures a few rows at a time.

An operation on 16 megapixels in three channels takes 75 ms on one core, half of it for memory that
is fresh every time, and whoever waits for the device waits that long. Strips are shorter, and what
lies between the first and the last of several operations stays small.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

STRIP_PIXELS = 1 << 20


def strips(shape: torch.Size, least: int = 1) -> Iterator[slice]:
    """The rows of an image (..., H, W) from top to bottom, about STRIP_PIXELS at a time.

    As many rows as `least` are worth the operators' fixed cost.
    """
    height, width = shape[-2:]
    rows = max(least, STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def by_rows(
    operator: Callable[[slice], Tensor], shape: torch.Size, axis: int = -2, least: int = 1
) -> Tensor:
    """What `operator` returns for the rows of an image of `shape` (..., H, W), put together.

    Args:
        operator: from a slice of rows to a result with these rows along `axis`, in new memory.
        shape: of the image.
        axis: negative.
        least: rows at a time.
    """
    whole: Tensor | None = None
    for rows in strips(shape, least):
        part = operator(rows)
        if part.shape[axis] == shape[-2]:
            return part
        if whole is None:
            size = list(part.shape)
            size[axis] = shape[-2]
            whole = part.new_empty(size)
        whole.narrow(axis, rows.start, rows.stop - rows.start).copy_(part)
    return operator(slice(0, 0)) if whole is None else whole


def pointwise(operator: Callable[..., Tensor], *images: Tensor) -> Tensor:
    """An operator whose value at a pixel depends on those of the `images` (..., H, W) there."""
    return by_rows(lambda rows: operator(*(i[..., rows, :] for i in images)), images[0].shape)


def copied(image: Tensor) -> Tensor:
    """A contiguous copy of an image (..., H, W)."""
    return pointwise(lambda rows: rows.clone(memory_format=torch.contiguous_format), image)


def values_in(image: Tensor, mask: Tensor) -> Tensor:
    """The values of (H, W) where the mask (H, W) bool is set, in raster order."""
    return torch.cat([image[rows][mask[rows]] for rows in strips(image.shape)])


def places(mask: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
    """Where in the image the mask (h, W) bool of some of its rows is set: y and x, int64."""
    y, x = mask.nonzero(as_tuple=True)
    return y + rows.start, x
