"""How passes came about: told before each of them, true to it, and without changing it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    Story,
    advance,
    conclude,
    drawing,
    finish,
    photo,
    shade_params,
    start,
)
from worker.wire.explained import PLACE, Match, Segment, layer_sizes
from worker.wire.messages import Explained, PassDone

IMAGE, SOURCE = drawing(130, 150), drawing(140, 240)


class Told:
    """One pass as it was explained."""

    def __init__(self, message: Explained, payload: bytes, shape: tuple[int, ...]) -> None:
        height, width = shape[:2]
        self.message = message
        sizes = layer_sizes(height * width, message.segments)
        assert len(payload) == sum(sizes)
        gate, lines, places = np.split(np.frombuffer(payload, np.uint8), np.cumsum(sizes)[:-1])
        self.gate = gate.reshape(height, width)
        self.lines = np.unpackbits(lines, count=height * width).reshape(height, width) > 0
        ends = np.cumsum([each.pixels for each in message.segments])
        pixels = places.view(PLACE)
        self.strokes = [
            np.stack(np.unravel_index(part, (height, width)), 1)
            for part in np.split(pixels, ends[:-1])
            if len(part)
        ]


def told(story: Story, shape: tuple[int, ...]) -> list[Told]:
    return [
        Told(message, bytes(payload), shape)
        for message, payload in story.emissions
        if isinstance(message, Explained)
    ]


def pictures(story: Story) -> list[bytes]:
    return [bytes(payload) for message, payload in story.emissions if isinstance(message, PassDone)]


def centres(strokes: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """x and y of each."""
    return np.array([each.mean(0)[::-1] for each in strokes])


def among(places: list[tuple[float, float]], known: npt.NDArray[Any]) -> bool:
    apart = np.abs(np.array(places)[:, None] - known[None]).max(2)
    return bool((apart.min(1) < 1e-3).all())


@pytest.fixture(scope="module")
def explained() -> Story:
    return finish(start(IMAGE, shade_params(), explain=True))


def test_nothing_is_explained_unasked():
    assert not finish(start(IMAGE, shade_params())).of(Explained)


@pytest.mark.parametrize("changes", [{}, {"low_gate": "shadow"}, {"contours": "spectral"}])
def test_the_passes_are_the_same(changes: dict[str, Any]):
    plain, explained = (
        finish(start(IMAGE, shade_params(**changes), SOURCE, explain=explain))
        for explain in (False, True)
    )
    assert pictures(explained) == pictures(plain)
    assert len(explained.of(Explained)) == 2


def test_each_pass_is_explained_before_it_is_told(explained: Story):
    kinds = [message for message, _ in explained.emissions]
    order = [
        (type(each).__name__, each.index)
        for each in kinds
        if isinstance(each, Explained | PassDone)
    ]
    assert order == [("Explained", 1), ("PassDone", 1), ("Explained", 2), ("PassDone", 2)]


def test_the_lines_of_a_drawing_are_its_ink(explained: Story):
    first = told(explained, IMAGE.shape)[0]
    ink = IMAGE.mean(2) < 128
    assert (first.lines == ink).mean() > 0.98


def test_segments_lie_on_lines_where_the_gate_is_low(explained: Story):
    for each in told(explained, IMAGE.shape):
        assert each.message.segments
        sizes = [segment.pixels for segment in each.message.segments]
        assert sizes == sorted(sizes, reverse=True)
        for segment, stroke in zip(each.message.segments, each.strokes, strict=True):
            y, x = stroke.T
            assert segment == Segment(x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1, len(stroke))
            assert each.lines[y, x].all()
            assert each.gate[y, x].max() <= 128


def test_a_match_is_a_stroke_of_the_picture_laid_beside_another(explained: Story):
    for each in told(explained, IMAGE.shape):
        known, matches = centres(each.strokes), each.message.matches
        assert matches
        assert among([match.lent for match in matches], known)
        assert among([match.beside for match in matches], known)
        for match in matches:
            assert match.lent != match.beside
            assert match.turn == 90
            assert match.distance >= 0
            # By the translation strength of 15 pixels.
            shift = np.subtract(match.to, match.beside)
            assert shift == pytest.approx([7.5, 10.5], abs=1e-3)


def test_copies_are_where_the_matches_say():
    """Alone in its pass, a stroke that was lent is found where its copy should be."""
    params = shade_params(passes=1, max_segments=1, shadow_offset=0, shadow_projection="fixed")
    story = finish(start(IMAGE, params, explain=True))
    [only] = told(story, IMAGE.shape)
    [match] = only.message.matches
    after = np.frombuffer(story.pixels, np.uint8).reshape(IMAGE.shape)
    [lent] = [s for s in only.strokes if among([match.lent], centres([s]))]
    offset = lent - np.flip(match.lent)  # y and x
    laid = np.floor(np.flip(match.to) + np.stack((offset[:, 1], -offset[:, 0]), 1) + 0.499)
    laid = laid.astype(int)
    inside = ((laid >= 0) & (laid < IMAGE.shape[:2])).all(1)
    y, x = laid[inside].T
    changed = (after != IMAGE).any(2)
    assert (changed[y, x] | only.lines[y, x]).mean() > 0.9  # but for what was grown before


def test_strokes_of_a_source_are_in_its_pixels():
    story = finish(start(IMAGE, shade_params(), SOURCE, explain=True))
    beyond = [match.lent[0] for each in story.of(Explained) for match in each.matches]
    assert max(beyond) > IMAGE.shape[1]
    assert max(beyond) < SOURCE.shape[1]
    for each in told(story, IMAGE.shape):
        assert among([match.beside for match in each.message.matches], centres(each.strokes))


@pytest.mark.parametrize(
    ("changes", "layers"),
    [({"low_gate": "shadow"}, True), ({"effect_strength": 0}, False)],
)
def test_without_strokes_there_are_no_matches(changes: dict[str, Any], layers: bool):
    story = finish(start(IMAGE, shade_params(passes=1, **changes), explain=True))
    [only] = told(story, IMAGE.shape)
    assert only.message.segments == []
    assert only.message.matches == []
    assert bool(only.lines.any()) == bool(only.gate.any()) == layers


def test_blank_paper_is_explained_as_well():
    image = np.full((40, 50, 4), 255, np.uint8)
    story = finish(start(image, shade_params(passes=1), explain=True))
    [only] = told(story, image.shape)
    assert not only.lines.any()
    assert only.message.segments == []


def test_a_photograph_has_its_outlines_for_lines():
    image = photo()
    story = finish(start(image, shade_params(passes=2), explain=True))
    first, second = told(story, image.shape)
    assert 0 < first.lines.mean() < 0.5
    assert (second.lines | ~first.lines).all()  # what is drawn stays


def test_a_pass_that_the_deadline_cuts_short_is_explained():
    run = start(IMAGE, shade_params(passes=3), explain=True)
    story = advance(run, Story(), lambda: run.stage == "shader")
    conclude(run, story)
    assert story.end.passes_done == len(story.of(PassDone)) == len(story.of(Explained)) == 1


def test_matches_are_what_the_wire_takes(explained: Story):
    for each in explained.of(Explained):
        for match in each.matches:
            assert isinstance(match, Match)
            assert [type(x) for x in (*match.lent, *match.to, *match.beside)] == [float] * 6
