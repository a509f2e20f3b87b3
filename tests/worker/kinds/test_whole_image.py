"""Jobs whose field, contours or drawing come from the graph of the whole image."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
import skimage.data

from tests.worker.kinds.jobs import (
    Story,
    advance,
    check_story,
    conclude,
    drawing,
    field_params,
    finish,
    random_pixels,
    shade_params,
    start,
)
from tests.worker.kinds.test_field import check_arrays
from worker.wire.messages import Tiles

WHOLE = field_params(scope="image", tolerance=0.1)


def arrays_of(run: Any) -> dict[str, Any]:
    return dict(filter(None, run.arrays()))


def test_a_field_of_one_graph():
    run = start(drawing(), WHOLE)
    story = finish(run)
    check_story(story, passes=1)
    assert story.end.state == "complete"
    assert story.end.pass_tiles_converged == story.end.pass_tiles_total == 1
    assert story.end.angle_bound_max is not None
    assert story.end.angle_bound_max <= 0.1
    arrays = arrays_of(run)
    check_arrays(arrays, 90, 100, 1)
    assert arrays["tiles"].tolist() == [[0, 0, 90, 100]]
    assert np.allclose(np.square(arrays["vectors"]).sum((0, 1)), 1, atol=1e-4)


def test_its_progress_is_the_falling_bound():
    story = finish(start(random_pixels(90, 100), WHOLE))
    bounds = [
        c.angle_bound
        for message in story.of(Tiles)
        for c in message.certificates
        if c.angle_bound is not None
    ]
    assert len(bounds) >= 2
    assert bounds[-1] <= 0.1 < bounds[0]


@pytest.mark.parametrize(("paper", "channels"), [((255, 250, 240), 3), (None, 4)])
def test_a_line_drawing(paper: tuple[int, int, int] | None, channels: int):
    params = field_params(scope="image", tolerance=0.1, render="contours", background=paper)
    run = start(drawing(), params)
    story = finish(run)
    assert story.end.channels == channels
    picture = np.frombuffer(story.pixels, np.uint8).reshape(90, 100, channels)
    ink = picture[..., 3] > 128 if paper is None else picture[..., 0] < 128
    assert 0.005 < ink.mean() < 0.3
    arrays = arrays_of(run)
    assert (arrays.pop("picture") == picture).all()
    svg = ET.fromstring(arrays.pop("svg").tobytes())
    assert svg.get("viewBox") == "0 0 100 90"
    assert "picture" not in arrays
    assert arrays["vectors"].shape == (90, 100, 4)


def test_a_drawing_before_any_step_is_blank_paper():
    params = field_params(scope="image", tolerance=0.1, render="contours")
    story = conclude(start(drawing(), params), Story())
    assert story.end.state == "partial"
    assert set(story.pixels) == {255}


def test_a_drawing_is_never_made_of_the_borders_of_aggregates():
    """Modes prolonged from a coarse level are steps, and each step would be a line."""
    params = field_params(scope="image", tolerance=0.1, render="contours")
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:200, 120:320])
    run, ink = start(photograph, params), []
    while not run.finished:
        run.step()
        ((_, pixels),) = run.conclude(0.0)
        ink.append(int((np.frombuffer(pixels, np.uint8) < 128).sum()))
    assert ink[0] == 0
    assert max(ink) < 2 * ink[-1]


@pytest.mark.parametrize("scope", ["tiles", "image"])
def test_shading_by_spectral_contours(scope: str):
    changes = {"scope": scope, "tolerance": 0.1}
    params = shade_params(contours="spectral", field=field_params(**changes))
    run = start(drawing(), params)
    story = finish(run)
    check_story(story, passes=2)
    assert story.end.state == "complete"
    assert story.pixels != drawing().tobytes()


@pytest.mark.parametrize("scope", ["tiles", "image"])
def test_spectral_contours_concluded_at_any_step(scope: str):
    params = shade_params(contours="spectral", passes=1, field=field_params(scope=scope))
    for stop in (0, 2, 5, 9, 14):
        run, story = start(drawing(), params), Story()
        advance(run, story, lambda most=stop, story=story: story.steps >= most)
        conclude(run, story)
        assert len(story.pixels) == 90 * 100 * 3


def test_the_reference_mode_takes_the_steps_it_was_asked_for():
    run = start(drawing(), field_params(solver="lanczos", iterations=15))
    story = finish(run)
    check_story(story, passes=1)
    arrays = arrays_of(run)
    check_arrays(arrays, 90, 100, 16)
    assert set(arrays["iterations"].tolist()) == {15}
    assert set(arrays["status"].tolist()) <= {"refining", "converged"}
