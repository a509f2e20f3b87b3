from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from scipy import ndimage

from tests.worker.kinds.jobs import CPU, drawing, field_params, shade_params
from tests.worker.shader.drawings import noise
from worker.kinds import outlines, solving, spectrum
from worker.kinds.pixels import to_picture
from worker.kinds.settings import shader_settings
from worker.kinds.spectrum import Spectrum, line_rule
from worker.shader.colour import luma
from worker.shader.contours import find_edges, tone_level
from worker.shader.picture import Picture


def of(image: Any, previous: Spectrum | None = None, **changes: Any) -> Spectrum:
    params = shade_params(**changes)
    picture = to_picture(image.tobytes(), *image.shape, CPU)
    return Spectrum(picture, params, shader_settings(params), previous)


def solved(one: Spectrum) -> Spectrum:
    while not one.ready:
        one.step()
    return one


def test_solved_it_knows_all_of_the_picture():
    one = solved(of(drawing()))
    assert one.rows_solved() == 90
    assert bool(one.covered().all())
    ground = one.ground()
    assert ground.picture is one.picture
    assert ground.field.shape == (90, 100)
    assert float(ground.field.abs().max()) > 0
    assert ground.sketch is None


def test_before_the_first_step_it_knows_nothing():
    one = of(drawing())
    assert not one.ready
    assert one.rows_solved() == 0
    assert not one.covered().any()
    assert not one.ground().field.any()


def test_on_the_way_the_rows_from_the_top_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("worker.numerics.field.WHOLE_PIXELS", 1)
    monkeypatch.setattr("worker.numerics.field.STRIP_TILES", 1)
    monkeypatch.setitem(solving.BATCH_PIXELS, "cpu", 4 * 32 * 32)
    busy = (np.asarray(noise(120, 100, 3)) * 255).astype(np.uint8)
    one, seen = of(busy), set()
    while not one.ready:
        rows, covered = one.rows_solved(), one.covered()
        assert not covered[rows:].any()
        assert rows == 0 or bool(covered[rows - 1].any())
        seen.add(rows)
        one.step()
    assert seen == {0, 32, 56, 80, 104, 120}


def test_blank_paper_is_nothing_to_draw_upon():
    paper = np.full((200, 100, 3), 255, np.uint8)
    assert solved(of(paper)).rows_solved() == 0
    paper[20:60, 20:60] = drawing()[:40, :40]
    assert 0 < solved(of(paper)).rows_solved() < 120


@pytest.mark.parametrize("channels", [3, 4])
def test_the_top_is_judged_as_part_of_the_whole(channels: int):
    one = solved(of(drawing(channels=channels)))
    top, whole = one.top(30), one.ground()
    assert top.picture.rgb.shape == (3, 30, 100)
    assert (top.picture.alpha is None) == (channels == 3)
    assert torch.allclose(top.field, whole.field[:30], atol=1e-6)
    assert whole.rule.level is None
    assert top.rule._replace(level=None) == whole.rule
    if channels == 3:
        luma = torch.tensor([0.299, 0.587, 0.114]) @ one.picture.rgb.reshape(3, -1)
        assert top.rule.level == pytest.approx(tone_level(luma), abs=1e-5)


def test_the_rule_is_that_of_the_input():
    first = solved(of(drawing()))
    black = np.zeros((90, 100, 3), np.uint8)
    assert of(black, first).rule() == first.rule() != of(black).rule()


def test_the_rule_of_a_large_picture_comes_from_bands_of_it(monkeypatch: pytest.MonkeyPatch):
    tall = torch.ones(3, 960, 50)
    tall[:, 48:96] = 0  # between the bands that are looked at
    white = (1.0, 1.0, 1.0)
    assert line_rule(Picture(tall, None), white, "global").dark
    monkeypatch.setattr(spectrum, "SAMPLE_PIXELS", 960 * 50 // 2)
    assert not line_rule(Picture(tall, None), white, "global").dark


def outlined(scope: str, contours: str = "spectral") -> Spectrum:
    return of(drawing(), contours=contours, field=field_params(scope=scope))


@pytest.mark.parametrize("scope", ["tiles", "image"])
def test_outlines_are_part_of_it(scope: str):
    one = solved(outlined(scope))
    ground = one.ground()
    assert ground.rule.kind == "outlines"
    assert ground.sketch.outline.shape == (90, 100)
    assert 50 < int(ground.sketch.outline.sum()) < 3000
    assert not (ground.sketch.grown | ground.sketch.marks).any()
    assert torch.equal(one.top(40).sketch.outline, ground.sketch.outline[:40])


def test_outlines_are_looked_for_once():
    one = solved(outlined("tiles"))
    picture, params = one.picture, shade_params(contours="spectral")
    drawn = one.ground().sketch.after(torch.zeros(90, 100, dtype=torch.bool), picture.rgb[0] > 0.5)
    following = Spectrum(picture, params, shader_settings(params), one, drawn)
    while not following.solver.finished:
        following.step()
    assert following.ready
    assert torch.equal(following.ground().sketch.marks, drawn.marks)


def test_before_there_are_outlines_edges_of_the_tone_stand_in():
    one = outlined("tiles")
    assert torch.equal(one.ground().sketch.outline, find_edges(luma(one.picture.rgb)))
    top = one.top(40)
    assert torch.equal(top.sketch.outline, find_edges(luma(top.picture.rgb)))
    found = solved(one).ground().sketch.outline
    assert not torch.equal(found, find_edges(luma(one.picture.rgb)))


def test_borders_of_aggregates_are_no_outlines():
    """Modes prolonged from a coarse level are steps, and each step would be a line."""
    photograph = skimage.data.astronaut()[:200, 120:320]
    one, counts = of(np.ascontiguousarray(photograph), contours="spectral"), []
    while not one.ready:
        one.step()
        counts.append(int(one.ground().sketch.outline.sum()))
    assert len(set(counts)) > 2
    assert max(counts) < 2 * counts[-1]


def test_outlines_of_a_large_picture_are_those_of_a_smaller_copy(monkeypatch: pytest.MonkeyPatch):
    whole = solved(outlined("tiles")).ground().sketch.outline
    monkeypatch.setattr(outlines, "MOST_PIXELS", 90 * 100 // 3)
    reduced = solved(outlined("tiles")).ground().sketch.outline
    assert reduced.shape == whole.shape
    assert not torch.equal(reduced, whole)
    near = ndimage.distance_transform_edt(~whole.numpy()) <= 4
    assert near[reduced.numpy()].mean() > 0.8
