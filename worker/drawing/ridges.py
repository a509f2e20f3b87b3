"""Ridges of a picture as points between pixels, and which points follow each other.

Marching squares on the slope across the ridge: every side of the pixel grid along which it changes
its sign holds one point, and every cell joins the points on its sides. A side belongs to two cells,
so a point has two neighbours at most: lines never branch and need no thinning.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.filters import gradient, sample

TINY = 1e-20


class Ridges(NamedTuple):
    """N points on ridges, and which of them are neighbours."""

    place: Tensor  # (N, 2) y and x, pixels
    height: Tensor  # (N,) of the ridge
    prominence: Tensor  # (N,) log of height over the lowest value near it, mean of its two sides
    links: Tensor  # (M, 2) int64; every point is in two links at most


def find_ridges(strength: Tensor, normal: Tensor, reach: int) -> Ridges:
    """The ridges of `strength` (H, W), to a fraction of a pixel.

    Haralick's ridges (1983): zeros of the first derivative across, where the second is negative.

    Args:
        strength: >= 0.
        normal: (2, H, W) unit vectors (dy, dx) across the ridges; their sense does not matter.
        reach: pixels to each side in which a ridge's valleys are looked for.
    """
    dy, dx = gradient(strength)
    slope = normal[0] * dy + normal[1] * dx
    bend = _across(gradient(dy), gradient(dx), normal)
    down, right = (_crossings(slope, bend, normal, axis) for axis in (0, 1))
    links = _links(down, right)
    located = _located(down, normal, 0), _located(right, normal, 1)
    place, across = (torch.cat(pair) for pair in zip(*located, strict=True))
    height = _at(strength, place)
    return Ridges(place, height, _prominence(strength, place, across, reach), links)


def _across(ddy: tuple[Tensor, Tensor], ddx: tuple[Tensor, Tensor], normal: Tensor) -> Tensor:
    """The second derivative along the normal, from the gradients of both first derivatives."""
    y, x = normal.unbind()
    return y * y * ddy[0] + y * x * (ddy[1] + ddx[0]) + x * x * ddx[1]


def _crossings(slope: Tensor, bend: Tensor, normal: Tensor, axis: int) -> Tensor:
    """Where on each side of the grid the slope is 0, 0..1 from its first pixel; NaN where nowhere.

    Args:
        axis: 0 for the sides that lead down, (H - 1, W); 1 for those that lead right, (H, W - 1).
    """
    size = slope.shape[axis]
    first, second = slope.narrow(axis, 0, size - 1), slope.narrow(axis, 1, size - 1)
    # Normals have no sense: the second pixel's is turned to agree with the first one's.
    agree = (normal.narrow(axis + 1, 0, size - 1) * normal.narrow(axis + 1, 1, size - 1)).sum(0)
    second = torch.where(agree < 0, -second, second)
    bends = bend.narrow(axis, 0, size - 1) + bend.narrow(axis, 1, size - 1)
    crossing = ((first > 0) != (second > 0)) & (bends < 0)
    return torch.where(crossing, first / (first - second), torch.nan)


def _located(crossings: Tensor, normal: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Places and normals, (N, 2) each, of the crossings along `axis`, in raster order."""
    y, x = crossings.isfinite().nonzero(as_tuple=True)
    place = torch.stack((y, x), 1).float()
    place[:, axis] += crossings[y, x]
    nearest = place.round().long()
    return place, normal[:, nearest[:, 0], nearest[:, 1]].mT


def _links(down: Tensor, right: Tensor) -> Tensor:
    """In every cell the nearest two of its points are neighbours, and the other two if there are.

    Points are numbered in raster order, first those of `down`, then those of `right`.
    """
    downs, rights = _numbers(down, 0), _numbers(right, int(down.isfinite().sum()))
    there = downs[:, :-1] >= 0, downs[:, 1:] >= 0, rights[:-1] >= 0, rights[1:] >= 0
    y, x = (torch.stack(there).sum(0, dtype=torch.uint8) > 1).nonzero(as_tuple=True)
    zero, one = (torch.full_like(down[y, x], value) for value in (0, 1))
    number = torch.stack((downs[y, x], downs[y, x + 1], rights[y, x], rights[y + 1, x]))
    at_y = torch.stack((down[y, x], down[y, x + 1], zero, one))
    at_x = torch.stack((zero, one, right[y, x], right[y + 1, x]))
    # All pairs of the four sides; three further on stands the pair that each leaves over.
    first, second = y.new_tensor([[0, 0, 0, 2, 1, 1], [1, 2, 3, 3, 3, 2]])
    apart = torch.hypot(at_y[first] - at_y[second], at_x[first] - at_x[second])
    nearest = apart.nan_to_num(torch.inf).argmin(0)
    pairs = [
        number.gather(0, torch.stack((first[pair], second[pair])))
        for pair in (nearest, (nearest + 3) % 6)
    ]
    links = torch.cat(pairs, 1).mT
    return links[(links >= 0).all(1)]


def _numbers(crossings: Tensor, begin: int) -> Tensor:
    """A number from `begin` on for every crossing, int64; -1 where there is none."""
    there = crossings.isfinite()
    numbers = torch.full_like(crossings, -1, dtype=torch.int64)
    numbers[there] = torch.arange(begin, begin + int(there.sum()), device=crossings.device)
    return numbers


def _at(values: Tensor, place: Tensor) -> Tensor:
    """Values of (H, W) at (N, 2) places."""
    return sample(values[None], place[:, :1], place[:, 1:], "bilinear")[0, :, 0]


def _prominence(strength: Tensor, place: Tensor, normal: Tensor, reach: int) -> Tensor:
    """The logarithm of height over lowest value, mean of both sides."""
    height = _at(strength, place).clamp(min=TINY)
    total = torch.zeros_like(height)
    for sense in (normal, -normal):
        lowest = height
        for step in range(1, reach + 1):
            lowest = torch.minimum(lowest, _at(strength, place + step * sense))
        total += (height / lowest.clamp(min=TINY)).log() / 2
    return total
