"""How a pass came about, as it crosses the socket: strokes, their matches, and three layers.

The layers of a picture of N pixels are one run of bytes: the gate, a byte for each pixel; the
lines, a bit for each, the first one the highest of its byte; then the pixels of the segments, one
segment after the other, each pixel by its place in the picture.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

PLACE: Final = "<i4"  # numpy's name of the type of a pixel's place, y * width + x


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A stroke of low gate: its box in pixels of the picture, and how many pixels it has."""

    x: int
    y: int
    width: int
    height: int
    pixels: int


class Match(msgspec.Struct, frozen=True, array_like=True):
    """A stroke that was lent and laid; its places are means over its pixels, which count from 0.

    Where it was taken from is in pixels of the source, if there is one.
    """

    lent: tuple[float, float]  # x and y of the stroke
    to: tuple[float, float]  # of its copy
    beside: tuple[float, float]  # of the segment that it was matched to
    turn: float  # degrees, from x towards y
    distance: float  # of the signatures of the two


def layer_sizes(area: int, segments: Sequence[Segment]) -> tuple[int, int, int]:
    """Bytes of the gate, of the lines and of the segments' pixels."""
    return area, -(-area // 8), 4 * sum(each.pixels for each in segments)
