from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.worker.shader.drawings import (
    SETTINGS,
    coloured,
    filled_art,
    line_art,
    noise,
    opaque,
    photograph,
    settings,
    waves,
)
from worker.shader import order, strips
from worker.shader.colour import luma
from worker.shader.contours import ContourRule, contour_rule, find_contours
from worker.shader.gate import complexity, spectral_gate
from worker.shader.lines import Lines
from worker.shader.picture import Picture, seen
from worker.shader.settings import ShaderSettings
from worker.shader.shader import shade, shade_stages
from worker.shader.sketch import sketch_of
from worker.shader.source import Source, colours_only, source_of
from worker.shader.stages import result_of
from worker.shader.thicken import thicken

ART = opaque(coloured(line_art()))
GLOBAL = ContourRule("global")
SIZES = [(1, 1), (1, 300), (3, 40), (40, 3), (2, 2), (65, 64)]


def shaded(picture: Picture, chosen: ShaderSettings = SETTINGS, pass_index: int = 1) -> Picture:
    rule = contour_rule(luma(seen(picture, chosen.background)), "auto")
    return shade(picture, waves(*picture.alpha.shape), chosen, rule, pass_index)


def translucent(seed: int = 3) -> Picture:
    """Ink of different opacity on paper that is not there."""
    drawing = line_art()
    alpha = torch.where(drawing < 0.5, 0.6 + 0.4 * noise(128, 128, seed=seed), 0.0)
    return Picture(coloured(drawing), alpha)


def same(a: Picture, b: Picture) -> bool:
    return torch.equal(a.rgb, b.rgb) and torch.equal(a.alpha, b.alpha)


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("mode", ["replace", "blend"])
@pytest.mark.parametrize("projection", ["diameter", "fixed"])
def test_a_pass_is_deterministic_and_changes_something(low_gate: str, mode: str, projection: str):
    chosen = settings(low_gate=low_gate, overlap_mode=mode, shadow_projection=projection)
    first = shaded(ART, chosen)
    assert same(first, shaded(ART, chosen))
    changed = (first.rgb != ART.rgb).any(0).float().mean()
    assert 0.02 < float(changed) < 0.5


def test_stages_end_in_the_picture():
    ended: list[Picture] = []

    def followed() -> Iterator[None]:
        ended.append((yield from shade_stages(ART, waves(128, 128), SETTINGS, GLOBAL, 1)).picture)

    assert len(list(followed())) >= 3
    assert same(ended[0], shade(ART, waves(128, 128), SETTINGS, GLOBAL, 1))


@pytest.mark.parametrize("picture", [ART, translucent()], ids=["opaque", "translucent"])
@pytest.mark.parametrize(("change", "pass_index"), [({"effect_strength": 0}, 1), ({"decay": 0}, 2)])
def test_without_effect_nothing_changes(picture: Picture, change: dict[str, Any], pass_index: int):
    assert same(shaded(picture, settings(**change), pass_index), picture)


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0])
def test_without_contours_nothing_changes(low_gate: str, alpha: float):
    plain = Picture(torch.full((3, 50, 40), 0.3), torch.full((50, 40), alpha))
    assert same(shaded(plain, settings(low_gate=low_gate)), plain)


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_alpha_only_grows_and_what_is_not_painted_keeps_its_colour(low_gate: str):
    picture = translucent()
    out = shaded(picture, settings(low_gate=low_gate))
    assert (out.alpha >= picture.alpha).all()
    assert (out.alpha > picture.alpha).any()
    if low_gate == "segments":  # copies land in voids, lines grow beside themselves
        ink = find_contours(luma(seen(picture, SETTINGS.background)), GLOBAL)
        assert torch.equal(out.rgb[:, ink], picture.rgb[:, ink])
        assert torch.equal(out.alpha[ink], picture.alpha[ink])


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_decay_weakens_the_passes_after_the_first(low_gate: str):
    full, weak, fading = (
        settings(low_gate=low_gate, effect_strength=strength, decay=decay)
        for strength, decay in ((1, 1), (0.5, 1), (1, 0.5))
    )
    assert not same(shaded(ART, full, 2), shaded(ART, weak, 2))
    assert same(shaded(ART, fading, 1), shaded(ART, full, 1))
    assert same(shaded(ART, fading, 2), shaded(ART, weak, 2))


def test_an_opaque_alpha_is_as_none():
    out = shaded(ART)
    assert (out.alpha == 1).all()


def test_thin_ink_grows_on_opaque_paper_as_it_is_seen():
    alpha = torch.where(line_art() < 0.5, 0.5, 1.0)
    picture = Picture(line_art().expand(3, -1, -1), alpha)
    out = shaded(picture, settings(percentile=0, min_segment_pixels=10000))
    looks = seen(out, SETTINGS.background)[0]
    grown = (looks < 0.9) & (line_art() > 0.5)
    assert grown.sum() > 200
    assert float(looks[grown].median()) == pytest.approx(0.5, abs=1e-6)


def test_content_stays_under_copies():
    """Copies land in voids; contours change only by growing."""
    field = waves(128, 128)
    out = shade(ART, field, SETTINGS, GLOBAL, 1)
    contours = find_contours(luma(ART.rgb), GLOBAL)
    assert torch.equal(out.rgb[:, contours], ART.rgb[:, contours])


def test_percentile_0_only_grows():
    chosen = settings(percentile=0, min_segment_pixels=10000)
    out, field = shaded(ART, chosen), waves(128, 128)
    contours = find_contours(luma(ART.rgb), GLOBAL)
    gate = spectral_gate(field, contours, 0, 3)
    lines, busy = Lines(contours, contours, contours), complexity(field)
    grown, filled = thicken(ART.rgb, ART.rgb, lines, gate, busy, SETTINGS.envelope[0], 1.0)
    assert filled.any()
    assert torch.equal(out.rgb, grown)


def test_lengths_may_follow_the_size_of_the_picture():
    assert same(shaded(ART, settings(scale="px")), shaded(ART))
    relative = shaded(ART, settings(scale="relative"))
    assert not same(relative, shaded(ART))
    large = opaque(coloured(line_art(512, 512)))
    assert same(shaded(large, settings(scale="relative")), shaded(large))


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("shape", SIZES)
def test_every_size_has_an_answer(low_gate: str, shape: tuple[int, int]):
    picture = Picture(noise(3, *shape), noise(*shape, seed=4))
    chosen = settings(low_gate=low_gate, min_segment_pixels=1, effect_strength=4.0)
    for kind in ("global", "local", "edges"):
        out = shade(picture, waves(*shape), chosen, ContourRule(kind), 1)  # type: ignore[arg-type]
        proper(out, shape)


def proper(picture: Picture, shape: tuple[int, int]) -> None:
    assert picture.rgb.shape == (3, *shape)
    assert picture.alpha.shape == shape
    for layer in (*picture.rgb, picture.alpha):
        assert bool(layer.isfinite().all())
        assert -1e-6 <= float(layer.min()) <= float(layer.max()) <= 1 + 1e-6


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("tone", [filled_art(), photograph(), line_art()])
@pytest.mark.parametrize("field", ["waves", "flat", "huge"])
def test_pass_after_pass_stays_a_picture(low_gate: str, tone: Tensor, field: str):
    values = {"waves": 1.0, "flat": 0.0, "huge": 1e6}[field] * waves(*tone.shape)
    picture, rule = opaque(coloured(tone)), contour_rule(tone, "auto")
    chosen = settings(low_gate=low_gate, gate_sharpness=100)
    for index in (1, 2, 3):
        picture = shade(picture, values, chosen, rule, index)
        proper(picture, (tone.shape[0], tone.shape[1]))


# --- with a source ---------------------------------------------------------------------------


def lent(side: int = 90, seed: int = 0, ink: tuple[float, ...] = (0.9, 0.1, 0.1)) -> Source:
    """What a box, a ring and a slope in one colour lend."""
    tone = line_art(side, side + seed)
    colour = torch.tensor(ink)[:, None, None].expand(3, *tone.shape)
    rgb = torch.where(tone < 0.5, colour, torch.ones(()))
    return source_of(opaque(rgb), waves(*tone.shape), settings(min_segment_pixels=6), GLOBAL)


def crossed(source: Source, chosen: ShaderSettings = SETTINGS) -> Picture:
    return shade(ART, waves(128, 128), chosen, GLOBAL, 1, source=source)


def grown() -> Picture:
    """The pass with nothing laid."""
    return crossed(colours_only(torch.ones(3, 4, 4)))


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_a_source_lends_its_colours(low_gate: str):
    chosen = settings(low_gate=low_gate)
    red, blue = (crossed(lent(ink=c), chosen) for c in ((0.9, 0.1, 0.1), (0.1, 0.1, 0.9)))
    differ = (red.rgb != blue.rgb).any(0)
    assert differ.sum() > 100
    assert float(red.rgb[0][differ].mean()) > float(blue.rgb[0][differ].mean())
    assert float(red.rgb[2][differ].mean()) < float(blue.rgb[2][differ].mean())
    assert same(red, crossed(lent(), chosen))


def test_strokes_of_a_source_land_in_voids_beside_the_strokes_of_the_target():
    out, ink = crossed(lent()), find_contours(luma(ART.rgb), GLOBAL)
    laid = (out.rgb != grown().rgb).any(0)
    assert laid.sum() > 100
    assert not (laid & ink).any()
    assert torch.equal(out.rgb[:, ink], ART.rgb[:, ink])


def test_strokes_stay_off_what_has_just_grown():
    filled = (grown().rgb != ART.rgb).any(0)
    assert filled.sum() > 100
    assert torch.equal(crossed(lent()).rgb[:, filled], grown().rgb[:, filled])


def test_outlines_grow_by_less_than_the_radius_of_lines(monkeypatch: pytest.MonkeyPatch):
    outline = find_contours(luma(ART.rgb), GLOBAL)
    drawn, none = sketch_of(ART.rgb, outline, own_colours=True), colours_only(torch.ones(3, 4, 4))

    def growth() -> int:
        stages = shade_stages(ART, waves(128, 128), SETTINGS, GLOBAL, 1, drawn, none)
        after = result_of(stages).sketch
        assert not after.marks.any()
        return int(after.grown.sum())

    thin = growth()
    monkeypatch.setattr("worker.shader.shader.THIN", 1.0)
    assert 0 < thin < growth()


def test_without_strokes_to_lend_lines_only_grow():
    alone = shade(ART, waves(128, 128), settings(min_segment_pixels=10000), GLOBAL, 1)
    assert same(grown(), alone)
    assert not same(grown(), ART)


def test_in_self_mode_no_segment_is_its_own_source():
    """Beside another picture just the same, segments do match themselves."""
    itself = source_of(ART, waves(128, 128), SETTINGS, GLOBAL)
    assert not same(crossed(itself), shaded(ART))


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("target", SIZES)
@pytest.mark.parametrize("of_source", [(1, 1), (2, 300), (130, 140)])
def test_every_size_of_both_has_an_answer(
    low_gate: str, target: tuple[int, int], of_source: tuple[int, int]
):
    chosen = settings(low_gate=low_gate, min_segment_pixels=1, effect_strength=4.0)
    pictures = [Picture(noise(3, *s), noise(*s, seed=4)) for s in (target, of_source)]
    source = source_of(pictures[1], waves(*of_source), chosen, GLOBAL)
    proper(shade(pictures[0], waves(*target), chosen, GLOBAL, 1, source=source), target)


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("kind", ["global", "local", "outlines"])
def test_a_pass_does_not_depend_on_the_strips(
    monkeypatch: pytest.MonkeyPatch, low_gate: str, kind: Any
):
    picture, field = translucent(), waves(128, 128)
    rgb = seen(picture, SETTINGS.background)
    sketch = sketch_of(rgb, line_art() < 0.5, own_colours=True) if kind == "outlines" else None
    chosen, rule = settings(low_gate=low_gate), ContourRule(kind)

    def passed() -> Picture:
        return shade(picture, field, chosen, rule, 1, sketch)

    whole = passed()
    monkeypatch.setattr(strips, "STRIP_PIXELS", 1000)
    monkeypatch.setattr(order, "PIECE", 100)
    assert same(passed(), whole)
