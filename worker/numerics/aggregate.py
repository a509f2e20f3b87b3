"""Aggregates: the colour-aware groups of pixels that make the coarse problem of a tile.

Colour-blind blocks fail on hard-edged art (|cos| < 0.3 after 8 steps); groups that respect colour
are near exact there before any fine step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.numerics.constants import BLOCK, GROUPS, MIN_RANGE


@dataclass(frozen=True)
class Aggregates:
    """A partition of the n pixels of each of B tiles into at most m = blocks * GROUPS groups.

    How many a tile fills does not show in any shape: a device need not be waited for to know it,
    and a tile has the same bytes in any batch.
    """

    labels: Tensor  # (B, n) int64: block * GROUPS + group
    sizes: Tensor  # (B, m) pixels; 0 where a block has fewer groups
    member: Tensor  # (B, blocks, BLOCK * BLOCK, GROUPS) 1 where the pixel is in the block's group
    height: int
    width: int

    def restrict(self, X: Tensor) -> Tensor:
        """P^T X: sums over aggregates, (B, k, n) to (B, k, m).

        By small matrix products block by block: no atomics, so the same bytes on every run.
        """
        batch, k, _ = X.shape
        blocks = _to_blocks(X.reshape(batch, k, self.height, self.width))  # (B, blocks, k, 64)
        sums = blocks @ self.member  # (B, blocks, k, GROUPS)
        return sums.transpose(1, 2).reshape(batch, k, -1)

    def prolong(self, Y: Tensor) -> Tensor:
        """P Y: every pixel takes its aggregate's value, (B, k, m) to (B, k, n)."""
        return Y.gather(2, self.labels[:, None].expand(-1, Y.shape[1], -1))

    def select(self, rows: Tensor) -> "Aggregates":
        """The aggregates of the tiles `rows` (indices into the batch) alone."""
        return Aggregates(
            self.labels[rows],
            self.sizes[rows],
            self.member[rows],
            self.height,
            self.width,
        )


def _to_blocks(X: Tensor) -> Tensor:
    """(B, c, h, w) to (B, blocks, c, BLOCK * BLOCK), zero-padded to whole blocks."""
    batch, channels, height, width = X.shape
    X = pad(X, (0, -width % BLOCK, 0, -height % BLOCK))
    rows, columns = X.shape[2] // BLOCK, X.shape[3] // BLOCK
    X = X.reshape(batch, channels, rows, BLOCK, columns, BLOCK).permute(0, 2, 4, 1, 3, 5)
    return X.reshape(batch, rows * columns, channels, BLOCK * BLOCK)


def _from_blocks(values: Tensor, height: int, width: int) -> Tensor:
    """(B, blocks, BLOCK * BLOCK) back to raster order, (B, h * w)."""
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    grid = values.reshape(-1, rows, columns, BLOCK, BLOCK).permute(0, 1, 3, 2, 4)
    return grid.reshape(-1, rows * BLOCK, columns * BLOCK)[:, :height, :width].flatten(1)


def split_blocks(colours: Tensor, outside: Tensor) -> Tensor:
    """Median cut inside each block: split the group with the widest channel at its middle.

    Args:
        colours: (BLOCK * BLOCK, 3, N), N blocks; the pixels lead so that minima vectorise.
        outside: (BLOCK * BLOCK, N) True on padding.

    Returns:
        (BLOCK * BLOCK, N) int64: the group of each pixel, GROUPS on padding.
    """
    group = outside * GROUPS
    inf = float("inf")
    for new in range(1, GROUPS):
        ranges = []
        for g in range(new):
            mask = (group == g)[:, None]
            low = colours.where(mask, inf).amin(0)
            high = colours.where(mask, -inf).amax(0)
            ranges.append(torch.stack((low, high)))
        low, high = torch.stack(ranges, 1).flatten(1, 2)  # (new * 3, N) each
        widest, which = (high - low).max(0)
        middle = ((low + high) / 2).gather(0, which[None])
        value = colours.gather(1, (which % 3).expand(len(colours), 1, -1))[:, 0]
        leaves = (group == which // 3) & (value > middle) & (widest > MIN_RANGE)
        group.masked_fill_(leaves, new)
    return group


def colour_aggregates(rgb: Tensor) -> Aggregates:
    """Partition tiles by place and colour.

    Args:
        rgb: (B, 3, h, w) in [0, 1].

    Returns:
        Between 1 and GROUPS aggregates per block.
    """
    batch, _, height, width = rgb.shape
    blocks = _to_blocks(rgb)  # (B, blocks, 3, 64)
    padding = _to_blocks(torch.ones_like(rgb[:, :1]))[:, :, 0] == 0
    group = split_blocks(
        blocks.flatten(0, 1).permute(2, 1, 0).contiguous(), padding.flatten(0, 1).mT
    )
    group = group.mT.reshape(batch, -1, BLOCK * BLOCK)
    member = group[..., None] == torch.arange(GROUPS, device=rgb.device)
    first = torch.arange(0, member.shape[1] * GROUPS, GROUPS, device=rgb.device)
    return Aggregates(
        labels=_from_blocks(first[:, None] + group, height, width),
        sizes=member.sum(2).flatten(1),
        member=member.to(rgb.dtype),
        height=height,
        width=width,
    )
