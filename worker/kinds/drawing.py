"""The line drawing of a job: from the modes of a whole image to a picture and an SVG document."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from worker.drawing.lines import Lines
from worker.drawing.paint import line_picture, outlines
from worker.drawing.strokes import resampled, spectral_lines
from worker.drawing.svg import svg_document
from worker.numerics.field_state import FieldState

MODES = 9
"""Eigenvectors that a line drawing is made from."""

MOST_PIXELS = 1 << 20
"""Lines of larger pictures are looked for in modes reduced to about this size: they are found
between pixels, and a second for every megapixel is too much by the deadline. What painting costs
beyond is a tenth of it."""


class Drawing(NamedTuple):
    """A line drawing, found and painted once."""

    lines: Lines
    picture: Tensor  # (3, H, W) uint8; without a background (4, H, W)


def drawing(field: FieldState) -> Lines:
    """The lines of an image, as far as its modes are known; none before."""
    return _lines(field, field.tiling.height, field.tiling.width)


def drawn(lines: Lines, field: FieldState, background: tuple[int, int, int] | None) -> Tensor:
    """The drawing as a picture, (3, H, W) uint8; without a background (4, H, W)."""
    return line_picture(lines, field.tiling.height, field.tiling.width, background)


def svg(lines: Lines, field: FieldState, background: tuple[int, int, int] | None) -> bytes:
    """The drawing as an SVG document."""
    return svg_document(lines, field.tiling.width, field.tiling.height, background)


def contours(field: FieldState, height: int, width: int, wide: float) -> Tensor:
    """Pixels on the outlines of what an image shows, (H, W) bool on the CPU.

    Args:
        field: of the image, or of the image made smaller.
        height, width: of the image, pixels.
        wide: pixels across an outline.
    """
    return outlines(_lines(field, height, width), height, width, wide)


def drawable(field: FieldState) -> bool:
    """Whether a whole image has modes to draw from.

    Before the first residual they are steps of the coarse levels, and each step would be a line.
    """
    return bool(field.residual[0].isfinite())


def _lines(field: FieldState, height: int, width: int) -> Lines:
    modes, theta, factor = _modes(field)
    lines = spectral_lines(modes, theta)
    size = np.array((height, width))
    scale = factor * size / (field.tiling.height, field.tiling.width)
    if (scale == 1).all():
        return lines
    points = ((lines.points + 0.5) * scale - 0.5).clip(-0.5, size - 0.5)
    return resampled(lines._replace(points=points))


def _modes(field: FieldState) -> tuple[Tensor, Tensor, int]:
    """The modes (K, h, w) at a size to draw from, their eigenvalues, and the reduction."""
    height, width = field.tiling.height, field.tiling.width
    if not drawable(field):
        return field.vectors.new_zeros(1, 2, 2), torch.zeros(1), 1
    modes = field.vectors[0].reshape(-1, height, width)
    factor = max(1, round((height * width / MOST_PIXELS) ** 0.5))
    if factor > 1:
        modes = torch.cat(
            [functional.avg_pool2d(mode[None], factor, ceil_mode=True) for mode in modes]
        )
    return modes, field.theta[0], factor
