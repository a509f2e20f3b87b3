"""Pictures of a field."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from cmap import Colormap
from torch import Tensor

from worker.shader.strips import by_rows

CONTRAST = 2.5
"""So many times the field's root mean square reach the ends of the colour map."""

SORTED, SAMPLE = 1 << 18, 1 << 16
"""So many values are sorted at a time, in parts that a sample of so many tells."""


@lru_cache(maxsize=4)
def _viridis(device: torch.device) -> Tensor:
    table = np.asarray(Colormap("viridis").lut(256))[:, :3]
    return torch.from_numpy((table * 255).round().astype(np.uint8)).to(device)


def viridis(values: Tensor) -> Tensor:
    """(H, W) in 0..1 as colours (3, H, W) uint8."""
    table = _viridis(values.device)

    def colours(rows: slice) -> Tensor:
        return table[(values[rows].clamp(0, 1) * 255).round().long()]

    return by_rows(colours, values.shape, axis=-3).permute(2, 0, 1)


def by_value(field: Tensor) -> Tensor:
    """A signed field (H, W) as 0..1, zero in the middle."""
    rms = field.square().mean().sqrt()
    return 0.5 + field / (2 * CONTRAST * rms.clamp(min=1e-12))


def by_rank(field: Tensor) -> Tensor:
    """The rank of every value (H, W), 0..1: all colours equally often. Equal values share one.

    Where there is no field yet, all values are 0; in raster order they would show a slope.
    """
    flat = field.flatten()
    ranks = torch.empty_like(flat)
    below, last = 0, max(1, len(flat) - 1)
    for part, alike in _parts(flat):
        if alike:
            count = int(part.count_nonzero())
            ranks.masked_fill_(part, _middles(torch.tensor([count]), below, last)[0])
        else:
            place = part.nonzero()[:, 0]
            count = len(place)
            values, order = flat[place].sort()
            run = (values.diff(prepend=values[:1]) != 0).cumsum(0)
            ranks[place[order]] = _middles(run.bincount(), below, last)[run]
        below += count
    return ranks.reshape(field.shape)


def _middles(size: Tensor, below: int, last: int) -> Tensor:
    """Ranks of runs of equal values in 0..1, of so many values each, above so many smaller ones."""
    middle = below + size.cumsum(0) - (size + 1) / 2
    return middle / last


def _parts(values: Tensor) -> Iterator[tuple[Tensor, bool]]:
    """Masks (N,) of values that can be sorted part by part; whether all of a part are equal.

    Sixteen million values take two seconds to sort, without a pause.
    """
    sample = values[:: 1 + len(values) // SAMPLE].sort().values
    edges = sample[:: 1 + len(sample) * SORTED // len(values)]
    # A value that is more frequent than others becomes a part of its own.
    frequent = edges[1:][edges[1:] == edges[:-1]]
    under = frequent.nextafter(frequent.new_tensor(-torch.inf))
    edges = torch.unique(torch.cat((edges, under)))
    pieces = torch.split(values, SORTED)
    part = torch.cat([torch.bucketize(piece, edges).short() for piece in pieces])
    alike = torch.isin(edges, frequent).tolist()
    for number, equal in enumerate([*alike, False]):
        yield part == number, equal
