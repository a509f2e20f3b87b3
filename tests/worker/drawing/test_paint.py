import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from tests.worker.drawing.shapes import disc, flat, plane, radii, two_regions
from worker.drawing.lines import Lines
from worker.drawing.paint import INK, coverage, line_picture, outlines, stroke_width
from worker.drawing.strokes import resampled, spectral_lines

WHITE = (255, 255, 255)


def straight(y: float, height: int = 30, width: int = 40) -> tuple[Lines, int, int]:
    line = Lines(np.array([(y, -0.5), (y, width - 0.5)]), np.ones(2), np.array([0, 2]))
    return resampled(line), height, width


@pytest.mark.parametrize("wide", [1.0, 1.6, 3.0])
@pytest.mark.parametrize("y", [14.0, 14.3, 14.5])
def test_a_line_covers_its_width(wide: float, y: float):
    lines, height, width = straight(y)
    ink = coverage(lines, height, width, np.full(len(lines.points), wide))
    assert torch.allclose(ink.sum(0)[2:-2], torch.tensor(wide), atol=0.02)
    centre = (ink[:, 20] * torch.arange(30)).sum() / ink[:, 20].sum()
    assert float(centre) == pytest.approx(y, abs=0.1)


def test_ink_lies_along_the_lines_and_nowhere_else():
    lines = spectral_lines(*two_regions())
    ink = 255 - line_picture(lines, 200, 240, WHITE)[0].numpy()
    inked = np.argwhere(ink > 0)
    dense = resampled(lines, 0.2).points
    far, _ = cKDTree(dense).query(inked)
    assert far.max() < 2.3 / 2 + 1
    at = dense.round().astype(int).clip(0, (199, 239))
    assert (ink[at[:, 0], at[:, 1]] > 60).all()


def test_stronger_lines_are_wider():
    weak, strong = stroke_width(np.array([0.0, 1.0]), 512, 512)
    assert 0 < weak < 1 < strong < 4
    assert stroke_width(np.ones(1), 2048, 2048)[0] == pytest.approx(2 * strong)


def test_paper_and_transparency():
    lines = spectral_lines(*disc())
    paper = line_picture(lines, 150, 160, (250, 240, 200))
    clear = line_picture(lines, 150, 160, None)
    assert paper.shape == (3, 150, 160)
    assert clear.shape == (4, 150, 160)
    assert paper.dtype == clear.dtype == torch.uint8
    assert paper[:, 0, 0].tolist() == [250, 240, 200]
    assert clear[3, 0, 0] == 0
    assert (clear[:3] == torch.tensor(INK, dtype=torch.uint8)[:, None, None]).all()
    share = clear[3:].double() / 255
    ground = torch.tensor((250.0, 240.0, 200.0)).double()[:, None, None]
    over = ground + (clear[:3].double() - ground) * share
    assert float((over - paper.double()).abs().max()) < 1.5


def test_edges_are_smooth():
    picture = line_picture(spectral_lines(*disc()), 150, 160, WHITE)
    assert len(picture[0].unique()) > 50


def test_nothing_to_draw_is_paper():
    lines = spectral_lines(*flat(64, 80))
    assert (line_picture(lines, 64, 80, WHITE) == 255).all()
    assert (line_picture(lines, 64, 80, None)[3] == 0).all()
    assert not outlines(lines, 64, 80, 3.0).any()


def test_outlines_are_as_wide_as_asked_for():
    mask = outlines(spectral_lines(*disc(40.0)), 150, 160, 3.0)
    assert mask.dtype == torch.bool
    assert mask.shape == (150, 160)
    assert np.abs(radii(np.argwhere(mask.numpy())) - 40).max() < 2.2
    y, x = plane(150, 160)
    ring = (torch.hypot(y - 70.3, x - 75.6) - 40).abs() < 0.7
    assert mask[ring].all()
    assert float(mask.sum()) == pytest.approx(3 * 2 * np.pi * 40, rel=0.1)


def test_a_line_outside_paints_nothing_and_does_not_fail():
    outside = Lines(np.array([(-9.0, -9.0), (-9.0, -7.0)]), np.ones(2), np.array([0, 2]))
    assert not coverage(outside, 8, 8, np.ones(2)).any()
