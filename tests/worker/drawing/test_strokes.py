import numpy as np
import pytest

from worker.drawing.lines import Lines
from worker.drawing.strokes import SPACING, resampled, smoothed, touching


def made(*lines: list[tuple[float, float]]) -> Lines:
    start = np.cumsum([0, *map(len, lines)])
    points = np.array([point for line in lines for point in line], float)
    return Lines(points, np.linspace(0, 1, len(points)), start)


def row(y: float, first: int, last: int) -> list[tuple[float, float]]:
    return [(y, float(x)) for x in range(first, last + 1)]


def column(x: float, first: int, last: int) -> list[tuple[float, float]]:
    return [(float(y), x) for y in range(first, last + 1)]


CIRCLE = [(50 + 20 * np.sin(a), 50 + 20 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 127)[:-1]]
CIRCLE.append(CIRCLE[0])


def test_an_end_goes_on_to_the_line_ahead():
    lines = touching(made(row(30, 20, 40), column(44, 10, 60)), 100, 100)
    assert lines.start.tolist() == [0, 22, 73]
    assert lines.points[21].tolist() == [30, 44]
    assert lines.weight[21] == lines.weight[20]


def test_both_ends_of_neighbouring_lines_go_on():
    # The last end of the first line and the first end of the second go to the same place.
    lines = touching(made(row(30, 20, 40), column(44, 33, 60), row(30, 44, 70)), 100, 100)
    assert lines.points[:22].tolist() == [list(p) for p in [*row(30, 20, 40), (30.0, 44.0)]]
    assert lines.points[22].tolist() == [30, 44]
    assert lines.points[23].tolist() == [33, 44]


def test_an_end_does_not_go_back_nor_far_nor_to_its_own_line():
    apart = made(row(30, 20, 40), column(36, 37, 60), column(60, 10, 60))
    assert np.array_equal(touching(apart, 100, 100).points, apart.points)
    alone = made(row(30, 20, 40))
    assert np.array_equal(touching(alone, 100, 100).points, alone.points)


def test_an_end_near_the_border_goes_on_to_it():
    lines = touching(made(row(30, 3, 40)), 100, 45)
    assert lines.points[0].tolist() == [30, -0.5]
    assert lines.points[-1].tolist() == [30, 44.5]


def test_closed_lines_have_no_ends():
    lines = made(CIRCLE, column(73, 40, 60))
    assert lines.closed.tolist() == [True, False]
    assert np.array_equal(touching(lines, 100, 100).points, lines.points)


def test_smoothing_takes_stairs_out_and_leaves_ends_and_circles():
    stairs = made([(float(x // 3), float(x)) for x in range(60)])
    even = smoothed(stairs)
    assert np.array_equal(even.points[[0, -1]], stairs.points[[0, -1]])
    slope = np.diff(even.points[15:45, 0])
    assert np.abs(slope - 1 / 3).max() < 0.1
    circle = smoothed(made(CIRCLE))
    assert circle.closed.all()
    assert np.abs(np.hypot(*(circle.points - 50).T) - 20).max() < 0.3


@pytest.mark.parametrize("spacing", [SPACING, 4.0, 7.0])
def test_resampled_points_are_even_and_lie_on_the_line(spacing: float):
    lines = resampled(made(CIRCLE, row(5, 10, 80), row(9, 3, 4)), spacing)
    assert lines.closed.tolist() == [True, False, False]
    for first, last in zip(lines.start, lines.start[1:], strict=False):
        steps = np.linalg.norm(np.diff(lines.points[first:last], axis=0), axis=1)
        assert np.allclose(steps, steps.mean(), rtol=0.02)
        assert steps.mean() < 1.5 * spacing
    assert np.abs(np.hypot(*(lines.points[: lines.start[1]] - 50).T) - 20).max() < 0.1
    straight = lines.points[lines.start[1] : lines.start[2]]
    assert (straight[:, 0] == 5).all()
    assert straight[[0, -1], 1].tolist() == [10, 80]


def test_nothing_stays_nothing():
    nothing = Lines(np.zeros((0, 2)), np.zeros(0), np.zeros(1, np.int64))
    for lines in (touching(nothing, 9, 9), smoothed(nothing), resampled(nothing)):
        assert len(lines.points) == 0
        assert lines.start.tolist() == [0]
