"""Jobs with a source: strokes and colours of one picture laid where another one has voids."""

import math
from typing import Any

import msgspec
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
    random_pixels,
    seconds_ahead,
    shade_params,
    start,
    steps_of,
)
from worker.wire.messages import PassDone, Preview, Tiles

TILES = 4 * 4  # of 32 pixels every 24, on 90 x 100
PLAIN = np.full((50, 40, 3), 200, np.uint8)


def source(height: int = 70, width: int = 120, channels: int = 3) -> npt.NDArray[np.uint8]:
    """A drawing other than the target's, in other colours."""
    return np.ascontiguousarray(drawing(height, width, channels)[::-1, :, [1, 0, 2, 3][:channels]])


def cross(target: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8], **changes: Any) -> Story:
    return finish(start(target, shade_params(**changes), other))


@pytest.mark.parametrize("channels", [(3, 3), (3, 4), (4, 3), (4, 4)])
def test_a_complete_job(channels: tuple[int, int]):
    image = drawing(channels=channels[0])
    story = cross(image, source(channels=channels[1]))
    end, of_source = story.end, 3 * 5
    check_story(story, passes=2, of_source=of_source)
    assert (end.state, end.passes_done, end.skipped) == ("complete", 2, [])
    assert end.tiles_done == end.tiles_total == of_source + 2 * TILES
    assert end.pass_tiles_converged == end.pass_tiles_total == TILES
    assert end.channels == channels[0]
    assert len(story.pixels) == image.size
    assert story.pixels not in (image.tobytes(), finish(start(image, SHADE)).pixels)


def test_the_source_comes_first_and_is_told_as_pass_0_without_previews():
    story = cross(drawing(), source())
    of_source = [m for m in story.of(Tiles) if m.pass_index == 0]
    assert [m.pass_index for m in story.of(Tiles)][: len(of_source)] == [0] * len(of_source)
    assert of_source[-1].done == of_source[-1].pass_done == 15
    assert {(c.y, c.x) for m in of_source for c in m.certificates} == {
        (y, x) for y in (0, 24, 38) for x in (0, 24, 48, 72, 88)
    }
    assert {m.pass_index for m in story.of(Preview)} == {1, 2}


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_the_same_job_has_the_same_bytes(low_gate: str):
    first, second = (cross(drawing(), source(), low_gate=low_gate).pixels for _ in range(2))
    assert first == second


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_where_is_the_targets_and_what_is_the_sources(low_gate: str):
    image = drawing()
    red, blue = (np.where(source() > 128, np.uint8(255), np.array(c, np.uint8)) for c in COLOURS)
    of_red, of_blue = (
        laid(image, cross(image, s, passes=1, low_gate=low_gate)) for s in (red, blue)
    )
    assert np.array_equal(of_red[0], of_blue[0])  # the places
    assert of_red[0].sum() > 30
    shown_red, shown_blue = of_red[1][of_red[0]].mean(0), of_blue[1][of_blue[0]].mean(0)
    assert shown_red[0] > shown_blue[0]
    assert shown_red[2] < shown_blue[2]


COLOURS = [(200, 10, 10), (10, 10, 200)]


def laid(image: Any, story: Story) -> tuple[Any, Any]:
    """Where a picture has changed beyond growing, and the picture."""
    out = np.frombuffer(story.pixels, np.uint8).reshape(image.shape)
    grown = np.frombuffer(cross(image, PLAIN, passes=1).pixels, np.uint8).reshape(image.shape)
    return (out != grown).any(2), out


def test_a_source_without_strokes_lends_nothing_and_lines_still_grow():
    image = drawing()
    story = cross(image, PLAIN, passes=1)
    alone = finish(start(image, shade_params(passes=1, min_segment_pixels=10000)))
    assert story.end.state == "complete"
    assert story.pixels == alone.pixels != image.tobytes()


def test_what_is_transparent_in_the_source_is_seen_as_background():
    hidden, plain = source(channels=4), np.full((70, 120, 3), 255, np.uint8)
    hidden[..., 3] = 0
    for low_gate in ("segments", "shadow"):
        pixels = {cross(drawing(), s, low_gate=low_gate).pixels for s in (hidden, plain)}
        assert len(pixels) == 1
    white, black = (cross(drawing(), source(channels=4), background=b) for b in SHADES)
    assert white.pixels != black.pixels


SHADES = [(255, 255, 255), (0, 0, 0)]
SHAPES = [(1, 1, 3), (1, 60, 4), (60, 1, 3), (3, 40, 4), (7, 7, 3), (33, 32, 3), (150, 170, 4)]


@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("small_target", [True, False])
def test_pictures_of_any_size(shape: tuple[int, int, int], low_gate: str, small_target: bool):
    other = random_pixels(*shape)
    target, lent = (other, drawing(40, 50)) if small_target else (drawing(40, 50), other)
    story = cross(target, lent, low_gate=low_gate, min_segment_pixels=1, scale="relative")
    assert (story.end.state, story.end.passes_done) == ("complete", 2)
    assert len(story.pixels) == math.prod(target.shape)


@pytest.mark.parametrize("max_segments", [1, 3])
def test_more_strokes_than_are_wanted(max_segments: int):
    lines = np.full((90, 90, 3), 255, np.uint8)
    lines[4::8, 5:85] = 0
    story = cross(drawing(), lines, max_segments=max_segments)
    assert story.end.state == "complete"
    assert story.pixels != cross(drawing(), lines, max_segments=40).pixels


def test_colours_need_no_field_of_the_source():
    story = cross(drawing(), source(), low_gate="shadow")
    check_story(story, passes=2)
    assert story.end.tiles_total == 2 * TILES
    assert story.pixels != finish(start(drawing(), shade_params(low_gate="shadow"))).pixels


@pytest.mark.parametrize(
    "changes",
    [
        {"field": field_params(scope="image", tolerance=0.1)},
        {"field": field_params(solver="lanczos", iterations=5)},
        {"contours": "spectral"},
        {"contours": "spectral", "field": field_params(scope="image", tolerance=0.1)},
    ],
)
def test_every_kind_of_field(changes: dict[str, Any]):
    story = cross(drawing(), source(), **changes)
    whole = changes.get("field", SHADE.field).scope == "image"
    check_story(story, passes=2, of_source=1 if whole else 15)
    assert story.end.state == "complete"
    assert story.pixels == cross(drawing(), source(), **changes).pixels


def test_concluded_at_any_step_the_result_is_whole():
    image, other = drawing(45, 45, 4), source(50, 50)
    full = finish(start(image, SHADE, other))
    states = []
    for stop in (*range(0, full.steps, 5), full.steps - 2, full.steps - 1):
        run = start(image, SHADE, other)
        story = conclude(run, steps_of(run, stop))
        check_story(story, passes=2, of_source=4)
        assert len(story.pixels) == image.size
        assert story.end.passes_done == len(story.of(PassDone))
        assert story.end.state == ("complete" if run.finished else "partial")
        states.append(story.end.passes_done)
    assert states[0] == 0
    assert max(states) >= 1


def test_while_the_source_is_solved_the_input_comes_back():
    image, story = drawing(), Story()
    run = start(image, SHADE, source())
    for stop in range(3):
        advance(run, story, lambda most=stop: story.steps >= most)
        assert seconds_ahead(run)
    conclude(run, story)
    assert story.pixels == image.tobytes()
    assert (story.end.state, story.end.passes_done, story.end.arrays) == ("partial", 0, False)
    assert story.end.tiles_done <= 15


def test_a_job_that_never_had_a_turn():
    image = drawing()
    story = conclude(start(image, SHADE, source()), Story())
    check_story(story, passes=2, of_source=15)
    assert story.pixels == image.tobytes()
    assert (story.end.state, story.end.tiles_done) == ("partial", 0)
    assert [each.what for each in story.end.skipped] == ["pass 1", "pass 2"]


def test_more_passes_go_on_from_the_fewer():
    one = cross(drawing(), source(), passes=1)
    two = cross(drawing(), source(), passes=2)
    assert next(bytes(p) for m, p in two.emissions if isinstance(m, PassDone)) == one.pixels


def test_effect_0_changes_nothing():
    params = msgspec.structs.replace(SHADE, effect_strength=0)
    assert finish(start(drawing(), params, source())).pixels == drawing().tobytes()
