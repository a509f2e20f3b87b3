"""The project's own pictures: always the same, of the sizes and colours that their kind has."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawings import CLASSES, DRAWINGS, PHOTOGRAPHS
from benchmarks.drawings.dots import ordered
from benchmarks.drawings.pen import Pen, arc, closed, curve
from benchmarks.drawings.pixel_art import cottage, sprite

INK, PAPER = (0, 0, 0), (255, 255, 255)

SIZES = {
    **dict.fromkeys(("whale", "potato", "plant", "cup", "face", "snail"), (512, 512)),
    **dict.fromkeys(("boxes", "portrait"), (384, 384)),
    **dict.fromkeys(("balloons", "dither", "checkerboard"), (256, 256)),
    "sprite": (320, 320),
    "cottage": (64, 64),
}


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {tuple(c) for c in np.unique(np.asarray(image).reshape(-1, 3), axis=0).tolist()}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_is_the_same_each_time_and_of_its_size(name: str):
    first, second = DRAWINGS[name](), DRAWINGS[name]()
    assert first.mode == "RGB"
    assert first.size == SIZES[name]
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", CLASSES["line art"])
def test_line_art_is_black_on_white_and_mostly_paper(name: str):
    image = DRAWINGS[name]()
    assert colours(image) == {INK, PAPER}
    assert 0.005 < (np.asarray(image) == 0).mean() < 0.1


@pytest.mark.parametrize("name", CLASSES["dither"])
def test_dither_has_two_colours_and_no_large_empty_paper(name: str):
    image = DRAWINGS[name]()
    assert colours(image) == {INK, PAPER}
    assert 0.2 < (np.asarray(image) == 0).mean() < 0.8


@pytest.mark.parametrize("name", [*CLASSES["marker and flat colours"], *CLASSES["pixel art"]])
def test_flat_art_has_a_handful_of_colours(name: str):
    assert 5 <= len(colours(DRAWINGS[name]())) <= 24


def test_every_picture_is_of_one_class():
    named = [name for names in CLASSES.values() for name in names]
    assert sorted(named) == sorted([*DRAWINGS, *PHOTOGRAPHS])


@pytest.mark.parametrize("make", PHOTOGRAPHS.values(), ids=list(PHOTOGRAPHS))
def test_photographs_are_of_a_size_for_many_jobs(make: Callable[[], Image.Image]):
    image = make()
    assert image.mode == "RGB"
    assert 256 <= max(image.size) <= 512


def test_pixels_of_a_sprite_are_squares():
    small, large = sprite(1), sprite(7)
    assert large.size == (112, 112)
    assert large.resize(small.size, Image.Resampling.NEAREST).tobytes() == small.tobytes()
    assert np.array_equal(np.asarray(small).repeat(7, 0).repeat(7, 1), np.asarray(large))
    assert cottage().size == (64, 64)


def test_a_hand_wavers_by_its_seed():
    def drawn(seed: int) -> bytes:
        pen = Pen(seed, (64, 64))
        pen.line([(8, 32), (56, 32)], 3, waver=4)
        return pen.picture().tobytes()

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_line_without_waver_is_where_and_as_wide_as_asked():
    pen = Pen(1, (64, 64))
    pen.line([(8, 32), (56, 32)], 6, waver=0, swell=0)
    ink = np.asarray(pen.picture().convert("L")) == 0
    assert ink[:, 20:44].sum(0).tolist() == [6] * 24
    assert set(np.nonzero(ink)[0]) == {29, 30, 31, 32, 33, 34}


def test_tapered_strokes_are_thinner_at_their_ends():
    pen = Pen(1, (96, 32))
    pen.line([(8, 16), (88, 16)], 8, waver=0, swell=0, taper=0.4)
    widths = (np.asarray(pen.picture().convert("L")) == 0).sum(0)
    assert widths[10] < widths[24] < widths[48] > widths[72] > widths[86]


def test_curves_go_through_their_points():
    points = [(0.0, 0.0), (10.0, 4.0), (20.0, -3.0), (30.0, 0.0)]
    assert set(points) <= set(curve(points))


def test_closed_curves_come_back():
    ring = closed([(10, 0), (0, 10), (-10, 0), (0, -10)])
    assert np.hypot(*np.subtract(ring[0], ring[-1])) < 1
    assert np.hypot(*np.array(ring).T).min() > 7  # no chord across


def test_arcs_are_on_their_ellipse():
    xs, ys = np.array(arc((5, 6), (4, 2), 0, 360)).T
    assert np.allclose(((xs - 5) / 4) ** 2 + ((ys - 6) / 2) ** 2, 1)


@pytest.mark.parametrize("tone", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_ordered_dither_keeps_the_tone(tone: float):
    white = np.asarray(ordered(np.full((37, 50), tone)).convert("L")) > 0
    assert abs(white.mean() - tone) < 0.06
