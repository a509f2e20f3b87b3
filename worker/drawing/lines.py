"""The lines of a drawing, from the ridges of the contour strength."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.drawing.chains import Floats, Indices, bridges, connected, ordered
from worker.drawing.ridges import find_ridges
from worker.drawing.spectral import FLAT, by_strips, contour_tensor
from worker.shader.filters import gaussian_blur

FINE, COARSE = 1.1, 2.0  # pixels of blur, in a picture of 512 pixels
LARGEST = 2.4  # times that in the largest pictures, whose edges are wider
REACH = 6  # pixels across a ridge in which its valleys are looked for
HARD = 6.0
"""Edges so many times stronger than a flat picture's S are a drawing's: they are blurred more, and
both edges of a pen's stroke are one line. Faces in photographs would lose eyes and mouths."""

FLOOR = 0.1  # of a flat picture's strength; what is less is rounding

FULL_RANK, FULL = 0.9, (0.8, 1.5)
"""A full line has the prominence of this quantile, within these bounds: calm pictures are drawn in
their own right, and noise in flat ones is not."""

WEAK, STRONG = 0.15, 0.4  # hysteresis, in units of a full line
LEAST_STRONG = 5  # points
LENGTH = 20  # points of a picture of 512 pixels; less is texture
BRIDGE, BRIDGED = 12.0, 6  # pixels; points of the lines on both sides


class Lines(NamedTuple):
    """L lines of P points altogether, one after the other."""

    points: Floats  # (P, 2) y and x in pixels; the first pixel's centre is (0, 0)
    weight: Floats  # (P,) 0..1
    start: Indices  # (L + 1,) where each line begins

    @property
    def closed(self) -> NDArray[np.bool_]:
        """(L,): the lines that end where they began."""
        first, last = self.points[self.start[:-1]], self.points[self.start[1:] - 1]
        return np.asarray(np.all(first == last, axis=1))

    @property
    def owner(self) -> Indices:
        """(P,): the line of each point."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def chosen(self, lines: NDArray[np.bool_]) -> "Lines":
        """The `lines` (L,) alone."""
        here = lines[self.owner]
        size = np.diff(self.start)[lines]
        return Lines(self.points[here], self.weight[here], np.r_[0, size.cumsum()])


def ridge_lines(modes: Tensor, theta: Tensor) -> Lines:
    """The chains of ridge points of modes (K, H, W) with eigenvalues (K,), as they were found.

    Weights are prominences, 1 a full line.
    """
    tensor = contour_tensor(modes, theta)
    large = float(np.clip(max(modes.shape[1:]) / 512, 1, LARGEST**2)) ** 0.5
    merged = partial(_merged, flat=FLAT * max(1, len(modes)), large=large)
    strength = by_strips(merged, tensor[:1])[0]
    # Across a small picture the waves of its lowest modes are short themselves.
    reach = max(2, min(round(REACH * large), min(strength.shape) // 16))
    ridges = find_ridges(strength, tensor[1:], reach)
    place, prominence, links = (
        values.cpu().numpy() for values in (ridges.place.double(), ridges.prominence, ridges.links)
    )
    weight = prominence / _full(prominence)
    kept = _outlines(place, weight, links, LENGTH * max(0.5, max(strength.shape) / 512))
    order, start = ordered(kept, len(place))
    return Lines(place[order], weight[order].clip(0, 1).astype(np.float64), start)


def _merged(strength: Tensor, flat: float, large: float) -> Tensor:
    """Strength (1, H, W) without small ripples and double edges, and never 0."""
    fine, coarse = (gaussian_blur(strength[0], sigma * large) for sigma in (FINE, COARSE))
    hard = (coarse / (HARD * flat)).clamp(min=1).log().clamp(max=1)
    return torch.lerp(fine, coarse, hard)[None] + FLOOR * flat


def _full(prominence: Floats) -> float:
    low, high = FULL
    clear = prominence[prominence > WEAK * low]
    return float(np.quantile(clear, FULL_RANK).clip(low, high)) if len(clear) else low


def _outlines(place: Floats, weight: Floats, links: Indices, length: float) -> Indices:
    """The links of lines that are long enough and somewhere strong."""
    links = links[(weight[links] > WEAK).all(1)]
    links = np.concatenate((links, bridges(place, links, BRIDGE, BRIDGED)))
    owner = connected(links, len(place))
    size = np.bincount(owner, minlength=1)
    strong = np.bincount(owner, weight > STRONG, minlength=1)
    kept = (size >= length) & (strong >= LEAST_STRONG)
    return links[kept[owner[links[:, 0]]]]
