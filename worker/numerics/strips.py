"""The graph of a whole image in strips of rows, so that memory and caches have a bound.

A strip knows its rows and the ones the stencil reaches above and below; its product is exact in its
own rows. Strips run side by side in lanes; each writes its own part of the result, so the bytes do
not depend on their number.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from worker.numerics.constants import BLOCK, GROUPS
from worker.numerics.lanes import side_by_side
from worker.numerics.laplacian import Laplacian, image_laplacian
from worker.numerics.stencil import Offset

STRIP_PIXELS, STRIP_ROWS = 1 << 18, 128
"""A strip has at most so many rows, and pixels where that leaves it 32 rows. The twelve rows around
it that are computed twice are a tenth of the most."""

WEIGHT_BYTES, VECTOR_BYTES = 6 << 28, 90
"""Edge weights of at most 1.5 GiB are kept, less 90 bytes a pixel to make room for the vectors: all
of them up to 2048 x 2048, next to none of 4096 x 4096, which stays inside 4 GiB that way. The
others are computed anew for every product, which then takes three times as long."""

PIECE = 1 << 14
"""Pixels of a dozen vectors that are worked on at once where no neighbours are needed, 1 MB."""

PAUSE_PIXELS = 1 << 19
"""After work on so many pixels there is a pause, a chance to stop: 30 to 200 ms on two cores."""

T = TypeVar("T")
Work = Generator[list[int], None, T]
"""Work that pauses; it yields the tiles that got better, none here, and returns its result."""


@dataclass(frozen=True)
class Strip:
    """Rows of an image; those it has to read; their pixels as flat ranges; its coarse nodes."""

    own: slice
    read: slice
    rows: slice
    read_rows: slice
    nodes: slice  # of the first coarse level

    @property
    def pieces(self) -> tuple[slice, ...]:
        """The strip's own pixels in ranges small enough for a cache."""
        starts = range(self.own.start, self.own.stop, PIECE)
        return tuple(slice(start, min(start + PIECE, self.own.stop)) for start in starts)

    @property
    def inner(self) -> slice:
        """The strip's own pixels among those it reads."""
        return slice(self.own.start - self.read.start, self.own.stop - self.read.start)


def strips_of(height: int, width: int, reach: int) -> tuple[Strip, ...]:
    """Whole blocks of aggregates each; at least two where the image has two such blocks."""
    most = min(STRIP_ROWS, max(32, STRIP_PIXELS // width // BLOCK * BLOCK))
    rows = max(BLOCK, min(most, -(-height // (2 * BLOCK)) * BLOCK))
    across = -(-width // BLOCK) * GROUPS  # nodes in a row of blocks
    strips = []
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        above, below = max(0, top - reach), min(height, bottom + reach)
        strips.append(
            Strip(
                slice(top * width, bottom * width),
                slice(above * width, below * width),
                slice(top, bottom),
                slice(above, below),
                slice(top // BLOCK * across, -(-bottom // BLOCK) * across),
            )
        )
    return tuple(strips)


class StripGraph:
    """L of one image (3, H, W) in [0, 1], n = H * W; vectors are (k, n)."""

    def __init__(self, image: Tensor, stencil: tuple[Offset, ...], tau: float, lanes: int) -> None:
        self._image, self._stencil, self._tau, self.lanes = image, stencil, tau, lanes
        self.height, self.width = image.shape[1:]
        self.n = self.height * self.width
        reach = max((o.dy for o in stencil), default=0)
        self.strips = strips_of(self.height, self.width, reach)
        self.degree = torch.zeros(self.n, device=image.device)
        self._kept: dict[int, Laplacian] = {}
        largest = max(s.read.stop - s.read.start for s in self.strips) + reach * self.width
        room = max(0, WEIGHT_BYTES - VECTOR_BYTES * self.n)
        self._room = room // (4 * max(1, len(stencil)) * largest)
        self._since_pause = 0  # pixels

    def laplacian(self, index: int) -> Laplacian:
        """Of the pixels strip `index` reads; exact in its own rows."""
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        strip = self.strips[index]
        rgb = self._image[None, :, strip.read_rows].contiguous()
        made = image_laplacian(rgb, self._stencil, self._tau)
        self.degree[strip.own] = made.degree[0, 0, strip.inner]
        if index < self._room:
            self._kept[index] = made
        return made

    def colours(self, index: int) -> Tensor:
        """The pixels of strip `index`, (3, h, W)."""
        return self._image[:, self.strips[index].rows]

    def product(self, index: int, X: Tensor) -> Tensor:
        """L X in strip `index`, for X (k, pixels it reads)."""
        return self.laplacian(index).apply(X[None])[0][:, self.strips[index].inner]

    def each(self, call: Callable[[int, Strip], T]) -> Work[list[T]]:
        """The results of `call` for every strip, in order; the calls run side by side."""
        calls = [partial(call, i, strip) for i, strip in enumerate(self.strips)]
        largest = max(strip.own.stop - strip.own.start for strip in self.strips)
        at_once = max(self.lanes, PAUSE_PIXELS // largest)
        results: list[T] = []
        for start in range(0, len(calls), at_once):
            if self._since_pause >= PAUSE_PIXELS:
                self._since_pause = 0
                yield []
            group = calls[start : start + at_once]
            results += side_by_side(self.lanes, group)
            self._since_pause += largest * len(group)
        return results

    def apply(self, X: Tensor, out: Tensor | None = None) -> Work[Tensor]:
        """L X, (k, n)."""
        Y = torch.empty_like(X) if out is None else out

        def fill(index: int, strip: Strip) -> None:
            Y[:, strip.own] = self.product(index, X[:, strip.read])

        yield from self.each(fill)
        return Y
