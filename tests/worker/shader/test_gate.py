import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import ndimage, special

from tests.worker.shader.drawings import line_art, noise, waves
from worker.shader.gate import complexity, spectral_gate

CONTOURS = line_art() < 0.5


@pytest.mark.parametrize("percentile", [0, 20, 40, 80])
def test_the_percentile_is_the_share_of_contour_pixels_below(percentile: float):
    gate = spectral_gate(noise(128, 128), CONTOURS, percentile, 3.0)
    high = float((gate > 0.5)[CONTOURS].float().mean())
    assert high == pytest.approx(1 - percentile / 100, abs=0.01)
    assert 0 <= float(gate.min()) <= float(gate.max()) <= 1


def test_nothing_on_the_contours_exceeds_percentile_100():
    gate = spectral_gate(noise(128, 128), CONTOURS, 100, 3.0)
    assert float(gate[CONTOURS].max()) == 0.5


def test_gate_is_a_sigmoid_in_units_of_the_contours():
    field = waves(128, 128)
    on = field[CONTOURS].double().numpy()
    q = np.sort(on)[int(0.4 * (len(on) - 1))]
    expected = special.expit(3 * (field.double().numpy() - q) / on.std())
    assert_allclose(spectral_gate(field, CONTOURS, 40, 3.0), expected, atol=1e-5)


def test_the_scale_of_the_field_is_of_no_account():
    field = waves(128, 128)
    gates = [spectral_gate(f, CONTOURS, 40, 3.0) for f in (field, 1000 * field)]
    assert_allclose(gates[0], gates[1], atol=1e-4)


def test_sharpness_0_decides_nothing():
    assert (spectral_gate(waves(128, 128), CONTOURS, 40, 0.0) == 0.5).all()


def test_without_contours_the_gate_is_closed():
    assert not spectral_gate(waves(9, 8), torch.zeros(9, 8, dtype=torch.bool), 40, 3.0).any()


@pytest.mark.parametrize("value", [0.0, 0.37, -1e-30])
@pytest.mark.parametrize("sharpness", [0.0, 100.0])
def test_a_constant_field_leaves_the_gate_in_the_middle(value: float, sharpness: float):
    gate = spectral_gate(torch.full((128, 128), value), CONTOURS, 40, sharpness)
    assert (gate == 0.5).all()


def test_a_single_contour_pixel_is_enough():
    contours = torch.zeros(8, 8, dtype=torch.bool)
    contours[3, 4] = True
    gate = spectral_gate(noise(8, 8), contours, 40, 100.0)
    assert bool(gate.isfinite().all())
    assert float(gate[3, 4]) == 0.5


@pytest.mark.parametrize("shape", [(40, 50), (3, 20), (1, 9)])
def test_complexity(shape: tuple[int, int]):
    field = noise(*shape)
    f = field.double().numpy()
    near, wide = ("mirror" if min(shape) > margin else "nearest" for margin in (1, 3))
    slope = np.hypot(*(ndimage.sobel(f, axis, mode=near) / 8 for axis in (0, 1)))
    mean = ndimage.uniform_filter(f, 7, mode=wide)
    spread = np.sqrt((ndimage.uniform_filter(f**2, 7, mode=wide) - mean**2).clip(0))
    busy = slope + spread
    expected = special.expit((busy - busy.mean()) / busy.std())
    assert_allclose(complexity(field), expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (20, 20)])
@pytest.mark.parametrize("value", [0.0, 0.37, -3e5])
def test_a_constant_field_is_of_even_complexity(shape: tuple[int, int], value: float):
    busy = complexity(torch.full(shape, value))
    assert float(busy.min()) == float(busy.max())
    assert value != 0 or float(busy[0, 0]) == 0.5


def test_complexity_leaves_its_field_alone():
    field = noise(20, 20)
    before = field.clone()
    complexity(field)
    spectral_gate(field, field > 0.5, 40, 3.0)
    assert torch.equal(field, before)
