"""What is laid into voids: the strokes of low gate, of the picture itself or of another one."""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.colour import front_colour, luma, shadow_colour
from worker.shader.contours import ContourRule, find_contours
from worker.shader.filters import dilated
from worker.shader.gate import spectral_gate
from worker.shader.lines import Lines
from worker.shader.order import median
from worker.shader.picture import Picture, seen
from worker.shader.segments import Segments, find_segments, signatures
from worker.shader.settings import ShaderSettings
from worker.shader.sketch import Sketch
from worker.shader.stages import result_of
from worker.shader.strips import values_in

STROKE = 2  # pixels
"""Segments are strokes: of a solid area only the rim of this width is copied, or copies of copies
fill the paper with slabs."""


OWN_TINT = (0.0, 0.1)
"""How much of the tint of shadows and fronts strokes in a photograph's own colours take."""

COLOURED, COLOURED_TINT = 0.5, (0.5, 0.15)
"""Ink without colour takes the whole tint, ink of so much chroma (0..1) or more so little of it."""


class Source(NamedTuple):
    """Strokes to lay, and what they look like; of a picture of any size (H', W')."""

    strokes: Segments  # S of them, in pixels of the source; P pixels altogether
    described: Tensor  # (S, 4) signatures
    rgb: Tensor  # (3, H', W') as seen over the background
    behind: Tensor  # (3, P) colours of their shadows, before tinting
    ahead: Tensor  # (3, P) and of their fronts
    own_colours: bool  # of a photograph, which are hardly tinted

    def tinted(self, effect: float) -> tuple[Tensor, Tensor]:
        """(3, P) colours of the shadows, and of the fronts, at this strength of the effect."""
        shadow = torch.lerp(self.behind, shadow_colour(self.behind, effect), self._tint(0))
        return shadow, torch.lerp(self.ahead, front_colour(self.ahead, effect), self._tint(1))

    def _tint(self, which: int) -> Tensor:
        """(P,) in 0..1: how much of the tint of the shadows, or fronts, a pixel takes."""
        colours = (self.behind, self.ahead)[which]
        if self.own_colours:
            return colours.new_full((colours.shape[1],), OWN_TINT[which])
        chroma = (colours.amax(0) - colours.amin(0)) / COLOURED
        return 1 - (1 - COLOURED_TINT[which]) * chroma.clamp(max=1)


def source_of(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    sketch: Sketch | None = None,
) -> Source:
    """What a picture lends to another one; see `source_stages`."""
    return result_of(source_stages(picture, field, settings, rule, sketch))


def source_stages(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    sketch: Sketch | None = None,
    known: Tensor | None = None,
) -> Generator[None, None, Source]:
    """What a picture lends, operator by operator: each `yield` is a place to look at the clock.

    Args:
        picture: the source.
        field: one eigenvector (H', W').
        settings: the gate's, and the segments'; lengths in units of the source.
        rule: what counts as a line in the source.
        sketch: its outlines when the rule asks for them.
        known: (H', W') bool, where there is a field; None: everywhere.
    """
    flat = seen(picture, settings.background)
    contours = (lines_in(flat, rule) if sketch is None else sketch.lines).lending
    if known is not None:
        contours = contours & known
    yield
    gate = spectral_gate(field, contours, settings.percentile, settings.gate_sharpness)
    yield
    strokes = low_strokes(contours, gate, settings)
    return lent(strokes, field, flat, sketch)


def lent(strokes: Segments, field: Tensor, rgb: Tensor, sketch: Sketch | None) -> Source:
    """Strokes of a picture (3, H', W'), described by its field, in its colours."""
    described = signatures(field, strokes)
    if sketch is None:
        ink = rgb.flatten(1)[:, strokes.pixels]
        return Source(strokes, described, rgb, ink, ink, own_colours=False)
    ink, paint = sketch.colours(rgb, strokes.pixels)
    return Source(strokes, described, rgb, ink, paint, sketch.own_colours)


def colours_only(rgb: Tensor) -> Source:
    """A source of (3, H', W') that lends no strokes."""
    none = find_segments(torch.zeros(1, 1, dtype=torch.bool, device=rgb.device), 1, 1, 8)
    return lent(none, rgb[0], rgb, None)


def lines_in(rgb: Tensor, rule: ContourRule) -> Lines:
    """The lines of a drawing (3, H, W), by their tone."""
    contours = find_contours(luma(rgb), rule)
    return Lines(contours, contours, contours)


def low_strokes(contours: Tensor, gate: Tensor, settings: ShaderSettings) -> Segments:
    """The segments of low gate, twice as many as are wanted as targets."""
    unit = settings.unit(contours.shape)
    least = max(1, round(settings.min_segment_pixels * unit * unit))
    size = max(8, round(settings.max_segment_size * unit))
    rims = contours & ~_insides(contours, max(1, round(STROKE * unit)))
    mask = rims & (gate < 0.5)
    if int(mask.count_nonzero()) < 3 * least and bool(rims.any()):
        mask = rims & (gate < median(values_in(gate, rims)))
    return find_segments(mask, least, 2 * settings.max_segments, size)


def _insides(contours: Tensor, depth: int) -> Tensor:
    """Pixels of solid areas further than `depth` from their border."""
    return ~dilated(~contours, depth)
