import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy import ndimage
from torch import Tensor

from tests.worker.shader.drawings import PHASE, coloured, dithered, line_art, noise
from worker.shader.envelope import Phase
from worker.shader.lines import Lines
from worker.shader.thicken import thicken

LINES = line_art() < 0.5


def thickened(
    rgb: Tensor, contours: Tensor, gate: Tensor, busy: Tensor, phase: Phase, effect: float
) -> tuple[Tensor, Tensor]:
    """Of a drawing, in its own colours."""
    return thicken(rgb, rgb, Lines(contours, contours, contours), gate, busy, phase, effect)


def grown(
    rgb: Tensor, contours: Tensor, effect: float = 1.0, phase: Phase = PHASE, gate: float = 1
):
    """Everything of high gate (unless told otherwise), nothing busy."""
    even = torch.ones(contours.shape)
    return thickened(rgb, contours, gate * even, 0 * even, phase, effect)


def test_pixels_that_are_not_filled_keep_their_value_exactly():
    rgb = noise(4, 128, 128)
    out, filled = thickened(rgb, LINES, noise(128, 128), noise(128, 128, seed=2), PHASE, 1.0)
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
    filled = thickened(noise(3, 128, 128), contours, gate, busy, Phase(0.5, 0.6, 0.3, 2.0), 1.5)[1]
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


@pytest.mark.parametrize(("phase", "effect"), [(PHASE, 1.0), (Phase(0.5, 0.6, 0.2, 2.0), 1.5)])
def test_colours_come_from_up_the_gradient_of_the_spread(phase: Phase, effect: float):
    rgb, gate, busy = noise(4, 128, 128), noise(128, 128), noise(128, 128, seed=2)
    out, filled = thickened(rgb, LINES, gate, busy, phase, effect)
    radius = int(phase.dilation_radius * effect)
    kernel = np.exp(
        -(np.arange(-radius, radius + 1) ** 2) / (2 * (radius * phase.kernel_sigma_ratio) ** 2)
    )
    spread = (1 - phase.thicken_modulation * busy.double().numpy()).clip(0.05)
    spread = spread * (LINES & (gate > 0.5)).numpy()
    for axis in (0, 1):
        spread = ndimage.correlate1d(spread, kernel, axis, mode="constant")
    up = np.stack([ndimage.sobel(spread, axis, mode="mirror") for axis in (0, 1)])
    dy, dx = up / np.hypot(*up).clip(1e-12)
    turn = np.array([[np.cos(0.03), np.sin(0.03)], [-np.sin(0.03), np.cos(0.03)]])
    dy, dx = np.einsum("ij,jyx->iyx", turn, np.stack((dy, dx)))
    place = np.indices((128, 128)) + 1.2 * np.stack((dy, dx))
    place = place.clip(0, 127)
    clear = (np.abs(place % 1 - 0.5) > 1e-3).all(0) & filled.numpy()  # nearer, rounding decides
    assert clear.sum() > 0.9 * int(filled.sum()) > 1000
    y, x = place.round().astype(int)[:, clear]
    assert_array_equal(out[:, clear], rgb[:, y, x])


def test_lines_grow_in_the_colour_of_the_ink_beside_what_is_drawn():
    """Only what grows spreads, and nothing that is drawn upon is filled."""
    rgb, ink = noise(3, 60, 60), noise(3, 60, 60, seed=2)
    growing, drawn = (torch.zeros(60, 60, dtype=torch.bool) for _ in range(2))
    growing[20] = True
    drawn[20:24] = drawn[40] = True
    even = torch.ones(60, 60)
    lines = Lines(drawn, growing, drawn)
    out, filled = thicken(rgb, ink, lines, even, 0 * even, PHASE, 1.0)
    assert filled[:, 5:-5].any(1).nonzero()[:, 0].tolist() == [17, 18, 19]
    assert torch.equal(out[:, ~filled], rgb[:, ~filled])
    assert torch.equal(out[:, 19, 5:-5], ink[:, 20, 5:-5])


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


def test_busy_lines_grow_less_and_the_busiest_with_a_twentieth_of_the_weight():
    rgb, even = coloured(line_art()), torch.ones(128, 128)
    calm, some, busiest = (
        thickened(rgb, LINES, even, busy * even, Phase(1.0, 0.8, threshold, 3.0), 1.0)[1]
        for busy, threshold in ((0.0, 2.0), (0.4, 2.0), (1.0, 0.1))
    )
    assert 0 < int(some.sum()) < int(calm.sum())
    assert torch.equal(busiest, calm)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (3, 20), (2, 2)])
@pytest.mark.parametrize("radius", [1.0, 8.0])
def test_small_images(shape: tuple[int, int], radius: float):
    rgb, contours = noise(3, *shape), noise(*shape) < 0.5
    out, filled = grown(rgb, contours, 4.0, PHASE._replace(dilation_radius=radius))
    assert bool(out.isfinite().all())
    assert torch.equal(out[:, ~filled], rgb[:, ~filled])
