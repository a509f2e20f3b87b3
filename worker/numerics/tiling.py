"""Where the tiles of an image lie, and how their values are blended."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


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

    @cached_property
    def origins(self) -> tuple[tuple[int, int], ...]:
        """(top, left) of every tile, in raster order."""
        return tuple((y, x) for y in self.tops for x in self.lefts)

    def crop(self, image: Tensor, tiles: list[int]) -> Tensor:
        """The pixels of some tiles: (c, H, W) to (B, c, h, w)."""
        h, w = self.tile_height, self.tile_width
        corners = [self.origins[t] for t in tiles]
        return torch.stack([image[:, y : y + h, x : x + w] for y, x in corners])

    def without(self, mask: Tensor) -> Tensor:
        """(T,) bool on the CPU: the tiles in which no pixel of `mask` (H, W) bool is set."""
        counts = mask.to(torch.int32).cumsum(0).cumsum(1)
        sums = torch.nn.functional.pad(counts, (1, 0, 1, 0)).cpu()
        y, x = torch.tensor(self.origins).unbind(1)
        bottom, right = y + self.tile_height, x + self.tile_width
        return sums[bottom, right] - sums[y, right] - sums[bottom, x] + sums[y, x] == 0

    def taper(self, device: torch.device) -> Tensor:
        """Blending weights (h, w): linear ramps of `overlap` pixels along each side."""
        return _ramp(self.tile_height, self.overlap, device)[:, None] * _ramp(
            self.tile_width, self.overlap, device
        )


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


def blend(tiling: Tiling, values: Tensor, weights: Tensor, tiles: list[int]) -> Tensor:
    """Weighted mean of tile values over the image; 0 where the weights sum to 0.

    Args:
        tiling: where the tiles lie.
        values: (T, c, h * w), all tiles.
        weights: (T,) factor of each tile, >= 0.
        tiles: which tiles take part.

    Returns:
        (c, H, W) float32.
    """
    h, w = tiling.tile_height, tiling.tile_width
    taper = tiling.taper(values.device)
    total = torch.zeros(values.shape[1], tiling.height, tiling.width, device=values.device)
    weight = torch.zeros(tiling.height, tiling.width, device=values.device)
    factors = weights.tolist()
    for t in tiles:
        if factors[t] <= 0:
            continue
        y, x = tiling.origins[t]
        scaled = taper * factors[t]
        total[:, y : y + h, x : x + w].addcmul_(values[t].reshape(-1, h, w), scaled)
        weight[y : y + h, x : x + w] += scaled
    return total.div_(torch.where(weight > 0, weight, 1.0))
