"""Connected segments of a mask, and what describes them; nothing loops over pixels or segments."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Segments(NamedTuple):
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


def components(mask: Tensor) -> Tensor:
    """Label the 8-connected components of (H, W) bool by their smallest raster index.

    Hooking and pointer jumping: O(log n) rounds.

    Returns:
        (H, W) int64; H * W where the mask is off.
    """
    height, width = mask.shape
    none = height * width
    index = torch.arange(none, device=mask.device).reshape(height, width)
    label = index.where(mask, none)
    while True:
        nearest = _minimum_3x3(label, none).where(mask, none)
        flat = torch.cat((label.flatten(), label.new_tensor([none])))
        # Hook each root to the smallest label seen next to its tree, then shorten the paths.
        flat = flat.scatter_reduce(0, flat[:-1], nearest.flatten(), "amin")
        flat = flat[flat]
        flat = flat[flat]
        shorter = torch.minimum(flat[:-1].reshape(height, width), nearest).where(mask, none)
        if torch.equal(shorter, label):
            return label
        label = shorter


def _minimum_3x3(label: Tensor, fill: int) -> Tensor:
    p = functional.pad(label, (1, 1, 1, 1), value=fill)
    rows = torch.minimum(torch.minimum(p[:-2], p[1:-1]), p[2:])
    return torch.minimum(torch.minimum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])


def find_segments(mask: Tensor, least: int, most: int, max_size: int) -> Segments:
    """The `most` largest components with at least `least` pixels.

    Components whose bounding box exceeds `max_size` pixels are cut along a grid of that size.
    """
    width = mask.shape[1]
    pixels = mask.flatten().nonzero()[:, 0]
    label = components(mask).flatten()[pixels]
    y, x = pixels // width, pixels % width
    _, owner = label.unique(return_inverse=True)
    low_y, low_x = _reduce(y, owner, "amin"), _reduce(x, owner, "amin")
    cells = -(-max(mask.shape) // max_size) + 1
    cell = (y - low_y[owner]) // max_size * cells + (x - low_x[owner]) // max_size
    _, owner, size = (owner * cells * cells + cell).unique(return_inverse=True, return_counts=True)
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
