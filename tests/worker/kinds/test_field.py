import math

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    FIELD,
    Story,
    advance,
    check_story,
    conclude,
    drawing,
    field_params,
    finish,
    random_pixels,
    seconds_ahead,
    start,
    steps_of,
)
from worker.kinds.costs import DRAWING, RENDERING
from worker.wire.messages import PassDone, Preview

STATUSES = {"coarse", "refining", "converged", "degenerate"}


def check_arrays(
    arrays: dict[str, npt.NDArray[np.generic]], height: int, width: int, tiles: int
) -> None:
    """The contract of the npz."""
    expected = {
        "vectors": (np.float32, (height, width, 4)),
        "lambda2": (np.float32, (height, width)),
        "tiles": (np.int32, (tiles, 4)),
        "theta": (np.float64, (tiles, 4)),
        "residual": (np.float64, (tiles,)),
        "angle_bound": (np.float64, (tiles,)),
        "iterations": (np.int32, (tiles,)),
        "picture": (np.uint8, (height, width, 3)),
    }
    assert set(arrays) == {*expected, "status"}
    for name, (dtype, shape) in expected.items():
        assert arrays[name].dtype == dtype, name
        assert arrays[name].shape == shape, name
    assert arrays["status"].shape == (tiles,)
    assert set(arrays["status"].tolist()) <= STATUSES
    assert not any(np.isnan(arrays[name]).any() for name in expected)
    for name in ("vectors", "lambda2", "theta"):
        assert np.isfinite(arrays[name]).all()


@pytest.mark.parametrize("channels", [3, 4])
def test_a_complete_job(channels: int):
    run = start(drawing(channels=channels), FIELD)
    story = finish(run)
    end = story.end
    check_story(story, passes=1)
    assert end.state == "complete"
    assert end.tiles_done == end.pass_tiles_converged == end.pass_tiles_total == 16
    assert end.arrays
    assert end.channels == 3  # a picture of a field has no alpha
    assert end.field_s > 0
    assert end.angle_bound_median is not None
    assert end.angle_bound_median <= 0.03
    assert not story.of(PassDone)
    arrays = dict(filter(None, run.arrays()))
    check_arrays(arrays, 90, 100, 16)
    assert story.pixels == arrays["picture"].tobytes()
    assert set(arrays["status"].tolist()) <= {"converged", "degenerate"}


def test_tiles_cover_the_picture_and_carry_ascending_values():
    run = start(drawing(), FIELD)
    finish(run)
    arrays = dict(filter(None, run.arrays()))
    covered = np.zeros((90, 100), bool)
    for y, x, h, w in arrays["tiles"]:
        covered[y : y + h, x : x + w] = True
    assert covered.all()
    assert (np.diff(arrays["theta"], axis=1) >= -1e-6).all()
    assert (arrays["theta"][:, 0] > 0).all()
    known = arrays["status"] == "converged"
    assert (arrays["angle_bound"][known] <= 0.03).all()


def test_the_same_job_has_the_same_bytes_and_arrays():
    runs = [start(drawing(), FIELD) for _ in range(2)]
    assert len({finish(run).pixels for run in runs}) == 1
    first, second = (dict(filter(None, run.arrays())) for run in runs)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("render", ["viridis", "ranks"])
@pytest.mark.parametrize("align", ["sign", "ramp", "none"])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_way_to_show_a_field(render: str, align: str, weighted: bool):
    params = field_params(render=render, align=align, structure_weight=weighted, channel=2)
    run = start(drawing(50, 60), params)
    story = finish(run)
    assert len(story.pixels) == 50 * 60 * 3
    check_arrays(dict(filter(None, run.arrays())), 50, 60, story.end.pass_tiles_total)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("render", ["viridis", "ranks"])
def test_concluded_before_any_step(channels: int, render: str):
    run = start(random_pixels(70, 50, channels), field_params(render=render))
    story = conclude(run, Story())
    end = story.end
    assert (end.state, end.tiles_done, end.pass_tiles_converged) == ("partial", 0, 0)
    assert end.angle_bound_median is None
    assert len(story.pixels) == 70 * 50 * 3
    arrays = dict(filter(None, run.arrays()))
    check_arrays(arrays, 70, 50, end.pass_tiles_total)
    assert not arrays["vectors"].any()
    assert story.pixels == arrays["picture"].tobytes()


@pytest.mark.parametrize(
    ("scope", "render"),
    [
        ("tiles", "viridis"),
        ("tiles", "ranks"),
        ("image", "viridis"),
        ("image", "ranks"),
        ("image", "contours"),
    ],
)
def test_nothing_is_shown_for_next_to_nothing(scope: str, render: str):
    # A large picture whose deadline came before its turn was answered too late, with 503.
    params = field_params(scope=scope, render=render)
    run = start(np.broadcast_to(np.uint8(9), (2000, 1500, 3)), params)
    before = RENDERING.s_per_pixel, DRAWING.s_per_pixel
    story = conclude(run, Story())
    assert len(set(zip(*[iter(story.pixels)] * 3, strict=True))) == 1
    assert (RENDERING.s_per_pixel, DRAWING.s_per_pixel) == before


def test_concluded_at_any_step_what_has_no_vector_is_0():
    image = drawing(45, 45)
    steps = finish(start(image, FIELD)).steps
    for stop in (*range(0, steps, 4), steps - 1, steps):
        run = start(image, FIELD)
        story = conclude(run, steps_of(run, stop))
        assert story.end.state == ("complete" if stop == steps else "partial")
        check_story(story, passes=1)
        arrays = dict(filter(None, run.arrays()))
        check_arrays(arrays, 45, 45, story.end.pass_tiles_total)
        known = np.zeros((45, 45), bool)
        for (y, x, h, w), theta in zip(arrays["tiles"], arrays["theta"], strict=True):
            known[y : y + h, x : x + w] |= theta[0] > 0
        assert not arrays["vectors"][~known].any()


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 300, 3), (300, 1, 4), (3, 40, 3), (2, 2, 4), (33, 32, 3)]
)
def test_small_images(shape: tuple[int, int, int]):
    run = start(random_pixels(*shape), FIELD)
    story = finish(run)
    check_story(story, passes=1)
    assert story.end.state == "complete"
    assert len(story.pixels) == math.prod(shape[:2]) * 3
    check_arrays(dict(filter(None, run.arrays())), shape[0], shape[1], story.end.pass_tiles_total)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [255, 0])
def test_a_picture_of_one_colour(weighted: bool, alpha: int):
    image = np.full((70, 40, 4), (10, 20, 30, alpha), np.uint8)
    run = start(image, field_params(structure_weight=weighted))
    story = finish(run)
    assert story.end.state == "complete"
    arrays = dict(filter(None, run.arrays()))
    check_arrays(arrays, 70, 40, story.end.pass_tiles_total)
    assert arrays["vectors"].any() != weighted  # there is nothing to see


def test_what_is_transparent_is_not_seen():
    hidden, plain = drawing(50, 50, 4), np.full((50, 50, 4), 255, np.uint8)
    hidden[..., 3] = 0
    hidden[..., :3] = random_pixels(50, 50)
    assert finish(start(hidden, FIELD)).pixels == finish(start(plain, FIELD)).pixels


def test_previews_show_large_pictures_at_512_pixels():
    run, story = start(np.tile(drawing(130, 130), (1, 8, 1)), FIELD), Story()
    advance(run, story, lambda: bool(story.of(Preview)))
    conclude(run, story)
    check_story(story, passes=1)
    shown = story.of(Preview)[0]
    assert shown.full_width == 1040
    assert shown.width > 512 == shown.pixel_width


def test_estimates_are_seconds_at_every_moment():
    run, story = start(drawing(60, 60), FIELD), Story()
    advance(run, story, lambda: not seconds_ahead(run))
    assert run.finished
    assert seconds_ahead(run)
    assert run.forecast(10.0).offer is None
