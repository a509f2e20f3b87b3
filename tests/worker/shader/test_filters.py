import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import ndimage

from tests.worker.shader.drawings import noise
from worker.shader.filters import (
    box_mean,
    box_std,
    dilated,
    direction,
    gaussian_blur,
    gaussian_sum,
    gradient,
    length,
    padded,
    positions,
    sample,
    turned,
)

SHAPES = [(40, 33), (9, 60), (2, 2), (1, 30), (1, 1)]


def border(shape: tuple[int, int], margin: int) -> str:
    """scipy's name of what `padded` does."""
    return "mirror" if min(shape) > margin else "nearest"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("margin", [1, 3, 15])
def test_padding_reflects_or_repeats_where_it_cannot(shape: tuple[int, int], margin: int):
    image = noise(2, *shape)
    mode = "reflect" if min(shape) > margin else "edge"
    around = ((0, 0), (margin, margin), (margin, margin))
    assert np.array_equal(padded(image, margin), np.pad(image.numpy(), around, mode=mode))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [3, 7, 31])
def test_box_mean_and_std(shape: tuple[int, int], size: int):
    image = noise(*shape)
    exact, mode = image.numpy().astype(np.float64), border(shape, size // 2)
    mean = ndimage.uniform_filter(exact, size, mode=mode)
    variance = ndimage.uniform_filter(exact**2, size, mode=mode) - mean**2
    assert_allclose(box_mean(image, size), mean, atol=2e-6)
    assert_allclose(box_std(image, size).square(), variance.clip(0), atol=3e-6)


def test_box_mean_takes_layers():
    layers = noise(2, 3, 20, 21)
    single = torch.stack([box_mean(layer, 5) for layer in layers.flatten(0, 1)])
    assert torch.equal(box_mean(layers, 5), single.reshape(layers.shape))


@pytest.mark.parametrize("size", range(1, 40, 2))
def test_a_window_of_every_size_holds_that_many_pixels(size: int):
    point = torch.zeros(81, 83)
    point[40, 41] = 1
    reach = size // 2
    expected = torch.zeros(81, 83)
    expected[40 - reach : 41 + reach, 41 - reach : 42 + reach] = 1 / size**2
    assert torch.equal(box_mean(point, size), expected)


@pytest.mark.parametrize("size", [3, 7, 31])
def test_the_mean_of_paper_is_paper(size: int):
    """White is 1 and black is 0 to the last bit, and neither varies."""
    for tone in (torch.ones(40, 40), torch.zeros(40, 40)):
        assert torch.equal(box_mean(tone, size), tone)
        assert not box_std(tone, size).any()


def test_box_means_of_a_large_picture_do_not_drift():
    image = 1000 + noise(40, 3000)
    mean = ndimage.uniform_filter(image.numpy().astype(np.float64), 31, mode="mirror")
    assert_allclose(box_mean(image, 31), mean, rtol=3e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [1, 2, 5])
@pytest.mark.parametrize("density", [0.02, 0.3])
def test_dilated(shape: tuple[int, int], reach: int, density: float):
    mask = noise(*shape) < density
    square = np.ones((2 * reach + 1, 2 * reach + 1))
    assert np.array_equal(dilated(mask, reach), ndimage.binary_dilation(mask, square))


def test_nothing_dilated_by_nothing():
    mask = noise(20, 30) < 0.3
    assert torch.equal(dilated(mask, 0), mask)
    assert not dilated(torch.zeros_like(mask), 3).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_is_sobel_over_8(shape: tuple[int, int]):
    image = noise(*shape)
    exact, mode = image.numpy().astype(np.float64), border(shape, 1)
    dy, dx = gradient(image)
    assert_allclose(dy, ndimage.sobel(exact, 0, mode=mode) / 8, atol=1e-6)
    assert_allclose(dx, ndimage.sobel(exact, 1, mode=mode) / 8, atol=1e-6)


def test_gradient_of_a_slope_is_its_slope():
    y, x = positions(torch.Size((12, 15)), torch.device("cpu"))
    dy, dx = gradient(0.25 * y - 0.5 * x)
    assert_allclose(dy[1:-1, 1:-1], 0.25, atol=1e-6)
    assert_allclose(dx[1:-1, 1:-1], -0.5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("radius", "sigma"), [(1, 0.8), (3, 1.2), (8, 3.2)])
def test_gaussian_sum_has_peak_1_and_zeros_outside(
    shape: tuple[int, int], radius: int, sigma: float
):
    image = noise(*shape)
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    expected = image.numpy().astype(np.float64)
    for axis in (0, 1):
        expected = ndimage.correlate1d(expected, kernel, axis, mode="constant")
    assert kernel.max() == 1
    assert_allclose(gaussian_sum(image, radius, sigma), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [33, 61, 64])
@pytest.mark.parametrize("value", [0.1234567, 0.37, 0.7])
def test_even_ground_stays_even_to_the_last_bit(width: int, value: float):
    """Or rounding would leave ridges there."""
    ground = torch.full((40, width), value)
    assert len(gaussian_blur(ground, 1.5).unique()) == 1
    assert len(box_mean(ground, 31).unique()) == 1
    assert len(gaussian_sum(ground, 3, 2.4)[3:-3, 3:-3].unique()) == 1


def test_a_shifted_picture_has_shifted_sums_to_the_last_bit():
    image = noise(50, 60)
    moved = image.roll((7, 11), (0, 1))
    for operator in (
        lambda i: gaussian_sum(i, 3, 2.4),
        lambda i: gaussian_blur(i, 1.5),
        lambda i: box_mean(i, 7),
        lambda i: gradient(i)[0],
    ):
        there, here = operator(moved)[20:40, 25:50], operator(image)[13:33, 14:39]
        assert torch.equal(there, here)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [1.0, 1.5])
def test_gaussian_blur(shape: tuple[int, int], sigma: float):
    image, radius = noise(*shape), math.ceil(3 * sigma)
    expected = ndimage.gaussian_filter(
        image.numpy().astype(np.float64), sigma, radius=radius, mode=border(shape, radius)
    )
    assert_allclose(gaussian_blur(image, sigma), expected, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("mode", "order"), [("bilinear", 1), ("nearest", 0)])
def test_sample_repeats_the_border(shape: tuple[int, int], mode: str, order: int):
    image = noise(3, *shape)
    y, x = (noise(50, 4, seed=s) * (side + 12) - 6 for s, side in zip((2, 3), shape, strict=True))
    if mode == "nearest":  # a hair from a half, rounding may fall either way
        y, x = y.round() + 0.3 * noise(50, 4), x.round() - 0.3 * noise(50, 4)
    for layer, taken in zip(image, sample(image, y, x, mode), strict=True):
        expected = ndimage.map_coordinates(layer.numpy(), [y, x], order=order, mode="nearest")
        assert_allclose(taken, expected, atol=2e-5)


def test_sampling_at_every_pixel_is_the_image():
    image = noise(3, 17, 31)
    y, x = positions(image.shape[1:], image.device)
    assert torch.equal(sample(image, y + 0 * x, x + 0 * y, "nearest"), image)


def test_direction_has_unit_length_or_none():
    dy, dx = torch.tensor([3.0, 0.0, 1e-9, 1e-20]), torch.tensor([-4.0, 0.0, 0.0, 1e-20])
    unit_y, unit_x = direction(dy, dx)
    assert_allclose(unit_y, [0.6, 0, 1, 0], atol=1e-6)
    assert_allclose(unit_x, [-0.8, 0, 0, 0], atol=1e-6)
    assert_allclose(length(dy, dx), [5, 0, 1e-9, 2**0.5 * 1e-20], rtol=1e-4)


def test_turning_keeps_lengths_and_takes_x_to_y():
    dy, dx = turned(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), math.pi / 2)
    assert_allclose(dy, [1, 0], atol=1e-6)
    assert_allclose(dx, [0, -1], atol=1e-6)
