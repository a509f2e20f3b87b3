import numpy as np
import pytest
import skimage.feature
import torch
from scipy import ndimage
from torch import Tensor

from tests.worker.shader.drawings import dithered, filled_art, line_art, noise, photograph
from worker.shader.contours import (
    LOCAL_STD_FLOOR,
    ContourRule,
    contour_rule,
    descreened,
    find_contours,
    find_edges,
)

SIZES = [(1, 1), (1, 300), (3, 40), (2, 2), (16, 15), (40, 3)]


def share(mask: Tensor) -> float:
    return float(mask.float().mean())


def test_global_is_a_deviation_of_more_than_one_std():
    luma = line_art()
    exact = luma.double().numpy()
    expected = np.abs(exact - exact.mean()) / (exact.std() + 1e-8) > 1
    assert expected.any()
    assert np.array_equal(find_contours(luma, ContourRule("global")), expected)


def test_local_is_a_deviation_from_the_window():
    luma = photograph()
    exact = descreened(luma).double().numpy()
    mean = ndimage.uniform_filter(exact, 31, mode="mirror")
    variance = ndimage.uniform_filter(exact**2, 31, mode="mirror") - mean**2
    distance = np.abs(exact - mean) - np.sqrt(variance.clip(LOCAL_STD_FLOOR**2))
    clear = np.abs(distance) > 1e-5  # nearer, rounding decides
    assert clear.mean() > 0.99
    assert np.array_equal(find_contours(luma, ContourRule("local"))[clear], (distance > 0)[clear])


@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_calm_paper_has_no_contours(value: float):
    luma = torch.full((50, 60), value)
    for rule in (contour_rule(luma, "auto"), ContourRule("global"), ContourRule("local")):
        assert not find_contours(luma, rule).any()
    assert not find_edges(luma).any()


@pytest.mark.parametrize("rule", [ContourRule("global"), ContourRule("local")])
def test_a_line_of_one_pixel_is_found(rule: ContourRule):
    luma = torch.ones(90, 90)
    luma[45, 10:80] = 0
    assert torch.equal(find_contours(luma, rule), luma == 0)


@pytest.mark.parametrize("tone", [0.5, 0.6])
def test_a_dither_is_not_made_of_lines(tone: float):
    # Beside the dither lie black lines, so that its tone is nothing out of the ordinary.
    luma = torch.full((150, 150), tone)
    pattern = (torch.arange(150)[:, None] + torch.arange(150)[None]) % 2
    luma[10:80, 10:80] = pattern[10:80, 10:80].float()
    luma[110:114, 10:140] = 0.0
    luma[130:134, 10:140] = 1.0
    for rule in (ContourRule("global"), ContourRule("local")):
        found = find_contours(luma, rule)
        assert share(found[20:70, 20:70]) == 0
        assert found[112, 20:130].all()


def test_descreening_turns_a_dither_into_its_tone_and_leaves_the_rest():
    luma = dithered()
    tone = descreened(luma)
    middle = slice(36, 60)
    assert float((tone - 0.5).abs()[middle, middle].max()) < 0.05
    far = torch.ones_like(luma, dtype=torch.bool)
    far[12:84, 12:84] = False
    assert torch.equal(tone[far], luma[far])
    assert torch.equal(descreened(line_art()), line_art())


def test_auto_is_global_for_line_art():
    for dark, paper in ((0.0, 1.0), (1.0, 0.0), (0.3, 0.9)):
        assert contour_rule(line_art(dark=dark, paper=paper), "auto").kind == "global"


def test_auto_is_local_for_filled_flat_art_and_outlines_for_a_photograph():
    assert contour_rule(filled_art(), "auto") == ContourRule("local")
    assert contour_rule(photograph(), "auto") == ContourRule("outlines", photograph=True)


def test_a_dark_photograph_is_none_the_less_one():
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing="ij")
    night = 0.1 + 0.0003 * y + 0.01 * noise(200, 200)
    night = torch.where(torch.hypot(y - 150, x - 100) < 30, 0.8 + 0.05 * noise(200, 200), night)
    assert share(find_contours(night, ContourRule("global"))) < 0.2
    assert contour_rule(night, "auto").photograph


def test_a_scan_of_line_art_is_a_drawing():
    scan = line_art() * 0.8 + 0.1 + 0.03 * noise(*line_art().shape)
    assert contour_rule(scan, "auto").kind == "global"


@pytest.mark.parametrize(("luma", "own"), [(photograph(), True), (line_art(), False)])
def test_spectral_outlines_of_a_drawing_do_not_make_it_a_photograph(luma: Tensor, own: bool):
    assert contour_rule(luma, "spectral") == ContourRule("outlines", photograph=own)


@pytest.mark.parametrize("luma", [line_art(), filled_art(), photograph()])
def test_a_rule_that_is_asked_for_is_taken(luma: Tensor):
    assert contour_rule(luma, "local").kind == "local"
    assert contour_rule(luma, "global").kind == "global"


@pytest.mark.parametrize(("dark", "paper"), [(0.0, 1.0), (1.0, 0.0)])
def test_paper_never_becomes_line_as_ink_grows(dark: float, paper: float):
    luma = line_art(dark=dark, paper=paper)
    rule = contour_rule(luma, "auto")
    assert (rule.dark, rule.bright) == (dark < paper, dark > paper)
    for width in (1, 9, 21, 31):
        ink = ndimage.binary_dilation(luma == dark, iterations=width)
        grown = torch.from_numpy(np.where(ink, dark, paper).astype(np.float32))
        found = find_contours(grown, rule)
        assert not found[grown == paper].any()
    assert ink.mean() > 0.6  # by now paper is what stands out


def test_edges_lie_on_those_of_canny():
    luma = photograph()
    found = find_edges(luma).numpy()
    canny = skimage.feature.canny(
        luma.double().numpy(), 1.5, low_threshold=0.03, high_threshold=0.06
    )
    near = ndimage.distance_transform_edt(~canny) <= 3
    assert 0.01 < found.mean() < 0.15
    assert near[found].mean() > 0.95
    sizes = np.bincount(ndimage.label(found, np.ones((3, 3)))[0].ravel())[1:]
    assert sizes.min() >= 20


def test_edges_follow_a_step_two_pixels_wide():
    luma = torch.zeros(60, 60)
    luma[:, 30:] = 1
    found = find_edges(luma)
    assert found[:, 29:32].sum(1).eq(2).all()
    assert not found[:, :27].any()
    assert not found[:, 33:].any()


@pytest.mark.parametrize("shape", SIZES)
def test_every_shape_has_an_answer(shape: tuple[int, int]):
    luma = noise(*shape)
    rules = (ContourRule("global"), ContourRule("local"))
    for found in (find_edges(luma), *(find_contours(luma, rule) for rule in rules)):
        assert found.shape == shape
        assert found.dtype == torch.bool
    assert contour_rule(luma, "auto").kind in ("global", "local", "outlines")
