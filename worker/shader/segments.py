"""Connected segments of a mask, and what describes them; nothing loops over pixels or segments."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Segments:
    """S segments, largest first (equal sizes: the one that starts first in raster order)."""

    pixels: Tensor  # (P,) int64 raster indices, grouped by segment
    owner: Tensor  # (P,) int64, 0..S-1, ascending
    start: Tensor  # (S,) int64, where each segment begins in `pixels`
    size: Tensor  # (S,) int64
    centre: Tensor  # (S, 2) float, y and x
    extent: Tensor  # (S, 2) float, bounding box height and width

    @property
    def count(self) -> int:
        """S."""
        return len(self.size)

    def largest(self, most: int) -> "Segments":
        """The first `most` segments."""
        end = int(self.size[:most].sum())
        return Segments(
            self.pixels[:end],
            self.owner[:end],
            self.start[:most],
            self.size[:most],
            self.centre[:most],
            self.extent[:most],
        )


def components(mask: Tensor) -> tuple[Tensor, Tensor]:
    """The 8-connected components of (H, W) bool.

    Hooking and pointer jumping over the P pixels of the mask alone: O(log P) rounds.

    Returns:
        The raster indices of the mask's pixels, ascending, and the label of each: the position in
        that list of its component's first pixel. Both (P,) int64.
    """
    pixels = mask.flatten().nonzero()[:, 0]
    around = _neighbours(mask, pixels)
    label = torch.arange(len(pixels), device=mask.device)
    while True:
        padded = torch.cat((label, label.new_tensor([len(pixels)])))
        nearest = torch.minimum(padded[around].amin(0), label)
        # Hook each root to the smallest label seen next to its tree, then shorten the paths.
        hooked = label.scatter_reduce(0, label, nearest, "amin")
        hooked = torch.minimum(hooked, nearest)
        shorter = hooked[hooked[hooked]]
        if torch.equal(shorter, label):
            return pixels, label
        label = shorter


def _neighbours(mask: Tensor, pixels: Tensor) -> Tensor:
    """(8, P): the places in `pixels` of each pixel's neighbours; P where there is none."""
    height, width = mask.shape
    place = torch.full((height + 2, width + 2), len(pixels), device=mask.device)
    y, x = pixels // width + 1, pixels % width + 1
    place[y, x] = torch.arange(len(pixels), device=mask.device)
    at, row = y * (width + 2) + x, width + 2
    steps = torch.tensor(
        [-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1], device=mask.device
    )
    return place.flatten()[at + steps[:, None]]


def find_segments(mask: Tensor, least: int, most: int, max_size: int) -> Segments:
    """The `most` largest components with at least `least` pixels.

    Components whose bounding box exceeds `max_size` pixels are cut along a grid of that size.
    """
    width = mask.shape[1]
    pixels, label = components(mask)
    y, x = pixels // width, pixels % width
    owner = _renumbered(label)
    low_y, low_x = _reduce(y, owner, "amin"), _reduce(x, owner, "amin")
    cells = -(-max(mask.shape) // max_size) + 1
    cell = (y - low_y[owner]) // max_size * cells + (x - low_x[owner]) // max_size
    owner = _renumbered(owner * cells * cells + cell)
    size = torch.bincount(owner)
    first = _reduce(pixels, owner, "amin")
    order = torch.argsort(first)  # then by size: a stable sort keeps raster order in ties
    order = order[torch.argsort(size[order], descending=True, stable=True)]
    order = order[size[order] >= least][:most]
    return _collect(pixels, owner, order, len(size), width)


def _collect(pixels: Tensor, owner: Tensor, order: Tensor, count: int, width: int) -> Segments:
    rank = torch.full((count,), -1, dtype=torch.int64, device=pixels.device)
    rank[order] = torch.arange(len(order), device=pixels.device)
    owner = rank[owner]
    pixels, owner = pixels[owner >= 0], owner[owner >= 0]
    owner, by_owner = owner.sort(stable=True)
    pixels = pixels[by_owner]
    size = torch.bincount(owner, minlength=len(order))
    place = torch.stack((pixels // width, pixels % width), 1).float()
    index = owner[:, None].expand(-1, 2)
    empty = place.new_zeros(len(order), 2)
    total = empty.double().scatter_add(0, index, place.double())
    low = empty.scatter_reduce(0, index, place, "amin", include_self=False)
    high = empty.scatter_reduce(0, index, place, "amax", include_self=False)
    return Segments(
        pixels,
        owner,
        size.cumsum(0) - size,
        size,
        (total / size[:, None].clamp(min=1)).float(),
        high - low + 1,
    )


def _renumbered(labels: Tensor) -> Tensor:
    """The same grouping with labels 0, 1, 2, ..., in the order of the old ones."""
    inverse: Tensor = torch.unique(labels, return_inverse=True)[1]
    return inverse


def _reduce(values: Tensor, owner: Tensor, how: str) -> Tensor:
    count = int(owner.max()) + 1 if len(owner) else 0
    empty = values.new_zeros(count)
    return empty.scatter_reduce(0, owner, values, how, include_self=False)


def segment_mean(values: Tensor, segments: Segments) -> Tensor:
    """Mean of per-pixel values (H * W,) over each segment, (S,) float64."""
    sums = torch.zeros(segments.count, dtype=torch.float64, device=values.device)
    sums.scatter_add_(0, segments.owner, values[segments.pixels].double())
    return sums / segments.size.clamp(min=1)


def signatures(field: Tensor, segments: Segments) -> Tensor:
    """(S, 4): mean f, std f, log(size + 1), width / height; standardised over the segments."""
    f = field.flatten().double()
    mean = segment_mean(f, segments)
    spread = (segment_mean(f.square(), segments) - mean.square()).clamp(min=0).sqrt()
    aspect = segments.extent[:, 1] / segments.extent[:, 0].clamp(min=1)
    raw = torch.stack((mean, spread, (segments.size + 1).log().double(), aspect.double()), 1)
    if segments.count == 0:
        return raw
    scale = raw.std(0, correction=0)
    return (raw - raw.mean(0)) / torch.where(scale > 1e-12, scale, 1.0)


def match(target: Tensor, source: Tensor, same: bool) -> Tensor:
    """The nearest source signature (L2) of each target, (T,) int64; ties to the lower index.

    Args:
        target, source: (T, 4) and (S, 4), S > 0.
        same: both are the same segments; none matches itself while there is another.
    """
    distance = (target[:, None] - source[None]).square().sum(2)
    if same and len(source) > 1:
        distance.fill_diagonal_(torch.inf)
    return distance.argmin(1)
