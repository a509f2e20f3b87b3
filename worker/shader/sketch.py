"""The outlines of a photograph, drawn in its own colours, as far as the passes have come.

A drawing has lines of its own ink. A photograph has edges: they become lines of the darkest colour
beside them, and lend strokes of the most colourful one.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.colour import luma
from worker.shader.filters import box_mean
from worker.shader.lines import Lines
from worker.shader.strips import copied, pointwise

NEAR = 2  # pixels from an outline within which its ink is looked for
WIDE = 3  # and its paint
CHUNK = 1 << 16  # pixels of an outline at a time
INK = 0.6  # of the darkest colour: a line shows beside what it bounds
SATURATION = 1.3  # of the most colourful one


class Sketch(NamedTuple):
    """What has been drawn of a picture (H, W); its outlines have P pixels."""

    outline: Tensor  # (H, W) bool, thin lines of the input
    grown: Tensor  # (H, W) bool, what grew from them
    marks: Tensor  # (H, W) bool, strokes that were laid
    at: Tensor  # (P,) int64, raster indices of the outline, ascending
    ink: Tensor  # (3, P) what lines are drawn with
    paint: Tensor  # (3, P) what strokes are laid with
    own_colours: bool  # whether strokes keep the picture's colours: those of a drawing are tinted

    @property
    def lines(self) -> Lines:
        """What the next pass takes for lines; strokes do not thicken, or they would be slabs."""
        growing = self.outline | self.grown
        return Lines(growing | self.marks, growing, self.outline | self.marks)

    def inked(self, layers: Tensor) -> Tensor:
        """Layers (c, H, W) with the outline in ink."""
        out = copied(layers)
        out.flatten(1)[:3, self.at] = self.ink
        return out

    def colours(self, rgb: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Ink and paint of some pixels, (3, N) each: of the outline its own, else as they are.

        Args:
            rgb: (3, H, W), the picture as it is by now.
            pixels: (N,) int64, raster indices.
        """
        now = rgb.flatten(1)[:, pixels]
        if not len(self.at):
            return now, now
        place = torch.searchsorted(self.at, pixels).clamp(max=len(self.at) - 1)
        lined = self.at[place] == pixels
        return self.ink[:, place].where(lined, now), self.paint[:, place].where(lined, now)

    def after(self, grown: Tensor, marks: Tensor) -> "Sketch":
        """The sketch with what a pass has added."""
        return self._replace(grown=self.grown | grown, marks=self.marks | marks)

    def rows(self, count: int) -> "Sketch":
        """The first rows."""
        inside = self.at < count * self.outline.shape[1]
        return Sketch(
            self.outline[:count],
            self.grown[:count],
            self.marks[:count],
            self.at[inside],
            self.ink[:, inside],
            self.paint[:, inside],
            self.own_colours,
        )


def sketch_of(rgb: Tensor, outline: Tensor, *, own_colours: bool) -> Sketch:
    """The sketch of a picture of which nothing is drawn yet.

    Args:
        rgb: (3, H, W), 0..1, as it is seen.
        outline: (H, W) bool.
        own_colours: of photographs.
    """
    nothing = torch.zeros_like(outline)
    at = outline.flatten().nonzero()[:, 0]
    ink = INK * _best(rgb, -luma(rgb), NEAR, at)
    calm = box_mean(rgb, 3)  # grain and the fringes of compression are colourful too
    paint = _best(calm, pointwise(lambda c: c.amax(0) - c.amin(0), calm), WIDE, at)
    grey = luma(paint)
    paint = (grey + SATURATION * (paint - grey)).clamp(0, 1)
    return Sketch(outline, nothing, nothing, at, ink, paint, own_colours)


def _best(rgb: Tensor, score: Tensor, reach: int, at: Tensor) -> Tensor:
    """(3, P): the colour of the highest score within `reach` pixels of each pixel."""
    chosen = [_highest(score, reach, some) for some in torch.split(at, CHUNK)]
    return rgb.flatten(1)[:, torch.cat(chosen)]


def _highest(score: Tensor, reach: int, at: Tensor) -> Tensor:
    """(P,): raster indices of the highest scores around."""
    height, width = score.shape
    steps = torch.arange(-reach, reach + 1, device=at.device)[:, None]
    y = (at // width + steps).clamp(0, height - 1)  # (2 reach + 1, P)
    x = (at % width + steps).clamp(0, width - 1)
    around = (y[:, None] * width + x).flatten(0, 1)  # ((2 reach + 1)^2, P)
    best = score.flatten()[around].argmax(0, keepdim=True)
    return around.gather(0, best)[0]
