"""A drawing's lines as an SVG document."""

import re
from collections.abc import Iterator

import numpy as np

from worker.drawing.chains import Floats, Indices
from worker.drawing.lines import Lines
from worker.drawing.paint import INK, Colour, stroke_width
from worker.drawing.strokes import beside, resampled

SPACING = 4.0  # pixels between points; the curve runs smoothly through them

STEP = 0.2
"""Strokes are drawn in widths this many pixels apart: one path each, the ends are round."""


def svg_document(lines: Lines, width: int, height: int, background: Colour | None) -> bytes:
    """The drawing as an SVG document of `width` x `height` pixels, on paper or on nothing.

    Strokes follow Catmull and Rom's splines through the points. All of one width are one path.
    """
    paper = (
        "" if background is None else f'<rect {_size(width, height)} fill="{_hex(background)}"/>'
    )
    even = resampled(lines, SPACING)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {_size(width, height)}'
        f' viewBox="0 0 {width} {height}">{paper}'
        f'<g fill="none" stroke="{_hex(INK)}" stroke-linecap="round" stroke-linejoin="round">'
        f"{''.join(_paths(even, width, height))}</g></svg>\n"
    ).encode()


def _size(width: int, height: int) -> str:
    return f'width="{width}" height="{height}"'


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def _paths(lines: Lines, width: int, height: int) -> Iterator[str]:
    """One path for each width of stroke, thin ones first."""
    level = np.round(stroke_width(lines.weight, height, width) / STEP).astype(np.int64)
    first, last = _runs(lines, level)
    # The centre of the first pixel is (0.5, 0.5) of the view box.
    knots = np.round(10 * (lines.points[:, ::-1] + 0.5)).astype(np.int64)
    arrivals = knots - np.round(10 * _tangents(lines)[:, ::-1]).astype(np.int64)
    for step in np.unique(level[first]).tolist():
        here = level[first] == step
        runs = zip(first[here].tolist(), last[here].tolist(), strict=True)
        data = "".join(_curve(knots[a : b + 1], arrivals[a : b + 1]) for a, b in runs)
        yield f'<path stroke-width="{step * STEP:.1f}" d="{data}"/>'


def _runs(lines: Lines, level: Indices) -> tuple[Indices, Indices]:
    """First and last points of the pieces of lines that have one level each.

    A piece goes on to the first point of the next, but not beyond the end of its line. What is a
    single point after that is part of the piece before it.
    """
    owner = lines.owner
    key = owner * (level.max(initial=0) + 1) + level
    first = np.flatnonzero(np.diff(key, prepend=-1))
    last = np.minimum(np.r_[first[1:], len(key)], lines.start[owner[first] + 1] - 1)
    drawn = last > first
    return first[drawn], last[drawn]


def _tangents(lines: Lines) -> Floats:
    """(P, 2): from each point to the control point after it, of Catmull and Rom's spline."""
    before, after = beside(lines)
    return (lines.points[after] - lines.points[before]) / 6


def _curve(knots: Indices, arrivals: Indices) -> str:
    """A piece's path data, from its points and the control points before them, in 0.1 pixel.

    The control point after a point is the mirror image of the one before it, which `s` leaves out.
    """
    begin, following, step = knots[0], np.diff(knots, axis=0), arrivals[1:] - knots[:-1]
    leave = begin - arrivals[0]
    head = f"M{_numbers(begin)}c{_numbers(np.r_[leave, step[0], following[0]])}"
    tail = np.concatenate((step[1:], following[1:]), 1).ravel()
    return head + (f"s{_numbers(tail)}" if len(tail) else "")


def _numbers(tenths: Indices) -> str:
    """Tenths as decimals, `-.5 2 .1`."""
    text = " ".join(f"{n / 10:g}" for n in tenths.tolist())
    return re.sub(r"\b0\.", ".", text).replace(" -", "-")
