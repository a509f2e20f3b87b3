"""Connected segments of a mask, and what describes them; nothing loops over pixels or segments."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from worker.numerics.rank_k import rank_k


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

    Returns:
        The raster indices of the mask's pixels, ascending, and the label of each: the position in
        that list of its component's first pixel. Both (P,) int64.
    """
    width = mask.shape[1] + 2
    around = pad(mask, (1, 1, 0, 1)).flatten()
    place = around.nonzero()[:, 0]
    begins = ~around[place - 1]  # pixels without another to their left: each begins a run
    run = begins.cumsum(0) - 1
    root = _joined(int(begins.sum()), *_links(around, place, begins, run, width))
    label = begins.nonzero()[:, 0][root[run]]
    return place // width * (width - 2) + place % width - 1, label


def _links(
    around: Tensor, place: Tensor, begins: Tensor, run: Tensor, width: int
) -> tuple[Tensor, Tensor]:
    """The runs that touch a run of the next row, and those that they touch; each pair once."""
    left, below, right = (around[place + width + step] for step in (-1, 0, 1))
    links = torch.stack(
        (
            left & ~below & begins,
            below & (begins | ~left),
            right & ~below & ~around[place + 1],
        )
    )
    step, pixel = links.nonzero(as_tuple=True)
    touched = torch.searchsorted(place, place[pixel] + width + step - 1)
    return run[pixel], run[touched]


def _joined(count: int, first: Tensor, second: Tensor) -> Tensor:
    """The smallest member of the group of each of `count` members, given linked pairs of them.

    Every root hooks onto the smallest root beside it, and all paths are shortened to one step;
    then the pairs of roots that are left are the next, smaller, problem.
    """
    root = torch.arange(count, device=first.device)
    while len(first):
        root.scatter_reduce_(0, torch.maximum(first, second), torch.minimum(first, second), "amin")
        root = _shortened(root)
        first, second = root[first], root[second]
        apart = first != second
        first, second = first[apart], second[apart]
    return root


def _shortened(root: Tensor) -> Tensor:
    while not torch.equal(root, shorter := root[root]):
        root = shorter[shorter]
    return root


def find_segments(mask: Tensor, least: int, most: int, max_size: int) -> Segments:
    """The `most` largest components with at least `least` pixels.

    Components whose bounding box exceeds `max_size` pixels are cut along a grid of that size.
    """
    pixels, label = components(mask)
    large = label.bincount()[label] >= least
    part = _parts(pixels, label, mask.shape, max_size)[large]
    part, order = part.sort(stable=True)
    pixels = pixels[large][order]
    size: Tensor = torch.unique_consecutive(part, return_counts=True)[1]
    start = size.cumsum(0) - size
    chosen = _largest(size, pixels[start], least, most)
    place = spread(start[chosen], size[chosen])[1]
    return _described(pixels[place], size[chosen], mask.shape[1])


def _parts(pixels: Tensor, label: Tensor, shape: torch.Size, max_size: int) -> Tensor:
    """For each pixel a number of its component and of the cell in the component's own grid."""
    place = torch.stack((pixels // shape[1], pixels % shape[1]))
    index = label.expand(2, -1)
    corner = torch.zeros_like(place).scatter_reduce(1, index, place, "amin", include_self=False)
    cell = (place - corner[:, label]) // max_size
    cells = -(-max(shape) // max_size)
    return (label * cells + cell[0]) * cells + cell[1]


def _largest(size: Tensor, first: Tensor, least: int, most: int) -> Tensor:
    """The segments with at least `least` pixels by size, equal ones by their first pixel."""
    if not len(size):
        return size
    order = first.argsort()
    sizes = size[order].float()
    found = rank_k(sizes.where(sizes >= least, torch.nan)[None], min(most, len(size)), "top")[1][0]
    return order[found[found >= 0]]


def spread(start: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Ranges laid end to end: for each entry the range it belongs to, and its index."""
    owner = torch.arange(len(size), device=size.device).repeat_interleave(size)
    within = torch.arange(len(owner), device=size.device) - (size.cumsum(0) - size)[owner]
    return owner, start[owner] + within


def _described(pixels: Tensor, size: Tensor, width: int) -> Segments:
    """Segments of so many of the pixels each, one after the other."""
    start = size.cumsum(0) - size
    owner = spread(start, size)[0]
    place = torch.stack((pixels // width, pixels % width), 1)
    index, zero = owner[:, None].expand(-1, 2), place.new_zeros(len(size), 2)
    total = zero.scatter_add(0, index, place)
    low = zero.scatter_reduce(0, index, place, "amin", include_self=False)
    high = zero.scatter_reduce(0, index, place, "amax", include_self=False)
    centre = (total.double() / size[:, None]).float()
    return Segments(pixels, owner, start, size, centre, (high - low + 1).float())


def segment_mean(values: Tensor, segments: Segments) -> Tensor:
    """Mean of per-pixel values (H * W,) over each segment, (S,) float64."""
    return _means(values[segments.pixels].double(), segments)


def _means(values: Tensor, segments: Segments) -> Tensor:
    """Means of (P,) float64, the same in whatever order a device adds.

    Sums are of integers: each segment's values in units of a power of two, 2^-62 times the number
    of pixels times the largest value.
    """
    zero = torch.zeros(segments.count, dtype=torch.float64, device=values.device)
    peak = zero.scatter_reduce(0, segments.owner, values.abs(), "amax")
    shift = 62 - len(values).bit_length() - torch.frexp(peak).exponent.long()
    whole = (values * _power_of_two(shift)[segments.owner]).round().long()
    total = torch.zeros_like(segments.size).scatter_add(0, segments.owner, whole)
    return total * _power_of_two(-shift) / segments.size


def _power_of_two(exponent: Tensor) -> Tensor:
    """2^exponent, exactly, as float64; |exponent| < 1023."""
    return ((exponent + 1023) << 52).view(torch.float64)


def signatures(field: Tensor, segments: Segments) -> Tensor:
    """(S, 4): mean f, std f, log(size + 1), width / height; standardised over the segments."""
    f = field.flatten()[segments.pixels].double()
    mean = _means(f, segments)
    spread = _means((f - mean[segments.owner]).square(), segments).sqrt()
    aspect = segments.extent[:, 1] / segments.extent[:, 0]
    raw = torch.stack((mean, spread, (segments.size + 1).double().log(), aspect.double()), 1)
    if segments.count == 0:
        return raw
    scale = raw.std(0, correction=0)
    return (raw - raw.mean(0)) / torch.where(scale > 1e-12, scale, 1.0)


def match(target: Tensor, source: Tensor, same: bool) -> Tensor:
    """The nearest source signature (L2) of each target, (T,) int64; ties to the lower index.

    Distances are compared as float32: those that differ by rounding alone are ties.

    Args:
        target, source: (T, 4) and (S, 4), S > 0.
        same: both are the same segments; none matches itself while there is another.
    """
    distance = (target[:, None] - source[None]).square().sum(2).float()
    if same and len(source) > 1:
        distance.fill_diagonal_(torch.inf)
    return rank_k(distance, 1, "bottom")[1][:, 0]
