"""A pen in an unsteady hand: splines that waver, strokes that swell and taper, hard pixels.

Everything is drawn four times as large and sampled at pixel centres, so that lines have places and
widths in between pixels, and yet no greys. Chance comes from `random.Random`, whose numbers are the
same on every machine and in every version.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
Points = Sequence[Point]

INK, PAPER = (0, 0, 0), (255, 255, 255)
SIDE = 512  # pixels
FINER = 4
STEPS = 24  # of a spline between two points


def curve(points: Points, steps: int = STEPS) -> list[Point]:
    """A Catmull-Rom spline through the points."""
    padded = [points[0], *points, points[-1]]
    found: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for i in range(steps):
            t = i / steps
            found.append(
                (
                    _spline(p0[0], p1[0], p2[0], p3[0], t),
                    _spline(p0[1], p1[1], p2[1], p3[1], t),
                )
            )
    return [*found, points[-1]]


def closed(points: Points) -> list[Point]:
    """A spline that comes back to where it began, without a corner there."""
    around = curve([*points[-2:], *points, *points[:2]])
    return around[2 * STEPS : -STEPS]


def arc(centre: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Part of an ellipse between two angles in degrees; 0 is to the right, 90 below."""
    angles = [math.radians(start + (end - start) * i / 60) for i in range(61)]
    (x, y), (rx, ry) = centre, radii
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


class Pen:
    """A sheet of paper and what is drawn on it, in pixels of the finished picture."""

    def __init__(
        self, seed: int, size: tuple[int, int] = (SIDE, SIDE), paper: Colour = PAPER
    ) -> None:
        """Empty paper; the same seed wavers the same way."""
        self._random = Random(seed)
        self._size = size
        self._image = Image.new("RGB", (size[0] * FINER, size[1] * FINER), paper)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> Image.Image:
        """What has been drawn."""
        return self._image.resize(self._size, Image.Resampling.NEAREST)

    def line(
        self,
        points: Points,
        width: float = 2.5,
        ink: Colour = INK,
        *,
        waver: float = 1.2,
        swell: float = 0.25,
        taper: float = 0.0,
    ) -> None:
        """A stroke along a line that is fine enough already.

        Args:
            points: the line, from `curve`, `closed` or `arc`.
            width: pixels.
            ink: its colour.
            waver: how far the hand strays, pixels.
            swell: how much the width varies, as a share of it.
            taper: share of the stroke at each end over which it thins out.
        """
        even = _even(points)
        sway, press = Noise(self._random, 260.0), Noise(self._random, 120.0)
        length = max(len(even) - 1, 1)
        for i, ((x, y), (dx, dy)) in enumerate(zip(even, _normals(even), strict=True)):
            off = waver * sway(i)
            thin = min(1.0, min(i, length - i) / (taper * length)) if taper else 1.0
            radius = width / 2 * (1 + swell * press(i)) * max(thin, 0.35)
            self._dot(x + off * dx, y + off * dy, radius, ink)

    def fill(self, points: Points, colour: Colour) -> None:
        """The inside of a line."""
        self._draw.polygon([(x * FINER, y * FINER) for x, y in points], fill=colour)

    def dot(self, centre: Point, radius: float, ink: Colour = INK) -> None:
        """A round blot."""
        self._dot(*centre, radius, ink)

    def _dot(self, x: float, y: float, radius: float, ink: Colour) -> None:
        box = [FINER * v for v in (x - radius, y - radius, x + radius, y + radius)]
        self._draw.ellipse(box, fill=ink)


class Noise:
    """A smooth curve about 0, mostly within -1..1."""

    def __init__(self, random: Random, wavelength: float) -> None:
        """With a phase of its own for each of its waves; the length is in steps."""
        self._waves = [
            (weight, share / wavelength * (0.8 + 0.4 * random.random()), random.random())
            for weight, share in ((0.6, 1.0), (0.35, 2.3), (0.15, 6.1))
        ]

    def __call__(self, step: float) -> float:
        """The value there."""
        return sum(w * math.sin(2 * math.pi * (step * f + phase)) for w, f, phase in self._waves)


def _even(points: Points, apart: float = 0.5) -> list[Point]:
    """The same line in steps of about half a pixel."""
    found: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        count = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / apart))
        found += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(count)]
    return [*found, points[-1]]


def _normals(points: Points) -> list[Point]:
    """Directions of length 1 across the line."""
    ahead = [*points[1:], points[-1]]
    behind = [points[0], *points[:-1]]
    found: list[Point] = []
    for (x0, y0), (x1, y1) in zip(behind, ahead, strict=True):
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        found.append(((y0 - y1) / length, (x1 - x0) / length))
    return found
