"""One pass of the shader: gate, thicken, then segments or shadow."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from worker.shader.colour import luma
from worker.shader.contours import find_contours
from worker.shader.envelope import Phase, phase_of
from worker.shader.gate import complexity, spectral_gate
from worker.shader.segments import find_segments, match, signatures
from worker.shader.shadow import cast_shadows
from worker.shader.thicken import thicken
from worker.shader.transplant import lay, transplant


@dataclass(frozen=True)
class ShaderSettings:
    """What the shader does with a field; see `worker.wire.params.ShadeParams`."""

    low_gate: Literal["segments", "shadow"]
    overlap_mode: Literal["replace", "blend"]
    shadow_projection: Literal["diameter", "fixed"]
    contours: str
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
    alpha: Tensor  # (H, W)


def seen(picture: Picture, background: tuple[float, float, float]) -> Tensor:
    """The picture over its background, (3, H, W): what field and contours are computed from."""
    ground = picture.rgb.new_tensor(background)[:, None, None]
    return ground + (picture.rgb - ground) * picture.alpha


def shade(picture: Picture, field: Tensor, settings: ShaderSettings, pass_index: int) -> Picture:
    """One pass over a picture, by its field (H, W).

    Args:
        picture: the result of the pass before.
        field: one eigenvector; pixels of field 0 that no tile covers should be masked by the caller.
        settings: lengths in pixels or relative to 512, as `scale` says.
        pass_index: 1-based; picks the phase and the decay of the effect.
    """
    effect = settings.effect_strength * settings.decay ** (pass_index - 1)
    if effect <= 0:
        return picture
    height, width = field.shape
    unit = max(height, width) / 512 if settings.scale == "relative" else 1.0
    phase = phase_of(pass_index, settings.envelope)
    phase = phase._replace(dilation_radius=phase.dilation_radius * unit)
    flat = seen(picture, settings.background)
    contours = find_contours(luma(flat), settings.contours)
    gate = spectral_gate(field, contours, settings.percentile, settings.gate_sharpness)
    busy = complexity(field)
    layers = torch.cat((flat, picture.alpha[None]))
    grown, _ = thicken(layers, contours, gate, busy, phase, effect)
    rgb, alpha = grown[:3], torch.maximum(grown[3], picture.alpha)
    if settings.low_gate == "shadow":
        rgb, painted = cast_shadows(
            rgb,
            field,
            contours,
            gate,
            effect,
            settings.translation_strength * unit,
            settings.shadow_offset * unit,
        )
    else:
        rgb, painted = _transplant(rgb, field, contours, gate, busy, settings, effect, unit)
    return Picture(rgb, torch.maximum(alpha, painted.to(alpha.dtype)))


def _transplant(
    rgb: Tensor,
    field: Tensor,
    contours: Tensor,
    gate: Tensor,
    busy: Tensor,
    settings: ShaderSettings,
    effect: float,
    unit: float,
) -> tuple[Tensor, Tensor]:
    least = max(1, round(settings.min_segment_pixels * unit * unit))
    mask = contours & (gate < 0.5)
    if int(mask.sum()) < 3 * least and bool(contours.any()):
        mask = contours & (gate < gate[contours].median())
    size = max(8, round(settings.max_segment_size * unit))
    target = find_segments(mask, least, settings.max_segments, size)
    source = find_segments(mask, least, 2 * settings.max_segments, size)
    if target.count == 0:
        return rgb, torch.zeros_like(contours)
    # Both lists are in the same order, so that a segment has one index in both.
    described = signatures(field, source)
    matched = match(described[: target.count], described, same=True)
    shadow, front = transplant(
        target,
        source,
        matched,
        rgb,
        busy,
        effect,
        settings.translation_strength * unit,
        settings.shadow_offset * unit,
        settings.shadow_projection,
    )
    void = ~contours
    rgb, below = lay(rgb, shadow, void, settings.overlap_mode)
    rgb, above = lay(rgb, front, void, settings.overlap_mode)
    return rgb, below | above
