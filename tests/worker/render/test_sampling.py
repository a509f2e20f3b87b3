import math

import numpy as np
import pytest
import torch

from worker.render.sampling import differences, norm01, sample, slopes


def grid(height: int, width: int) -> torch.Tensor:
    """The centres of all pixels, (2, H, W)."""
    u, v = (torch.arange(n, dtype=torch.float64).add(0.5) / n for n in (width, height))
    return torch.stack((u.expand(height, width), v[:, None].expand(height, width)))


def image(channels: int, height: int, width: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(5)
    return torch.rand(channels, height, width, generator=random, dtype=torch.float64)


def test_at_their_centres_pixels_have_their_values():
    pixels = image(3, 7, 5)
    assert torch.allclose(sample(pixels, grid(7, 5)), pixels, atol=1e-12)


def test_between_them_values_are_bilinear():
    pixels = image(1, 4, 6)
    middle = sample(pixels, torch.tensor([[3 / 6], [2 / 4]], dtype=torch.float64))
    assert float(middle) == pytest.approx(float(pixels[0, 1:3, 2:4].mean()))


def test_u_wraps_and_v_ends():
    pixels = image(1, 4, 6)
    at_zero, at_one = sample(pixels, torch.tensor([[0.0, 1.0], [0.375, 0.375]]).double())[0]
    between = (pixels[0, 1, 0] + pixels[0, 1, -1]) / 2
    assert torch.allclose(torch.stack((at_zero, at_one)), between, atol=1e-12)
    ends = sample(pixels, torch.tensor([[0.25, 0.25], [0.0, 1.0]]).double())[0]
    assert torch.allclose(ends, pixels[0, [0, -1], 1], atol=1e-12)


def test_slopes_are_those_of_the_function():
    uv = grid(128, 256)
    height = (2 * math.pi * uv[0]).sin() + uv[1].square()
    across, down = slopes(height, uv)
    assert torch.allclose(across, 2 * math.pi * (2 * math.pi * uv[0]).cos(), atol=1e-2)
    assert torch.allclose(down[1:-1], 2 * uv[1, 1:-1], atol=1e-9)


def test_differences_as_numpy():
    values = image(1, 6, 9)[0]
    down, across = np.gradient(values.numpy())
    found = differences(values, wrap=False)
    np.testing.assert_allclose(found[0], across)
    np.testing.assert_allclose(found[1], down)
    wrapped = differences(values, wrap=True)[0]
    assert torch.allclose(wrapped[:, 0], (values[:, 1] - values[:, -1]) / 2)
    assert not differences(torch.ones(1, 1), wrap=False)[0].any()


def test_norm01():
    assert norm01(torch.tensor([2.0, 4.0, 3.0])).tolist() == [0, 1, 0.5]
    assert norm01(torch.full((3,), 7.0)).tolist() == [0, 0, 0]
