import math
import time

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    SHADE,
    Story,
    advance,
    check_story,
    conclude,
    drawing,
    field_params,
    finish,
    photo,
    random_pixels,
    seconds_ahead,
    shade_params,
    start,
    steps_of,
)
from worker.kinds import solving
from worker.runs import Run
from worker.wire.messages import PassDone, Preview, Tiles

TILES = 4 * 4  # of 32 pixels every 24, on 90 x 100


def image_of(story: Story, like: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(story.pixels, np.uint8).reshape(like.shape)


def covered_by(run: Run) -> npt.NDArray[np.bool_]:
    """Pixels in a tile that has a vector, by the arrays of the field."""
    arrays = dict(filter(None, run.arrays()))
    covered = np.zeros(arrays["lambda2"].shape, bool)
    for (y, x, h, w), theta in zip(arrays["tiles"], arrays["theta"], strict=True):
        covered[y : y + h, x : x + w] |= theta[0] > 0
    return covered


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_complete_job(low_gate: str, channels: int):
    image = drawing(channels=channels)
    story = finish(start(image, shade_params(low_gate=low_gate)))
    end = story.end
    check_story(story, passes=2)
    assert (end.state, end.passes_done, end.passes_total) == ("complete", 2, 2)
    assert end.pass_tiles_total == TILES
    assert end.pass_tiles_converged == TILES
    assert end.tiles_done == end.tiles_total == 2 * TILES
    assert end.channels == channels
    assert end.arrays
    assert end.angle_bound_median is not None
    assert 0 <= end.angle_bound_median <= 0.03
    assert end.field_s > 0 < end.shade_s
    assert len(story.pixels) == image.size
    assert story.pixels != image.tobytes()


def test_each_pass_tells_its_picture_and_the_last_is_the_answer():
    story = finish(start(drawing(), shade_params(passes=3)))
    pictures = [(m, bytes(p)) for m, p in story.emissions if isinstance(m, PassDone)]
    assert [(m.index, m.of) for m, _ in pictures] == [(1, 3), (2, 3), (3, 3)]
    assert pictures[-1][1] == story.pixels
    assert len({p for _, p in pictures}) == 3
    shown = [m for m in story.of(Preview) if m.kind == "image"]
    assert [m.pass_index for m in shown] == [1, 2, 3]


def test_a_pass_starts_from_the_bytes_of_the_one_before():
    first, second = (finish(start(drawing(), shade_params(passes=n))) for n in (1, 2))
    told = next(bytes(p) for m, p in second.emissions if isinstance(m, PassDone))
    assert told == first.pixels


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("overlap_mode", ["replace", "blend"])
def test_the_same_job_has_the_same_bytes(low_gate: str, overlap_mode: str):
    params = shade_params(low_gate=low_gate, overlap_mode=overlap_mode)
    assert len({finish(start(drawing(), params)).pixels for _ in range(2)}) == 1


@pytest.mark.parametrize("channels", [3, 4])
def test_concluded_before_any_step_the_input_comes_back(channels: int):
    image = random_pixels(70, 50, channels)
    story = conclude(start(image, SHADE), Story())
    end = story.end
    assert story.pixels == image.tobytes()
    assert (end.state, end.passes_done, end.passes_total) == ("partial", 0, 2)
    assert (end.tiles_done, end.pass_tiles_converged) == (0, 0)
    assert end.tiles_total == 2 * end.pass_tiles_total > 0
    assert end.angle_bound_median is None
    assert end.channels == channels
    assert not end.arrays


@pytest.mark.parametrize("channels", [3, 4])
def test_concluded_in_mid_pass_only_covered_pixels_change(
    channels: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(solving.BATCH_PIXELS, "cpu", 16 * 32 * 32)
    image = np.tile(drawing(120, 120, channels), (3, 2, 1))  # more tiles than a batch holds
    shares = []
    for stop in (1, 4, 24):
        run = start(image, shade_params(passes=1, contours="local"))
        story = conclude(run, steps_of(run, stop))
        covered, changed = covered_by(run), (image_of(story, image) != image).any(2)
        assert not (changed & ~covered).any()
        # A pass over a field that is nowhere missing counts, if not as a complete one.
        assert (story.end.state, story.end.passes_done) == ("partial", int(covered.all()))
        assert (
            "refinement of pass 1" in [each.what for each in story.end.skipped]
        ) == covered.all()
        assert story.end.arrays
        shares.append((covered.mean(), changed.mean()))
    assert any(covers < 1 and changes > 0 for covers, changes in shares)
    assert any(covers == 1 and changes > 0 for covers, changes in shares)


def test_concluded_at_any_step_the_result_is_whole():
    image = drawing(45, 45, 4)
    steps = finish(start(image, SHADE)).steps
    assert steps > 10
    states = []
    stops = [*range(0, steps, 6), steps - 2, steps - 1]
    for stop in stops:
        run = start(image, SHADE)
        story = conclude(run, steps_of(run, stop))
        check_story(story, passes=2)
        assert len(story.pixels) == image.size
        assert story.end.passes_done == len(story.of(PassDone))
        assert story.end.state == ("complete" if run.finished else "partial")
        states.append(story.end.state)
    assert states[0] == "partial"  # how far the others get depends on the machine


def test_concluded_while_the_pass_is_shaded_the_pass_is_in_the_picture():
    full = finish(start(drawing(), shade_params(passes=1)))
    run = start(drawing(), shade_params(passes=1))
    story = steps_of(run, full.steps - 1)
    assert not run.finished
    assert conclude(run, story).pixels == full.pixels


@pytest.mark.parametrize(
    ("image", "effect"), [(drawing(channels=4), 0), (np.full((40, 50, 4), 77, np.uint8), 1)]
)
def test_nothing_to_draw_leaves_the_bytes_alone(image: npt.NDArray[np.uint8], effect: float):
    story = finish(start(image, shade_params(effect_strength=effect)))
    assert (story.end.state, story.end.passes_done) == ("complete", 2)
    assert story.pixels == image.tobytes()


def test_alpha_only_grows():
    image = drawing(channels=4)
    story = finish(start(image, shade_params(passes=3)))
    out = image_of(story, image)
    assert (out[..., 3] >= image[..., 3]).all()
    ink = image[..., 3] > 0
    assert np.array_equal(out[ink], image[ink])


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 60, 3), (60, 1, 4), (3, 40, 3), (7, 7, 4), (33, 32, 3)]
)
def test_small_images(shape: tuple[int, int, int]):
    story = finish(start(random_pixels(*shape), shade_params(min_segment_pixels=1)))
    check_story(story, passes=2)
    assert story.end.state == "complete"
    assert len(story.pixels) == math.prod(shape)


def test_sixteen_passes():
    image = drawing(40, 40)
    story = finish(start(image, shade_params(passes=16, min_segment_pixels=4)))
    check_story(story, passes=16)
    assert (story.end.passes_done, len(story.of(PassDone))) == (16, 16)
    assert story.end.tiles_done == story.end.tiles_total
    assert len(story.pixels) == image.size


@pytest.mark.parametrize("channel", [2, 4])
@pytest.mark.parametrize("align", ["sign", "ramp", "none"])
def test_any_channel_may_drive(channel: int, align: str):
    params = shade_params(field=field_params(channel=channel, align=align), passes=1)
    story = finish(start(drawing(60, 60), params))
    check_story(story, passes=1)
    assert story.end.state == "complete"


def test_a_photograph_is_shaded():
    image = photo()
    story = finish(start(image, shade_params(passes=1)))
    assert 0 < (image_of(story, image) != image).any(2).mean() < 0.5


def test_estimates_are_seconds_at_every_moment():
    run, story = start(drawing(), SHADE), Story()
    advance(run, story, lambda: not seconds_ahead(run))
    assert run.finished
    assert seconds_ahead(run)
    assert run.forecast(10.0).offer is None


def test_previews_of_the_field_come_at_most_ten_a_second_per_pass():
    begun = time.monotonic()
    story = finish(start(drawing(), SHADE))
    seconds = time.monotonic() - begun
    fields = [m for m in story.of(Preview) if m.kind == "field"]
    # One at the start of a pass, one at its end, and ten a second in between.
    assert len(fields) <= 2 * 2 + 10 * seconds + 1
    assert {m.pass_index for m in fields} == {1, 2}


def test_certificates_are_those_of_the_field():
    run = start(drawing(), shade_params(passes=1))
    story = finish(run)
    last = {(c.y, c.x): c for m in story.of(Tiles) for c in m.certificates}
    arrays = dict(filter(None, run.arrays()))
    assert len(last) == TILES
    for i, (y, x, h, w) in enumerate(arrays["tiles"]):
        told = last[y, x]
        assert (told.height, told.width) == (h, w)
        assert told.status == arrays["status"][i]
        assert told.lambda2 == arrays["theta"][i, 0]
        assert told.iterations == arrays["iterations"][i]
        bound = arrays["angle_bound"][i]
        assert told.angle_bound == (bound if np.isfinite(bound) else None)
