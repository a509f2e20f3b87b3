"""Where the tiles of an image lie, and how their values are blended."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class Tiling:
    """A grid of equally shaped, overlapping tiles; the last row and column sit flush."""

    height: int  # of the image
    width: int
    tile_height: int
    tile_width: int
    overlap: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    @property
    def count(self) -> int:
        """Tiles, in raster order."""
        return len(self.tops) * len(self.lefts)

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return len(self.lefts)

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return len(self.tops)

    @cached_property
    def origins(self) -> tuple[tuple[int, int], ...]:
        """(top, left) of every tile, in raster order."""
        return tuple((y, x) for y in self.tops for x in self.lefts)

    def top(self, rows: int) -> "Tiling":
        """The tiles that reach into the first `rows` (1 or more), and what they cover."""
        tops = tuple(y for y in self.tops if y < rows)
        return replace(self, height=tops[-1] + self.tile_height, tops=tops)

    def crop(self, image: Tensor, tiles: list[int]) -> Tensor:
        """The pixels of some tiles: (c, H, W) to (B, c, h, w)."""
        shape = (len(image), self.tile_height, self.tile_width)
        strides = image.stride()
        first = self._corners[tiles] @ torch.tensor(strides[1:])
        # Every place of a tile as a view: one gather instead of a copy for each tile.
        last = int(self._corners[-1] @ torch.tensor(strides[1:]))
        windows = image.as_strided((last + 1, *shape), (1, *strides))
        return windows.index_select(0, first.to(image.device, non_blocking=True))

    @cached_property
    def _corners(self) -> Tensor:
        return torch.tensor(self.origins)

    def without(self, mask: Tensor) -> Tensor:
        """(T,) bool on the CPU: the tiles in which no pixel of `mask` (H, W) bool is set."""
        return _empty(mask, self._corners, self.tile_height, self.tile_width)

    def even(self, image: Tensor, tiles: list[int]) -> Tensor:
        """(B,) bool on the CPU: which of some tiles of (c, H, W) have one colour.

        None differs from its neighbour there. Nothing is copied for that, as `crop` does: tiles
        overlap, and the memory of so many is fresh.
        """
        corners = self._corners[tiles]
        top, bottom = int(corners[:, 0].min()), int(corners[:, 0].max()) + self.tile_height
        rows = image[:, top:bottom]
        corners = corners - torch.tensor((top, 0))
        across, down = torch.zeros((2, *rows.shape[1:]), dtype=torch.bool, device=image.device)
        for channel in rows:
            across[:, 1:] |= channel[:, 1:] != channel[:, :-1]
            down[1:] |= channel[1:] != channel[:-1]
        even = _empty(across[:, 1:], corners, self.tile_height, self.tile_width - 1)
        return even & _empty(down[1:], corners, self.tile_height - 1, self.tile_width)

    def taper(self, device: torch.device) -> Tensor:
        """Blending weights (h, w): linear ramps of `overlap` pixels along each side."""
        return _ramp(self.tile_height, self.overlap, device)[:, None] * _ramp(
            self.tile_width, self.overlap, device
        )


def _empty(mask: Tensor, corners: Tensor, height: int, width: int) -> Tensor:
    """(B,) bool on the CPU: the windows at `corners` (B, 2) that hold nothing of (H, W) bool."""
    top, left, column = (
        places.to(mask.device, non_blocking=True)
        for places in (corners[:, 0], *torch.unique(corners[:, 1], return_inverse=True))
    )
    along = pad(mask.cumsum(1, dtype=torch.int32), (1, 0))
    within = along[:, left + width] - along[:, left]  # (H, columns of windows)
    down = pad(within.cumsum(0, dtype=torch.int32), (0, 0, 1, 0))
    return (down[top + height, column] == down[top, column]).cpu()


def tile_image(height: int, width: int, tile_size: int, overlap: int) -> Tiling:
    """Tiles of `tile_size` every `tile_size - overlap` pixels; smaller images are one tile.

    512 x 512 at 64/16 gives 11 x 11 tiles.
    """
    tile_height, tile_width = min(tile_size, height), min(tile_size, width)
    return Tiling(
        height,
        width,
        tile_height,
        tile_width,
        overlap,
        _starts(height, tile_height, tile_size - overlap),
        _starts(width, tile_width, tile_size - overlap),
    )


def _starts(length: int, tile: int, step: int) -> tuple[int, ...]:
    regular = range(0, length - tile, step)
    return (*regular, length - tile)


def _ramp(length: int, overlap: int, device: torch.device) -> Tensor:
    steps = torch.arange(1, length + 1, dtype=torch.float32, device=device)
    rising = (steps / (overlap + 1)).clamp(max=1)
    return torch.minimum(rising, rising.flip(0))


def blend(tiling: Tiling, values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of tile values over the image; 0 where the weights sum to 0.

    Args:
        tiling: where the tiles lie.
        values: (T, c, h * w), finite.
        weights: (T,) factor of each tile, >= 0.

    Returns:
        (c, H, W) float32.
    """
    h, w, device = tiling.tile_height, tiling.tile_width, values.device
    grid = values.reshape(tiling.rows, tiling.columns, -1, h, w).permute(2, 0, 1, 3, 4)
    factors = weights.to(device, non_blocking=True).reshape(tiling.rows, tiling.columns, 1, 1)
    taper = tiling.taper(device)
    total = torch.zeros(values.shape[1], tiling.height, tiling.width, device=device)
    weight = torch.zeros(1, tiling.height, tiling.width, device=device)
    # All tiles that share no pixel at once, always in the same order.
    for down in _apart(tiling.tops, h):
        for across in _apart(tiling.lefts, w):
            scaled = taper * factors[down.tiles, across.tiles]
            part = grid[:, down.tiles, across.tiles]
            across.places(down.places(total, 1), 2).addcmul_(part, scaled)
            across.places(down.places(weight, 1), 2).add_(scaled)
    return total.div_(torch.where(weight > 0, weight, 1.0))


@dataclass(frozen=True)
class _Apart:
    """Tiles along one axis that share no pixel."""

    tiles: slice
    pixels: slice  # from the first tile's first to the last one's last
    size: int  # of a tile
    distance: int  # from one to the next

    def places(self, plane: Tensor, axis: int) -> Tensor:
        """A view of `plane` where these tiles lie: the axis becomes tiles, their pixels go last."""
        chosen = plane.narrow(axis, self.pixels.start, self.pixels.stop - self.pixels.start)
        return chosen.unfold(axis, self.size, self.distance)


def _apart(starts: tuple[int, ...], size: int) -> list[_Apart]:
    """The tiles along one axis in as few such sets as there are; the flush one is on its own."""
    count = len(starts) - 1
    step = starts[1] - starts[0] if count > 1 else size
    every = -(-size // step)
    chosen = [range(first, count, every) for first in range(min(every, count))]
    chosen.append(range(count, count + 1))
    return [
        _Apart(
            slice(c.start, c.stop, c.step),
            slice(starts[c[0]], starts[c[-1]] + size),
            size,
            every * step,
        )
        for c in chosen
    ]
