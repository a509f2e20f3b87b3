"""One pass of the shader: gate, thicken, then segments or shadow."""

from collections.abc import Generator
from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.contours import ContourRule
from worker.shader.envelope import Phase, phase_of
from worker.shader.gate import complexity, spectral_gate
from worker.shader.lines import Lines
from worker.shader.picture import Picture, no_less_opaque, seen
from worker.shader.segments import match
from worker.shader.settings import ShaderSettings
from worker.shader.shadow import cast_shadows
from worker.shader.sketch import Sketch
from worker.shader.source import Source, lent, lines_in, low_strokes
from worker.shader.stages import result_of
from worker.shader.strips import pointwise
from worker.shader.thicken import thicken
from worker.shader.trace import Laying, Trace
from worker.shader.transplant import lay, transplant
from worker.shader.voids import chosen, roomy

THIN = 0.5
"""Share of the radius by which outlines grow: a photograph has no paper to be drawn upon."""


class Shaded(NamedTuple):
    """What a pass results in, and how; without any effect nothing has come about."""

    picture: Picture
    sketch: Sketch | None
    trace: Trace | None = None


class _Ground(NamedTuple):
    """What the second half of a pass works on."""

    rgb: Tensor  # (3, H, W), thickened, as it is seen
    field: Tensor  # (H, W)
    lines: Lines
    gate: Tensor  # (H, W) in 0..1
    busy: Tensor  # (H, W) in 0..1
    filled: Tensor  # (H, W) bool, by thickening
    effect: float


def shade(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    pass_index: int,
    sketch: Sketch | None = None,
    source: Source | None = None,
) -> Picture:
    """The picture after one pass, by its field (H, W); see `shade_stages`."""
    stages = shade_stages(picture, field, settings, rule, pass_index, sketch, source)
    return result_of(stages).picture


def shade_stages(
    picture: Picture,
    field: Tensor,
    settings: ShaderSettings,
    rule: ContourRule,
    pass_index: int,
    sketch: Sketch | None = None,
    source: Source | None = None,
) -> Generator[None, None, Shaded]:
    """One pass, operator by operator: each `yield` is a place to look at the clock.

    Args:
        picture: the result of the pass before.
        field: one eigenvector; 0 where no tile has a vector, and the caller keeps those pixels.
        settings: lengths in pixels or relative to 512, as `scale` says.
        rule: what counts as a line, from the job's input.
        pass_index: 1-based; picks the phase and the decay of the effect.
        sketch: the outlines when the rule asks for them, with what earlier passes have drawn.
        source: another picture, whose pixels are laid; None: the picture's own.
    """
    effect = settings.effect_strength * settings.decay ** (pass_index - 1)
    if effect <= 0:
        return Shaded(picture, sketch)
    before = seen(picture, settings.background)
    lines = lines_in(before, rule) if sketch is None else sketch.lines
    yield
    gate = spectral_gate(field, lines.drawn, settings.percentile, settings.gate_sharpness)
    busy = complexity(field)
    yield
    phase = phase_of(pass_index, settings.envelope)
    layers, filled = _grown(picture.layers, sketch, lines, gate, busy, phase, effect, settings)
    grown = no_less_opaque(layers, picture.alpha, settings.background)
    flat = seen(grown, settings.background)
    yield
    ground = _Ground(flat, field, lines, gate, busy, filled, effect)
    laying = None
    if settings.low_gate == "shadow":
        rgb, painted = _cast(ground, settings, source)
        laid = torch.zeros_like(filled)  # shadows fall on lines, they are none
    else:
        rgb, painted, laying = yield from _lay(ground, settings, sketch, source)
        laid = painted
    if sketch is not None:
        sketch = sketch.after(filled, laid)
    trace = Trace(gate, lines.drawn, filled, laying)
    # The rest keeps its own colour: as it is seen, ink of little opacity would fade every pass.
    rgb = pointwise(lambda new, on, old: new.where(on > 0, old), rgb, painted, grown.rgb)
    if grown.alpha is None:
        return Shaded(Picture(rgb, None), sketch, trace)
    opacity = torch.maximum(grown.alpha, painted.to(grown.alpha.dtype))
    return Shaded(Picture(rgb, opacity), sketch, trace)


def _grown(
    layers: Tensor,
    sketch: Sketch | None,
    lines: Lines,
    gate: Tensor,
    busy: Tensor,
    phase: Phase,
    effect: float,
    settings: ShaderSettings,
) -> tuple[Tensor, Tensor]:
    """The picture's layers with thicker lines, and the pixels that were filled."""
    radius = phase.dilation_radius * settings.unit(gate.shape)
    if sketch is None:
        phase = phase._replace(dilation_radius=radius)
        return thicken(layers, layers, lines, gate, busy, phase, effect)
    phase, ink = phase._replace(dilation_radius=THIN * radius), sketch.inked(layers)
    layers, filled = thicken(layers, ink, lines, gate, busy, phase, effect)
    inked = pointwise(_inked, ink, sketch.outline, gate, layers)
    return inked, filled


def _inked(ink: Tensor, outline: Tensor, gate: Tensor, layers: Tensor) -> Tensor:
    return ink.where(outline & (gate > 0.5), layers)


def _cast(
    ground: _Ground, settings: ShaderSettings, source: Source | None
) -> tuple[Tensor, Tensor]:
    rgb, field, lines, gate, _, _, effect = ground
    content = rgb if source is None else source.rgb
    reach = _reach(settings, field.shape)
    return cast_shadows(rgb, content, field, lines.drawn, gate, effect, *reach)


def _lay(
    ground: _Ground, settings: ShaderSettings, sketch: Sketch | None, source: Source | None
) -> Generator[None, None, tuple[Tensor, Tensor, Laying]]:
    """Lay the matching stroke beside each stroke of low gate, where there is void."""
    rgb, field, lines, gate, busy, filled, effect = ground
    own = lent(low_strokes(lines.lending, gate, settings), field, rgb, sketch)
    yield
    target = own.strokes.largest(settings.max_segments)
    other = own if source is None else source
    reach, projection = _reach(settings, field.shape), settings.shadow_projection
    if target.count == 0 or other.strokes.count == 0:
        none = target.size.new_zeros(0)
        return rgb, torch.zeros_like(filled), Laying(own, other, none, reach[0] * effect, None)
    matched = match(own.described[: target.count], other.described, same=source is None)
    shadow, front = transplant(
        target,
        other.strokes,
        matched,
        other.tinted(effect),
        other.rgb.shape[2],
        busy,
        effect,
        *reach,
        projection,
    )
    taken = lines.drawn | filled
    keep = roomy(front, taken, target.count)
    front = chosen(front, keep)
    rgb, below = lay(rgb, chosen(shadow, keep), ~taken, settings.overlap_mode)
    rgb, above = lay(rgb, front, ~taken, settings.overlap_mode)
    return rgb, below | above, Laying(own, other, matched, reach[0] * effect, front)


def _reach(settings: ShaderSettings, shape: torch.Size) -> tuple[float, float]:
    """How far copies and shadows move, in pixels."""
    unit = settings.unit(shape)
    return settings.translation_strength * unit, settings.shadow_offset * unit
