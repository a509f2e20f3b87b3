"""How long a source may take, and what is remembered of it."""

from typing import Any

import pytest

from tests.worker.kinds.jobs import (
    SHADE,
    Clock,
    Story,
    advance,
    check_story,
    conclude,
    drawing,
    finish,
    random_pixels,
    shade_params,
    start,
    steps_of,
)
from tests.worker.kinds.test_cross import source
from worker.kinds import borrowing
from worker.wire.messages import Preview, Tiles

OF_SOURCE = 3 * 5


def of_source(story: Story) -> list[Tiles]:
    return [m for m in story.of(Tiles) if m.pass_index == 0]


@pytest.mark.parametrize("budget_s", [0.0, 1e-6])
def test_without_time_the_source_has_one_step_and_all_passes_are_made(budget_s: float):
    story = finish(start(drawing(), SHADE, source(), budget_s))
    end = story.end
    check_story(story, passes=2, of_source=OF_SOURCE)
    assert (end.state, end.passes_done, len(of_source(story))) == ("partial", 2, 1)
    (skipped,) = end.skipped
    assert skipped.what == "source"
    assert f"of {OF_SOURCE} tiles" in skipped.why
    assert end.tiles_done < end.tiles_total


def test_half_of_the_time_is_the_sources(monkeypatch: pytest.MonkeyPatch):
    full, known = (finish(start(drawing(), SHADE, source())) for _ in range(2))
    steps = full.steps - known.steps  # of the source's field
    assert steps > 4
    monkeypatch.setattr(borrowing.SHADING, "s_per_pixel", 0.0)
    for budget_s, whole in ((2 * steps - 3, False), (2 * steps + 1, True)):
        borrowing.SOURCES.clear()
        monkeypatch.setattr(borrowing, "perf_counter", Clock(1.0))
        story = finish(start(drawing(), SHADE, source(), float(budget_s)))
        assert (story.end.state == "complete") == whole
        assert (story.pixels == full.pixels) or not whole


def test_the_search_for_strokes_counts_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(borrowing.SHADING, "s_per_pixel", 1.0)
    story = finish(start(drawing(), SHADE, source()))
    assert [s.what for s in story.end.skipped] == ["source"]


def test_colours_are_never_cut_short():
    params = shade_params(low_gate="shadow")
    assert finish(start(drawing(), params, source(), 0.0)).end.state == "complete"


def test_a_field_that_is_known_is_not_solved_again():
    first, second = (finish(start(drawing(), SHADE, source())) for _ in range(2))
    assert second.pixels == first.pixels
    assert second.end.state == "complete"
    check_story(second, passes=2, of_source=OF_SOURCE)
    (told,) = of_source(second)
    assert (told.done, told.pass_done, told.certificates) == (OF_SOURCE, OF_SOURCE, [])
    assert second.emissions[0][0] is told
    assert second.end.tiles_done == second.end.tiles_total
    assert second.steps <= first.steps - len(of_source(first))


def test_it_is_told_with_the_first_step():
    finish(start(drawing(), SHADE, source()))
    run = start(random_pixels(60, 60), SHADE, source())
    assert conclude(run, steps_of(run, 0)).end.tiles_done == 0
    run = start(random_pixels(60, 60), SHADE, source())
    assert conclude(run, steps_of(run, 1)).end.tiles_done == OF_SOURCE


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"percentile": 60, "passes": 1, "max_segments": 3, "envelope": ()}, True),
        ({"background": (0, 0, 0)}, False),
        ({"contours": "spectral"}, False),
    ],
)
def test_what_a_field_depends_on(changes: dict[str, Any], known: bool):
    finish(start(drawing(), SHADE, source()))
    changes = {"envelope": SHADE.envelope} | changes
    changes["envelope"] = changes["envelope"] or SHADE.envelope
    run = start(drawing(), shade_params(**changes), source())
    assert (conclude(run, steps_of(run, 1)).end.tiles_done == OF_SOURCE) == known


def test_spectral_outlines_are_remembered_with_it():
    params = shade_params(contours="spectral")
    first, second = (finish(start(drawing(), params, source())) for _ in range(2))
    assert second.pixels == first.pixels
    assert len(of_source(second)) == 1


def test_what_was_cut_short_is_not_remembered():
    finish(start(drawing(), SHADE, source(), 0.0))
    story = finish(start(drawing(), SHADE, source()))
    assert len(of_source(story)) > 1
    assert story.end.state == "complete"


def test_nothing_is_shown_of_the_source():
    run, story = start(drawing(), SHADE, source()), Story()
    advance(run, story, lambda: len(of_source(story)) == 3)
    assert not story.of(Preview)
