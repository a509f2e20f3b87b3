"""A drawing's lines as pixels."""

import math

import numpy as np
import torch
from torch import Tensor

from worker.drawing.chains import Floats
from worker.drawing.lines import Lines
from worker.drawing.strokes import SPACING
from worker.shader.strips import pointwise

INK = (24, 24, 27)
THIN, THICK = 0.45, 2.3  # pixels, of lines of weight 0 and 1 in a picture of 512 pixels
OUTLINE = 0.4  # mean weight of a line that counts as a contour: a face's features do not
CHUNK = 1 << 12  # segments at a time

Colour = tuple[int, int, int]


def line_picture(lines: Lines, height: int, width: int, background: Colour | None) -> Tensor:
    """The drawing as an image, (3, H, W) uint8; without a background (4, H, W), transparent."""
    ink = coverage(lines, height, width, stroke_width(lines.weight, height, width))
    colour = ink.new_tensor(INK)[:, None, None]

    def layers(ink: Tensor) -> Tensor:
        if background is None:
            return torch.cat((colour.expand(3, *ink.shape), 255 * ink[None]))
        return torch.lerp(ink.new_tensor(background)[:, None, None], colour, ink)

    return pointwise(lambda rows: layers(rows).round_().to(torch.uint8), ink)


def outlines(lines: Lines, height: int, width: int, wide: float) -> Tensor:
    """Pixels on the lines that bound objects, (H, W) bool.

    Args:
        lines: of a picture of H x W.
        height, width: pixels.
        wide: pixels across a line.
    """
    weight = np.bincount(lines.owner, lines.weight) / np.diff(lines.start)
    bounds = lines.chosen(weight > OUTLINE)
    return coverage(bounds, height, width, np.full(len(bounds.points), wide)) >= 0.5


def stroke_width(weight: Floats, height: int, width: int) -> Floats:
    """Pixels across a line of `weight` (0..1); larger pictures have somewhat wider lines."""
    unit = max(0.7, math.sqrt(max(height, width) / 512))
    return unit * (THIN + (THICK - THIN) * weight)


def coverage(lines: Lines, height: int, width: int, wide: Floats) -> Tensor:
    """How much of each pixel lies under a line, (H, W) in 0..1.

    Args:
        lines: as evenly spaced as `resampled` makes them.
        wide: (P,) pixels across the line at each point.
    """
    ink = torch.zeros(height * width)
    inner = np.flatnonzero(np.diff(lines.owner) == 0)
    begin, end = (torch.from_numpy(lines.points[inner + i]).float() for i in (0, 1))
    half = torch.from_numpy((wide[inner] + wide[inner + 1]) / 4).float()
    window = _window(float(half.max()) if len(half) else 0.0)
    for at in range(0, len(half), CHUNK):
        here = slice(at, at + CHUNK)
        _cover(ink, (height, width), window, begin[here], end[here], half[here])
    return ink.reshape(height, width)


def _window(half: float) -> Tensor:
    """Offsets (O, 2) of the pixels that a segment of half width `half` may touch."""
    reach = math.ceil(0.75 * SPACING + half + 1)
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    return torch.cartesian_prod(steps, steps)


def _cover(
    ink: Tensor, shape: tuple[int, int], window: Tensor, begin: Tensor, end: Tensor, half: Tensor
) -> None:
    """Lay S segments from `begin` to `end` (S, 2): each pixel keeps the most that covers it."""
    height, width = shape
    pixel = ((begin + end) / 2).round()[:, None] + window  # (S, O, 2)
    way, offset = (end - begin)[:, None], pixel - begin[:, None]
    share = (offset * way).sum(2) / way.square().sum(2).clamp(min=1e-9)
    apart = torch.linalg.vector_norm(offset - share.clamp(0, 1)[..., None] * way, dim=2)
    covered = (half[:, None] + 0.5 - apart).clamp(0, 1)
    y, x = pixel.long().unbind(2)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width) & (covered > 0)
    ink.scatter_reduce_(0, (y * width + x)[inside], covered[inside], "amax")
