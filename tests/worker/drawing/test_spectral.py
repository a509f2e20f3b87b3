import math

import pytest
import torch

from tests.worker.drawing.shapes import disc, flat, plane
from worker.drawing.spectral import FLAT, STRIP, by_strips, contour_tensor
from worker.shader.filters import gaussian_blur


def spectral_strength(modes: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    return contour_tensor(modes, theta)[0]


def test_a_ramp_has_the_slope_of_its_unit_rms_over_the_root_of_its_eigenvalue():
    _, x = plane(40, 60)
    ramp = x - x.mean()
    strength = spectral_strength(ramp[None], torch.tensor([0.04]))
    rms = float(ramp.square().mean().sqrt())
    assert float(strength[20, 30]) == pytest.approx(1 / rms / math.sqrt(0.04), rel=0.01)


def test_modes_add_up():
    modes, theta = disc()
    alone = [spectral_strength(m[None], t[None]) for m, t in zip(modes, theta, strict=True)]
    assert torch.allclose(spectral_strength(modes, theta), alone[0] + alone[1], rtol=1e-4)


def test_neither_scale_nor_sign_of_a_mode_matters():
    modes, theta = disc()
    scaled = modes * torch.tensor([-250.0, 0.004])[:, None, None]
    assert torch.allclose(
        spectral_strength(scaled, theta), spectral_strength(modes, theta), rtol=1e-3, atol=1e-4
    )


def test_directions_are_units_across_the_contour():
    modes, theta = disc(radius=40)
    y, x = plane(150, 160)
    dy, dx = y - 70.3, x - 75.6
    near = (torch.hypot(dy, dx) - 40).abs() < 1.5
    _, up, across = contour_tensor(modes, theta)
    assert torch.allclose(torch.hypot(up, across), torch.ones(150, 160), atol=1e-5)
    along = (up * dx - across * dy).abs() / torch.hypot(dy, dx)
    assert float(along[near].max()) < 0.1


def test_a_mode_in_one_spot_does_not_drown_the_others():
    y, x = plane(200, 200)
    step = (x > 60).float()
    spot = torch.exp(-((y - 150).square() + (x - 150).square()) / 8)
    strength = spectral_strength(torch.stack((step, spot)), torch.tensor([0.002, 0.02]))
    assert float(strength[140:160, 140:160].max()) < 5 * float(strength[:, 55:65].max())


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (100, 300)])
def test_a_flat_picture_has_the_strength_it_is_said_to_have(shape: tuple[int, int]):
    modes, theta = flat(*shape)
    strength = spectral_strength(modes, theta) / (FLAT * len(modes))
    assert 0.5 < float(strength.median()) < 1.5
    assert float(strength.max()) < 2.5


@pytest.mark.parametrize("bad", [0.0, -1e-9, math.nan, math.inf])
def test_modes_without_an_eigenvalue_do_not_count(bad: float):
    modes, theta = disc()
    expected = spectral_strength(modes[:1], theta[:1])
    assert torch.equal(spectral_strength(modes, torch.tensor([float(theta[0]), bad])), expected)


def test_modes_of_zeros_and_no_modes_say_nothing():
    assert not spectral_strength(torch.zeros(3, 20, 30), torch.ones(3)).any()
    assert torch.equal(
        spectral_strength(torch.zeros(0, 20, 30), torch.ones(0)), torch.zeros(20, 30)
    )


def test_strips_leave_no_seams():
    layers = torch.rand(1, 2 * STRIP + 3, 40, generator=torch.Generator().manual_seed(1))

    def blurred(rows: torch.Tensor) -> torch.Tensor:
        return gaussian_blur(rows[0], 2.0)[None]

    assert torch.allclose(by_strips(blurred, layers), blurred(layers), atol=1e-6)
