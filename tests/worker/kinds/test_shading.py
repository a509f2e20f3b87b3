from typing import Any

import pytest
import torch

from tests.worker.kinds.jobs import CPU, drawing, finish, shade_params, start
from tests.worker.kinds.test_cross import source
from worker.kinds.lender import Lender
from worker.kinds.pixels import to_picture, to_pixels
from worker.kinds.settings import shader_settings
from worker.kinds.shading import Shading
from worker.shader.picture import Picture


def picture(image: Any) -> Picture:
    return to_picture(image.tobytes(), *image.shape, CPU)


def shading(image: Any, other: Any = None, **changes: Any) -> Shading:
    params = shade_params(**changes)
    settings = shader_settings(params)
    lender = None
    if other is not None:
        lender = Lender(lambda: picture(other), other.shape[:2], params, settings)
    return Shading(picture(image), params, settings, lender)


def ended(one: Shading) -> Shading:
    while not one.finished:
        one.step()
    return one


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_the_bytes_are_those_of_the_job(channels: int, crossed: bool, low_gate: str):
    image, other = drawing(channels=channels), source() if crossed else None
    one = ended(shading(image, other, low_gate=low_gate))
    job = finish(start(image, shade_params(low_gate=low_gate), other))
    assert bytes(to_pixels(one.picture)) == job.pixels


def test_the_stages_follow_each_other():
    one, stages = shading(drawing(), source()), []
    while not one.finished:
        if not stages or stages[-1] != one.stage:
            stages.append(one.stage)
        one.step()
    assert stages == ["source", "strokes", "field", "shader", "field", "shader"]


def test_only_field_steps_have_tiles_to_tell_of():
    one = shading(drawing(), source())
    told = {"source": 0, "strokes": 0, "field": 0, "shader": 0}
    while not one.finished:
        stage = one.stage
        told[stage] += len(one.step())
    assert told["source"] > 0 < told["field"]
    assert told["strokes"] == told["shader"] == 0


def test_after_the_end_nothing_happens():
    one = ended(shading(drawing(40, 40), passes=1))
    before = one.picture
    assert one.step() == []
    assert one.picture is before
    assert one.passes_done == 1


def test_a_pass_under_way_can_be_brought_to_its_end():
    one = shading(drawing(), passes=1)
    while not one.shading:
        one.step()
    one.last_pass()
    assert one.passes_done == 1
    assert bytes(to_pixels(one.picture)) == bytes(
        to_pixels(ended(shading(drawing(), passes=1)).picture)
    )


@pytest.mark.parametrize("crossed", [True, False])
def test_the_top_of_a_pass_changes_only_there(crossed: bool):
    one = shading(drawing(), source() if crossed else None, passes=1, contours="local")
    while one.stage != "shader":
        one.step()
    for rows in (1, 20, 90):
        top = one.top_of_pass(rows)
        assert top.rgb.shape == (3, rows, 100)
        assert bool(top.rgb.isfinite().all())
    whole = ended(shading(drawing(), source() if crossed else None, passes=1, contours="local"))
    assert bytes(to_pixels(top)) == bytes(to_pixels(whole.picture))


def test_lengths_in_the_top_of_a_tall_picture_are_relative_to_the_whole_of_it():
    tops = []
    for scale in ("px", "relative"):  # of 512 pixels they are the same
        one = shading(drawing(512, 64), passes=1, contours="local", scale=scale)
        while one.stage != "shader":
            one.step()
        tops.append(one.top_of_pass(150).rgb)
    assert torch.equal(*tops)


def test_one_lender_serves_many():
    params = shade_params()
    settings = shader_settings(params)
    lender = Lender(lambda: picture(source()), source().shape[:2], params, settings)
    pictures = [ended(Shading(picture(drawing()), params, settings, lender)).picture for _ in "ab"]
    assert torch.equal(pictures[0].rgb, pictures[1].rgb)
    assert torch.equal(pictures[0].rgb, ended(shading(drawing(), source())).picture.rgb)
