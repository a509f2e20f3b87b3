import colorsys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from tests.worker.shader.drawings import noise
from worker.shader.colour import cyclic, front_colour, luma, shadow_colour

THIRD = 2 * np.pi / 3


def plain_cyclic(rgb: np.ndarray, rotation: float, contrast: float) -> np.ndarray:
    tone = rgb @ np.array([0.299, 0.587, 0.114])
    phase = 2 * np.pi * rotation * tone[:, None] + THIRD * np.arange(3)
    return rgb + rotation * (0.5 + 0.4 * contrast * np.sin(phase) - rgb)


def rows(rgb: Tensor) -> np.ndarray:
    return rgb.flatten(1).T.double().numpy()


def test_luma_is_that_of_ntsc():
    rgb = noise(3, 5, 6)
    expected = [colorsys.rgb_to_yiq(*pixel)[0] for pixel in rows(rgb)]
    assert_allclose(luma(rgb).flatten(), expected, atol=0.02)  # colorsys rounds to two digits
    assert_allclose(luma(torch.ones(3, 2, 2)), 1, atol=1e-6)
    assert_allclose(luma(torch.eye(3)), [0.299, 0.587, 0.114])


@pytest.mark.parametrize("shape", [(4, 5), (20,)])
@pytest.mark.parametrize(("rotation", "contrast"), [(0.0, 0.5), (0.3, 0.8), (1.0, 1.0)])
def test_cyclic(shape: tuple[int, ...], rotation: float, contrast: float):
    rgb = noise(3, *shape)
    out = cyclic(rgb, rotation, contrast)
    assert out.shape == rgb.shape
    assert_allclose(rows(out), plain_cyclic(rows(rgb), rotation, contrast), atol=1e-5)


def test_no_rotation_changes_nothing():
    rgb = noise(3, 9)
    assert torch.equal(cyclic(rgb, 0.0, 1.0), rgb)


@pytest.mark.parametrize("effect", [0.1, 1.0, 4.0])
def test_shadows_and_fronts_are_tinted_and_stay_colours(effect: float):
    rgb = noise(3, 200)
    for colour, turn, contrast, gain, lift in (
        (shadow_colour, 0.3, 0.8, (0.7, 1.0, 0.7), (0.0, 0.0, 0.3)),
        (front_colour, 0.2, 0.6, (0.6, 0.8, 0.8), (0.0, 0.2, 0.15)),
    ):
        out = colour(rgb, effect)
        assert float(out.min()) >= 0
        assert float(out.max()) <= 1
        if turn * effect <= 1:
            base = plain_cyclic(rows(rgb), turn * effect, contrast * effect)
            assert_allclose(rows(out), (base * gain + lift).clip(0, 1), atol=1e-5)
