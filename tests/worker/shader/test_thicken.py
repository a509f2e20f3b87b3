import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy import ndimage
from torch import Tensor

from tests.worker.shader.drawings import PHASE, coloured, dithered, line_art, noise
from worker.shader.envelope import Phase
from worker.shader.thicken import thicken

LINES = line_art() < 0.5


def grown(
    rgb: Tensor, contours: Tensor, effect: float = 1.0, phase: Phase = PHASE, gate: float = 1
):
    """Everything of high gate (unless told otherwise), nothing busy."""
    even = torch.ones(contours.shape)
    return thicken(rgb, contours, gate * even, 0 * even, phase, effect)


def test_pixels_that_are_not_filled_keep_their_value_exactly():
    rgb = noise(4, 128, 128)
    out, filled = thicken(rgb, LINES, noise(128, 128), noise(128, 128, seed=2), PHASE, 1.0)
    assert 0 < int(filled.sum()) < 6000
    assert torch.equal(out[:, ~filled], rgb[:, ~filled])
    assert not (filled & LINES).any()


def test_filled_pixels_are_copies_of_what_was_there():
    rgb = noise(3, 128, 128)
    out, filled = grown(rgb, LINES)
    y, x = filled.nonzero().T
    around = [
        (out[:, y, x] == torch.roll(rgb, (dy, dx), (1, 2))[:, y, x]).all(0)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]
    assert torch.stack(around).any(0).all()


def one_sided(mask: np.ndarray, axis: int, side: int) -> np.ndarray:
    """Pixels with a pixel of the mask one or two steps away, to one side."""
    near = np.zeros(5, bool)
    near[[3, 4] if side > 0 else [0, 1]] = True
    return ndimage.binary_dilation(mask, near[:, None] if axis == 0 else near[None])


def test_filled_is_where_the_strong_contours_reach_but_not_inside_texture():
    contours = (line_art() < 0.5) | (dithered(128) < 0.5)
    gate, busy = noise(128, 128), noise(128, 128, seed=2)
    filled = thicken(noise(3, 128, 128), contours, gate, busy, Phase(0.5, 0.6, 0.3, 2.0), 1.5)[1]
    steps = np.arange(-3, 4)  # radius int(2.0 * 1.5)
    kernel = np.exp(-(steps[:, None] ** 2 + steps**2) / (2 * (3 * 0.6) ** 2))
    lines = contours.numpy()
    weights = lines * (gate > 0.5).numpy() * (1 - 0.5 * busy.double().numpy()).clip(0.05)
    spread = ndimage.convolve(weights, kernel, mode="constant")
    enclosed = np.logical_and.reduce([one_sided(lines, a, s) for a in (0, 1) for s in (-1, 1)])
    clear = np.abs(spread - 0.3) > 1e-5  # nearer, rounding decides
    expected = ~lines & ~enclosed & (spread > 0.3)
    assert (enclosed & ~lines & (spread > 0.3)).any()
    assert_array_equal(filled[clear], expected[clear])


@pytest.mark.parametrize("flipped", [False, True])
def test_a_line_grows_by_about_a_pixel_on_each_side(flipped: bool):
    luma = torch.ones(60, 60)
    luma[29:32] = 0
    if flipped:
        luma = luma.T.contiguous()
    out, _ = grown(luma.expand(3, -1, -1), luma < 0.5)
    profile = out[0].T if flipped else out[0]
    dark = (profile[:, 5:-5] < 0.5).float().mean(1)
    assert_array_equal(dark[[28, 29, 30, 31, 32]], 1)
    assert 0 < float(dark.sum()) - 3 <= 4
    assert not dark[:27].any()
    assert not dark[34:].any()


def test_enclosed_holes_stay():
    luma = torch.zeros(40, 40)
    luma[0:8] = luma[-8:] = 1
    luma[:, 0:8] = luma[:, -8:] = 1
    luma[14, 14] = luma[14, 27] = 1
    luma[20:22, 20:22] = 1
    out, filled = grown(luma.expand(3, -1, -1), luma < 0.5)
    assert torch.equal(out[0, 10:30, 10:30], luma[10:30, 10:30])
    assert filled[6:8, 12:28].any()  # while its outer border has grown


def test_a_dither_stays():
    luma = dithered()
    inside = torch.zeros_like(luma, dtype=torch.bool)
    inside[28:68, 28:68] = True
    out, _ = grown(luma.expand(3, -1, -1), luma < 0.5)
    assert torch.equal(out[0][inside], luma[inside])


@pytest.mark.parametrize("gate", [0.0, 0.5])
def test_low_gate_does_not_grow(gate: float):
    rgb = coloured(line_art())
    out, filled = grown(rgb, LINES, gate=gate)
    assert torch.equal(out, rgb)
    assert not filled.any()


def test_effect_0_changes_nothing():
    rgb = coloured(line_art())
    out, filled = grown(rgb, LINES, effect=0.0)
    assert torch.equal(out, rgb)
    assert not filled.any()


def test_a_higher_threshold_fills_less():
    rgb = coloured(line_art())
    masks = [
        grown(rgb, LINES, phase=PHASE._replace(fill_threshold=t))[1] for t in (0.05, 0.4, 1, 1e9)
    ]
    sizes = [int(m.sum()) for m in masks]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > sizes[3] == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (3, 20), (2, 2)])
@pytest.mark.parametrize("radius", [1.0, 8.0])
def test_small_images(shape: tuple[int, int], radius: float):
    rgb, contours = noise(3, *shape), noise(*shape) < 0.5
    out, filled = grown(rgb, contours, 4.0, PHASE._replace(dilation_radius=radius))
    assert bool(out.isfinite().all())
    assert torch.equal(out[:, ~filled], rgb[:, ~filled])
