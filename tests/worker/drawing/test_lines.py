import numpy as np
import pytest
import torch

from tests.worker.drawing.shapes import disc, flat, inside, noisy, plane, radii, two_regions
from worker.drawing.lines import Lines, ridge_lines
from worker.drawing.strokes import spectral_lines

SIZES = [(1, 1), (1, 300), (300, 1), (2, 2), (3, 40), (16, 15), (40, 60), (128, 128)]


def length(lines: Lines) -> float:
    steps = np.linalg.norm(np.diff(lines.points, axis=0), axis=1)
    return float(np.delete(steps, lines.start[1:-1] - 1).sum())


@pytest.mark.parametrize("radius", [20.0, 40.0, 60.2])
def test_a_disc_is_one_closed_line_at_its_radius(radius: float):
    lines = spectral_lines(*disc(radius))
    assert len(lines.start) == 2
    assert lines.closed.tolist() == [True]
    assert np.abs(radii(lines.points) - radius).max() < 0.5
    assert length(lines) == pytest.approx(2 * np.pi * radius, rel=0.03)


def test_two_regions_are_two_closed_lines():
    lines = spectral_lines(*two_regions())
    assert lines.closed.tolist() == [True, True]
    middle = [lines.points[a:b].mean(0) for a, b in zip(lines.start, lines.start[1:], strict=False)]
    middle.sort(key=lambda centre: centre[0])
    assert np.allclose(middle, [(60, 60), (130, 170)], atol=2)


@pytest.mark.parametrize("shape", [(40, 60), (64, 64), (128, 128), (256, 256), (100, 300)])
def test_a_flat_picture_has_no_lines(shape: tuple[int, int]):
    for modes in (flat(*shape), noisy(flat(*shape), 1e-4)):
        assert len(spectral_lines(*modes).start) == 1


def test_the_flat_surroundings_of_a_shape_stay_empty_when_modes_have_not_converged():
    modes, theta = disc(40.0)
    waves, values = flat(150, 160)
    modes, theta = torch.cat((modes[:1], waves)), torch.cat((theta[:1], values))
    lines = spectral_lines(*noisy((modes, theta), 1e-3))
    assert np.abs(radii(lines.points) - 40).max() < 1


def test_neither_scale_nor_sign_of_the_modes_matters():
    modes, theta = two_regions()
    expected = spectral_lines(modes, theta)
    found = spectral_lines(modes * torch.tensor([-64.0, 0.125])[:, None, None], theta)
    assert found.start.tolist() == expected.start.tolist()
    assert np.allclose(found.points, expected.points, atol=0.01)


def test_the_same_modes_give_the_same_lines():
    first, second = spectral_lines(*two_regions()), spectral_lines(*two_regions())
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_both_edges_of_a_pen_stroke_are_one_line():
    x = torch.arange(120, dtype=torch.float32).expand(120, 120)
    step = (x >= 60).float() + (x >= 62).float()  # the stroke's two pixels are a region between
    lines = spectral_lines(step[None], torch.tensor([1e-5]))
    assert len(lines.start) == 2
    assert np.abs(lines.points[:, 1] - 60.5).max() < 0.5


def test_a_line_across_the_picture_goes_from_border_to_border():
    y = torch.arange(100, dtype=torch.float32)[:, None].expand(100, 130)
    lines = spectral_lines((y > 40).float()[None], torch.tensor([0.003]))
    assert len(lines.start) == 2
    assert lines.points[:, 1].min() == -0.5
    assert lines.points[:, 1].max() == 129.5


def test_a_region_that_the_border_cuts_has_no_line_along_the_border():
    y, x = plane(100, 130)
    half = inside(torch.hypot(y + 3.3, x - 60) - 50)
    lines = spectral_lines(half[None], torch.tensor([0.003]))
    assert len(lines.start) == 2
    assert not lines.closed.any()
    inner = lines.points[:, 0] < 3
    assert np.abs(np.abs(lines.points[inner, 1] - 60) - 49.7).max() < 1.5


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("count", [0, 1, 9])
def test_every_shape_has_an_answer(shape: tuple[int, int], count: int):
    generator = torch.Generator().manual_seed(0)
    modes = torch.randn(count, *shape, generator=generator)
    lines = spectral_lines(modes, torch.linspace(0.01, 0.1, count))
    height, width = shape
    assert np.isfinite(lines.points).all()
    assert ((lines.points >= -0.5) & (lines.points <= (height - 0.5, width - 0.5))).all()
    assert ((lines.weight >= 0) & (lines.weight <= 1)).all()
    assert lines.start[0] == 0
    assert lines.start[-1] == len(lines.points)


def test_chosen_lines_are_those_alone():
    lines = ridge_lines(*two_regions())
    second = lines.chosen(np.array([False, True]))
    assert np.array_equal(second.points, lines.points[lines.start[1] :])
    assert second.start.tolist() == [0, lines.start[2] - lines.start[1]]
    assert len(lines.chosen(np.zeros(2, bool)).points) == 0
