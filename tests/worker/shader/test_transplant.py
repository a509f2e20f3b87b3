import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from tests.worker.shader.drawings import noise
from worker.shader.segments import Segments, find_segments
from worker.shader.transplant import Fragments, lay, transplant

SIDE = 60
L_SHAPE = [(10, 10), (11, 10), (12, 10), (13, 10), (14, 10), (14, 11), (14, 12)]  # (y, x)


def mask_of(*shapes: list[tuple[int, int]]) -> Tensor:
    mask = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    for y, x in (pixel for shape in shapes for pixel in shape):
        mask[y, x] = True
    return mask


def segments_of(*shapes: list[tuple[int, int]]) -> Segments:
    return find_segments(mask_of(*shapes), 1, 100, 64)


def transplanted(
    target: Segments, source: Segments, matched: Tensor, rgb: Tensor, busy: Tensor, *rest: Any
) -> tuple[Fragments, Fragments]:
    """With shadows half as bright as fronts; the rest: effect, translation, offset, projection."""
    own = rgb.flatten(1)[:, source.pixels]
    return transplant(target, source, matched, (0.5 * own, own), rgb.shape[2], busy, *rest)


def moved(
    segments: Segments, rgb: Tensor, translation: float, offset: float, projection: str = "fixed"
) -> tuple[Fragments, Fragments]:
    """Every segment onto itself, with effect 1 and a calm field."""
    itself = torch.arange(segments.count)
    calm = torch.zeros(SIDE, SIDE)
    return transplanted(segments, segments, itself, rgb, calm, 1.0, translation, offset, projection)


def places(fragments: Fragments) -> list[tuple[int, int]]:
    return sorted(zip(fragments.y.tolist(), fragments.x.tolist(), strict=True))


def test_an_l_turns_by_90_degrees_about_its_centroid_and_shifts():
    # Centroid (88 / 7, 73 / 7) = (12.571, 10.429). A pixel at (cy + a, cx + b) turns to
    # (cy + b, cx - a) and shifts by (0.7, 0.5) * 20 = (14, 10). So (10, 10) goes to
    # (12.571 - 0.429, 10.429 + 2.571) = (12.143, 13.0) and on to (26.143, 23.0).
    _, front = moved(segments_of(L_SHAPE), noise(3, SIDE, SIDE), 20.0, 0.0)
    stem = [(26, x) for x in (23, 22, 21, 20, 19)]
    foot = [(27, 19), (28, 19)]
    assert places(front) == sorted(stem + foot)


def test_colours_travel_with_their_pixels():
    rgb = noise(3, SIDE, SIDE)
    shadow, front = moved(segments_of(L_SHAPE), rgb, 20.0, 3.0)
    at = {place: i for i, place in enumerate(zip(front.y.tolist(), front.x.tolist(), strict=True))}
    corner = rgb[:, 14, 10]
    assert torch.equal(front.rgb[:, at[26, 19]], corner)
    assert torch.equal(shadow.rgb[:, at[26, 19]], 0.5 * corner)


def test_a_segment_lands_about_the_centre_of_its_target():
    square = [(40 + i, 30 + j) for i in range(5) for j in range(5)]
    segments = segments_of(L_SHAPE, square)  # the square is larger, so it is the first
    matched = torch.tensor([1, 0])
    rgb, calm = noise(3, SIDE, SIDE), torch.zeros(SIDE, SIDE)
    _, front = transplanted(segments, segments, matched, rgb, calm, 1.0, 0.0, 0.0, "fixed")
    assert front.owner.tolist() == [0] * 7 + [1] * 25
    landed = torch.stack((front.y, front.x), 1).float()
    assert_allclose(landed[:7].mean(0), segments.centre[0], atol=0.51)
    assert_allclose(landed[7:].mean(0), segments.centre[1], atol=0.51)


def test_effect_and_translation_scale_the_shift():
    segments, rgb, calm = segments_of(L_SHAPE), noise(3, SIDE, SIDE), torch.zeros(SIDE, SIDE)
    itself = torch.zeros(1, dtype=torch.int64)
    near, far = (
        transplanted(segments, segments, itself, rgb, calm, effect, 20.0, 0.0, "fixed")[1]
        for effect in (0.0, 2.0)
    )
    assert set((far.y - near.y).tolist()) == {28}
    assert set((far.x - near.x).tolist()) == {20}


def test_a_fixed_shadow_lies_one_step_down_and_right():
    shadow, front = moved(segments_of(L_SHAPE), noise(3, SIDE, SIDE), 20.0, 4.0)
    assert set((shadow.y - front.y).tolist()) == set((shadow.x - front.x).tolist()) == {4}


def test_a_shadow_by_diameter_lies_further_out_and_less_so_on_busy_ground():
    line = [(30, x) for x in range(10, 51)]  # diagonal hypot(1, 41), turned it stands upright
    segments, rgb = segments_of(line), noise(3, SIDE, SIDE)
    shadow, front = moved(segments, rgb, 0.0, 16.0, "diameter")
    away = (shadow.y - front.y).sign() * (front.y - 30).sign()
    assert (away[front.y != 30] == 1).all()
    reach = 16 * (1 + 41**2) ** 0.5 / 64
    assert_allclose((shadow.y - front.y).abs()[front.y != 30], reach, atol=0.51)
    assert torch.equal(shadow.x, front.x)
    itself = torch.zeros(1, dtype=torch.int64)
    busy = torch.full((SIDE, SIDE), 1.0)
    none, _ = transplanted(segments, segments, itself, rgb, busy, 1.0, 0.0, 16.0, "diameter")
    assert places(none) == places(front)


def landed(
    target: Segments, source: Segments, matched: list[int], busy: Tensor, projection: str
) -> tuple[list[tuple[float, ...]], ...]:
    """Places of shadows and fronts pixel by pixel, before they are rounded: effect 1.5, 15, 8."""
    shadows, fronts = [], []
    for t, s in enumerate(matched):
        calm = 1 - float(busy.flatten()[target.pixels[target.owner == t]].double().mean())
        height, width = source.extent[s].tolist()
        for pixel in source.pixels[source.owner == s].tolist():
            y, x = divmod(pixel, WIDE)
            b, a = y - float(source.centre[s, 0]), x - float(source.centre[s, 1])
            a, b = -b, a  # (x, y) to (-y, x)
            front_y = float(target.centre[t, 0]) + b + 15 * 1.5 * 0.7
            front_x = float(target.centre[t, 1]) + a + 15 * 1.5 * 0.5
            if projection == "fixed":
                out_y = out_x = 8 * 1.5
            else:
                reach = 8 * 1.5 * math.hypot(height, width) / 64 * calm
                out_y, out_x = (reach * d / max(math.hypot(a, b), 1e-6) for d in (b, a))
            fronts.append((front_y, front_x))
            shadows.append((front_y + out_y, front_x + out_x))
    return shadows, fronts


WIDE = 90  # pixels of a source that is wider than its target


@pytest.mark.parametrize("projection", ["diameter", "fixed"])
def test_strokes_of_another_picture_pixel_by_pixel(projection: str):
    target = find_segments(noise(SIDE, SIDE) < 0.2, 2, 12, 20)
    source = find_segments(noise(40, WIDE, seed=2) < 0.3, 3, 30, 20)
    rgb, busy = noise(3, 40, WIDE, seed=3), noise(SIDE, SIDE, seed=4)
    matched = (noise(target.count) * source.count).long()
    found = transplanted(target, source, matched, rgb, busy, 1.5, 15.0, 8.0, projection)
    expected = landed(target, source, matched.tolist(), busy, projection)
    own = torch.cat([source.pixels[source.owner == s] for s in matched])
    for fragments, places, tint in zip(found, expected, (0.5, 1.0), strict=True):
        apart = torch.stack((fragments.y, fragments.x), 1) - torch.tensor(places)
        assert float(apart.abs().max()) < 0.5 + 2e-3
        assert torch.equal(fragments.rgb, tint * rgb.flatten(1)[:, own])
        assert fragments.owner.tolist() == sorted(fragments.owner.tolist())


# --- laying ----------------------------------------------------------------------------------

WHITE = torch.ones(3, SIDE, SIDE)
VOID = torch.ones(SIDE, SIDE, dtype=torch.bool)


def square(top: int, left: int, colour: float, owner: int, side: int = 10) -> Fragments:
    y, x = (c.flatten() for c in torch.meshgrid(*(torch.arange(side),) * 2, indexing="ij"))
    rgb = torch.full((3, side * side), colour)
    return Fragments(y + top, x + left, rgb, torch.full((side * side,), owner))


def together(*parts: Fragments) -> Fragments:
    return Fragments(
        torch.cat([p.y for p in parts]),
        torch.cat([p.x for p in parts]),
        torch.cat([p.rgb for p in parts], 1),
        torch.cat([p.owner for p in parts]),
    )


@pytest.mark.parametrize("mode", ["replace", "blend"])
def test_content_is_never_overwritten_and_the_rest_stays(mode: str):
    canvas, void = noise(3, SIDE, SIDE), noise(SIDE, SIDE) < 0.5
    painting = together(square(5, 5, 0.2, 0), square(10, 10, 0.6, 1))
    out, painted = lay(canvas, painting, void, mode)
    hit = torch.zeros_like(void)
    hit[painting.y, painting.x] = True
    assert torch.equal(painted, hit & void)
    assert torch.equal(out[:, ~painted], canvas[:, ~painted])
    assert (out[:, painted] <= 0.6).all()


@pytest.mark.parametrize("mode", ["replace", "blend"])
def test_what_falls_outside_is_dropped(mode: str):
    far = together(
        square(-5, -5, 0.1, 0), square(SIDE - 4, 20, 0.2, 1), square(20, SIDE, 0.3, 2),
        square(-10, 3, 0.4, 3), square(30, -200, 0.5, 4),
    )  # fmt: skip
    out, painted = lay(WHITE, far, VOID, mode)
    assert int(painted.sum()) == 5 * 5 + 4 * 10
    assert_allclose(out[:, :5, :5], 0.1, atol=1e-6)
    assert_allclose(out[:, -4:, 20:30], 0.2, atol=1e-6)
    assert torch.equal(out[:, ~painted], WHITE[:, ~painted])


@pytest.mark.parametrize("mode", ["replace", "blend"])
def test_no_fragments_paint_nothing(mode: str):
    none = Fragments(*(torch.zeros(0, dtype=torch.int64),) * 2, torch.zeros(3, 0), torch.zeros(0))
    out, painted = lay(WHITE, none, VOID, mode)
    assert torch.equal(out, WHITE)
    assert not painted.any()


def test_modes_differ_only_where_segments_of_different_colours_overlap():
    painting = together(
        square(5, 5, 0.2, 0), square(10, 10, 0.6, 1), square(12, 3, 0.2, 2), square(40, 40, 0.9, 3)
    )
    replaced, blended = (lay(WHITE, painting, VOID, mode) for mode in ("replace", "blend"))
    assert torch.equal(replaced[1], blended[1])
    colours = torch.zeros(4, SIDE, SIDE, dtype=torch.bool)
    for colour in painting.rgb[0].unique():
        here = painting.rgb[0] == colour
        colours[int(colour * 4), painting.y[here], painting.x[here]] = True  # 0.2, 0.6, 0.9
    mixed = colours.sum(0) > 1
    assert mixed.any()
    assert torch.equal(((replaced[0] - blended[0]).abs() > 1e-6).any(0), mixed)


@pytest.mark.parametrize("mode", ["replace", "blend"])
def test_laying_pixel_by_pixel(mode: str):
    count, canvas, void = 3000, noise(3, SIDE, SIDE), noise(SIDE, SIDE, seed=9) < 0.7
    fragments = Fragments(
        *((noise(count, seed=s) * (SIDE + 20) - 10).long() for s in (1, 2)),
        noise(3, count, seed=3),
        (noise(count, seed=4) * 40).long().sort().values,
    )
    hits: dict[tuple[int, int], list[int]] = {}
    for i, place in enumerate(zip(fragments.y.tolist(), fragments.x.tolist(), strict=True)):
        if all(0 <= c < SIDE for c in place) and void[place]:
            hits.setdefault(place, []).append(i)
    expected = canvas.clone()
    for (y, x), own in hits.items():
        chosen = own[-1:] if mode == "replace" else own
        expected[:, y, x] = fragments.rgb[:, chosen].double().mean(1).float()
    out, painted = lay(canvas, fragments, void, mode)
    assert_allclose(out, expected, atol=1e-7)
    assert {*map(tuple, painted.nonzero().tolist())} == {*hits}
    assert max(map(len, hits.values())) > 2


def test_of_overlapping_strokes_the_smaller_one_is_seen_and_of_equals_the_later():
    bar, dash, last = ([(30, x) for x in range(9 - i)] for i in (0, 2, 2))
    shapes = (bar, [(y + 4, x) for y, x in dash], [(y + 8, x) for y, x in last])
    segments = segments_of(*shapes)
    assert segments.size.tolist() == [9, 7, 7]
    itself = torch.arange(3)
    middle = replace(segments, centre=torch.full((3, 2), 20.0))
    rgb = torch.zeros(3, SIDE, SIDE)
    for s, tone in enumerate((0.2, 0.5, 0.9)):
        rgb.view(3, -1)[:, segments.pixels[segments.owner == s]] = tone
    calm = torch.zeros(SIDE, SIDE)
    _, front = transplanted(middle, segments, itself, rgb, calm, 1.0, 0.0, 0.0, "fixed")
    out, painted = lay(WHITE, front, VOID, "replace")
    assert int(painted.sum()) == 9
    column = out[0, 16:25, 20]  # turned, all stand on one another, the longest shows its ends
    assert_allclose(column, [0.2, *[0.9] * 7, 0.2], atol=1e-6)


def test_the_later_segment_wins():
    painting = together(square(5, 5, 0.2, 0), square(10, 10, 0.6, 1))
    out, _ = lay(WHITE, painting, VOID, "replace")
    assert_allclose(out[0, 10:20, 10:20], 0.6)
    assert_allclose(out[0, 5:10, 5:15], 0.2)


def test_blend_is_the_mean():
    painting = together(square(5, 5, 0.2, 0), square(5, 5, 0.6, 1), square(5, 5, 0.7, 2))
    out, _ = lay(WHITE, painting, VOID, "blend")
    assert_allclose(out[:, 5:15, 5:15], 0.5, atol=1e-6)


def test_blend_is_independent_of_the_order_to_the_last_bit():
    count = 5000
    fragments = Fragments(
        *((noise(count, seed=s) * 12).long() for s in (1, 2)), noise(3, count), torch.zeros(count)
    )
    first, _ = lay(WHITE, fragments, VOID, "blend")
    for seed in range(4):
        order = noise(count, seed=seed).argsort()
        shuffled = Fragments(
            fragments.y[order], fragments.x[order], fragments.rgb[:, order], fragments.owner
        )
        assert torch.equal(lay(WHITE, shuffled, VOID, "blend")[0], first)
