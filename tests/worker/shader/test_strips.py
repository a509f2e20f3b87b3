"""Strips change no byte: every operator against the one in a piece that it replaced."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from worker.shader import filters, strips
from worker.shader.filters import box_mean, box_std, dilated, gaussian_blur, gradient, padded
from worker.shader.picture import Picture, no_less_opaque, seen
from worker.shader.strips import by_rows, copied, places, pointwise, values_in

Operator: TypeAlias = Callable[[Tensor], object]
SIZES = [(1, 1), (1, 9), (9, 1), (17, 23), (40, 7), (64, 65), (131, 33)]


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows of most of these pictures, and never a whole one."""
    monkeypatch.setattr(strips, "STRIP_PIXELS", 70)


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


def in_one_piece(monkeypatch: pytest.MonkeyPatch, operator: Callable[[], object]) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(strips, "STRIP_PIXELS", 1 << 40)
        return operator()


@pytest.mark.parametrize("size", SIZES)
def test_strips_are_all_rows_in_order(size: tuple[int, int]):
    rows = [row for part in strips.strips(torch.Size(size)) for row in range(size[0])[part]]
    assert rows == list(range(size[0]))


def test_a_strip_has_at_least_a_row_or_as_many_as_are_worth_it():
    assert list(strips.strips(torch.Size((3, 1000)))) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(strips.strips(torch.Size((3, 1000)), least=2)) == [slice(0, 2), slice(2, 3)]


@pytest.mark.parametrize("size", SIZES)
def test_a_pointwise_operator_sees_every_pixel_once(size: tuple[int, int]):
    image, plane = noise(3, *size), noise(*size)
    there = pointwise(lambda a, b: torch.cat((a.sin() * b, b[None])), image, plane)
    assert torch.equal(there, torch.cat((image.sin() * plane, plane[None])))
    assert there.is_contiguous()


@pytest.mark.parametrize("size", SIZES)
def test_rows_go_where_the_axis_says(size: tuple[int, int]):
    image = noise(3, *size)
    turned = by_rows(lambda rows: image[:, rows].permute(1, 2, 0), image.shape, axis=-3)
    assert torch.equal(turned, image.permute(1, 2, 0))


def test_a_picture_without_rows_has_none():
    assert pointwise(lambda a: a + 1, torch.zeros(3, 0, 5)).shape == (3, 0, 5)


@pytest.mark.parametrize("size", SIZES)
def test_a_copy_is_contiguous_and_its_own(size: tuple[int, int]):
    image = noise(size[1], size[0], 3).permute(2, 1, 0)
    copy = copied(image)
    assert torch.equal(copy, image)
    assert copy.is_contiguous()
    copy.zero_()
    assert bool(image.any())


@pytest.mark.parametrize("size", SIZES)
def test_values_and_places_of_a_mask(size: tuple[int, int]):
    image, mask = noise(*size), noise(*size) > 0.5
    assert torch.equal(values_in(image, mask), image[mask])
    found = [places(mask[rows], rows) for rows in strips.strips(mask.shape)]
    y, x = (torch.cat(part) for part in zip(*found, strict=True))
    assert torch.equal(torch.stack((y, x)), torch.stack(mask.nonzero(as_tuple=True)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("margin", [1, 3, 8])
def test_reflection_is_that_of_torch(size: tuple[int, int], margin: int):
    image = noise(2, *size)
    mode = "reflect" if min(size) > margin else "replicate"
    expected = functional.pad(image[None], (margin,) * 4, mode=mode)[0]
    assert torch.equal(padded(image, margin), expected)


def former_box_mean(image: Tensor, size: int) -> Tensor:
    rows = filters._windows(padded(image, size // 2), size, -2, torch.add)
    return filters._windows(rows, size, -1, torch.add).div_(size**2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("window", [3, 5, 17])
def test_box_means_of_planes_and_layers(size: tuple[int, int], window: int):
    image = noise(3, *size)
    assert torch.equal(box_mean(image, window), former_box_mean(image, window))
    assert torch.equal(box_mean(image[0], window), former_box_mean(image[0], window))


@pytest.mark.parametrize("size", SIZES)
def test_gradient(size: tuple[int, int]):
    image = noise(*size)
    p = padded(image, 1)
    rows = (p[:-2] + p[2:]).add_(p[1:-1], alpha=2)
    columns = (p[:, :-2] + p[:, 2:]).add_(p[:, 1:-1], alpha=2)
    dy, dx = gradient(image)
    assert torch.equal(dy, (columns[2:] - columns[:-2]).mul_(1 / 8))
    assert torch.equal(dx, (rows[:, 2:] - rows[:, :-2]).mul_(1 / 8))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "operator",
    [
        lambda image: box_std(image, 7),
        lambda image: gaussian_blur(image, 1.5),
        lambda image: filters.gaussian_sum(image, 9, 4.0),
        lambda image: dilated(image > 0.9, 2),
    ],
)
def test_filters_do_not_depend_on_the_strips(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], operator: Operator
):
    image = noise(*size)
    there, expected = operator(image), in_one_piece(monkeypatch, lambda: operator(image))
    assert isinstance(there, Tensor)
    assert isinstance(expected, Tensor)
    assert torch.equal(there, expected)


@pytest.mark.parametrize("size", SIZES)
def test_opacity(size: tuple[int, int]):
    rgb, alpha, background = noise(3, *size), noise(*size), (1.0, 0.5, 0.25)
    ground = torch.tensor(background)[:, None, None]
    assert torch.equal(seen(Picture(rgb, alpha), background), ground + (rgb - ground) * alpha)
    layers = Picture(rgb, alpha).layers
    assert torch.equal(layers, torch.cat((rgb, alpha[None])))

    before = noise(4, *size)[3]
    opacity = torch.maximum(alpha, before)
    thin = ground + (rgb - ground) * (alpha / opacity.clamp(min=1e-6))
    after = no_less_opaque(layers, before, background)
    assert after.alpha is not None
    assert torch.equal(after.alpha, opacity)
    assert torch.equal(after.rgb, thin.where(alpha < before, rgb))
