"""One pass of the shader: gate, thicken, then segments or shadow."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from worker.shader.colour import luma
from worker.shader.contours import ContourRule, find_contours
from worker.shader.envelope import Phase, phase_of
from worker.shader.gate import complexity, spectral_gate
from worker.shader.segments import Segments, find_segments, match, signatures
from worker.shader.shadow import cast_shadows
from worker.shader.thicken import thicken
from worker.shader.transplant import lay, transplant

STROKE = 2  # pixels
"""Segments are strokes: of a solid area only the rim of this width is copied, or copies of copies
fill the paper with slabs."""


@dataclass(frozen=True)
class ShaderSettings:
    """What the shader does with a field; see `worker.wire.params.ShadeParams`."""

    low_gate: Literal["segments", "shadow"]
    overlap_mode: Literal["replace", "blend"]
    shadow_projection: Literal["diameter", "fixed"]
    percentile: float
    gate_sharpness: float
    effect_strength: float
    decay: float
    scale: Literal["px", "relative"]
    translation_strength: float
    shadow_offset: float
    min_segment_pixels: int
    max_segments: int
    max_segment_size: int
    envelope: tuple[Phase, ...]
    background: tuple[float, float, float]


class Picture(NamedTuple):
    """Colours and opacity, 0..1."""

    rgb: Tensor  # (3, H, W)
    alpha: Tensor | None  # (H, W); None: opaque


def seen(picture: Picture, background: tuple[float, float, float]) -> Tensor:
    """The picture over its background, (3, H, W): what field and contours are computed from."""
    if picture.alpha is None:
        return picture.rgb
    ground = picture.rgb.new_tensor(background)[:, None, None]
    return ground + (picture.rgb - ground) * picture.alpha


def shade(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    pass_index: int,
    spectral: Tensor | None = None,
) -> Picture:
    """One pass over a picture, by its field (H, W); see `shade_stages`."""
    stages = shade_stages(picture, field, settings, rule, pass_index, spectral)
    while True:
        try:
            next(stages)
        except StopIteration as end:
            result: Picture = end.value
            return result


def shade_stages(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    pass_index: int,
    spectral: Tensor | None = None,
) -> Generator[None, None, Picture]:
    """One pass, operator by operator: each `yield` is a place to look at the clock.

    Args:
        picture: the result of the pass before.
        field: one eigenvector; 0 where no tile has a vector, and the caller keeps those pixels.
        settings: lengths in pixels or relative to 512, as `scale` says.
        rule: what counts as a line, from the job's input.
        pass_index: 1-based; picks the phase and the decay of the effect.
        spectral: (H, W) bool, the contours when the rule is `spectral`.
    """
    effect = settings.effect_strength * settings.decay ** (pass_index - 1)
    if effect <= 0:
        return picture
    unit = max(field.shape) / 512 if settings.scale == "relative" else 1.0
    phase = phase_of(pass_index, settings.envelope)
    phase = phase._replace(dilation_radius=phase.dilation_radius * unit)
    flat = seen(picture, settings.background)
    contours = find_contours(luma(flat), rule, spectral)
    yield
    gate = spectral_gate(field, contours, settings.percentile, settings.gate_sharpness)
    busy = complexity(field)
    yield
    layers, _ = thicken(_layers(picture), contours, gate, busy, phase, effect)
    grown = _with_opacity(layers, picture.alpha, settings.background)
    flat = seen(grown, settings.background)
    yield
    reach = (settings.translation_strength * unit, settings.shadow_offset * unit)
    if settings.low_gate == "shadow":
        rgb, painted = cast_shadows(flat, field, contours, gate, effect, *reach)
    else:
        strokes = _strokes(contours, gate, settings, unit)
        yield
        rgb, painted = _transplant(flat, field, contours, strokes, busy, settings, effect, *reach)
    # The rest keeps its own colour: as it is seen, ink of little opacity would fade every pass.
    rgb = rgb.where(painted > 0, grown.rgb)
    if grown.alpha is None:
        return Picture(rgb, None)
    return Picture(rgb, torch.maximum(grown.alpha, painted.to(grown.alpha.dtype)))


def _layers(picture: Picture) -> Tensor:
    """Colours, and opacity if there is any: (3, H, W) or (4, H, W)."""
    if picture.alpha is None:
        return picture.rgb
    return torch.cat((picture.rgb, picture.alpha[None]))


def _with_opacity(
    layers: Tensor, alpha: Tensor | None, background: tuple[float, float, float]
) -> Picture:
    """Colours and opacity after thickening, no less opaque than `alpha` before it.

    Thin ink that was copied onto opaque paper takes the colour in which it was seen.
    """
    if alpha is None:
        return Picture(layers, None)
    rgb, copied = layers[:3], layers[3]
    opacity = torch.maximum(copied, alpha)
    thin = seen(Picture(rgb, copied / opacity.clamp(min=1e-6)), background)
    return Picture(thin.where(copied < alpha, rgb), opacity)


def _strokes(contours: Tensor, gate: Tensor, settings: ShaderSettings, unit: float) -> Segments:
    """The segments of low gate, twice as many as are wanted as targets."""
    least = max(1, round(settings.min_segment_pixels * unit * unit))
    size = max(8, round(settings.max_segment_size * unit))
    rims = contours & ~_insides(contours, max(1, round(STROKE * unit)))
    mask = rims & (gate < 0.5)
    if int(mask.sum()) < 3 * least and bool(rims.any()):
        mask = rims & (gate < gate[rims].median())
    return find_segments(mask, least, 2 * settings.max_segments, size)


def _transplant(
    rgb: Tensor,
    field: Tensor,
    contours: Tensor,
    source: Segments,
    busy: Tensor,
    settings: ShaderSettings,
    effect: float,
    translation: float,
    offset: float,
) -> tuple[Tensor, Tensor]:
    if source.count == 0:
        return rgb, torch.zeros_like(contours)
    target = source.largest(settings.max_segments)
    described = signatures(field, source)
    matched = match(described[: target.count], described, same=True)
    shadow, front = transplant(
        target,
        source,
        matched,
        rgb,
        busy,
        effect,
        translation,
        offset,
        settings.shadow_projection,
    )
    void = ~contours
    rgb, below = lay(rgb, shadow, void, settings.overlap_mode)
    rgb, above = lay(rgb, front, void, settings.overlap_mode)
    return rgb, below | above


def _insides(contours: Tensor, depth: int) -> Tensor:
    """Pixels of solid areas further than `depth` from their border."""
    outside = (~contours)[None, None].float()
    return functional.max_pool2d(outside, 2 * depth + 1, 1, depth)[0, 0] == 0
