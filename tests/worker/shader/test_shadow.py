import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import ndimage

from tests.worker.shader.drawings import coloured, line_art, noise, waves
from worker.shader.colour import front_colour, shadow_colour
from worker.shader.shadow import cast_shadows

LINES = line_art() < 0.5
RGB = coloured(line_art())
FIELD = waves(128, 128)


def test_too_little_weight_is_left_alone():
    gate = torch.ones(128, 128)
    gate[LINES] = 1 - 9.9 / int(LINES.sum())
    out, painted = cast_shadows(RGB, RGB, waves(128, 128), LINES, gate, 1.0, 15.0, 5.0)
    assert torch.equal(out, RGB)
    assert not painted.any()
    gate[LINES] = 1 - 10.1 / int(LINES.sum())
    out, painted = cast_shadows(RGB, RGB, waves(128, 128), LINES, gate, 1.0, 15.0, 5.0)
    assert not torch.equal(out, RGB)


@pytest.mark.parametrize("effect", [0.5, 1.0])
def test_shadow_and_front_against_scipy(effect: float):
    rgb, field, gate = noise(3, 128, 128), waves(128, 128), noise(128, 128, seed=5)
    out, painted = cast_shadows(rgb, rgb, field, LINES, gate, effect, 12.0, 4.0)
    dy, dx = (ndimage.sobel(field.double().numpy(), axis, mode="mirror") for axis in (0, 1))
    length = np.hypot(dy, dx).clip(1e-30)  # 0 in a corner
    y, x = np.mgrid[:128, :128]
    reach = 4.0 * effect
    behind = at(rgb, y - reach * dx / length, x + reach * dy / length)
    ahead = at(rgb, y + 12 * effect * 0.4, x + 12 * effect * 0.3)
    weight = ((1 - gate) * LINES).numpy()
    expected = rgb.numpy()
    for colour, share in (
        (shadow_colour(behind, effect), 0.6 * weight),
        (front_colour(ahead, effect), 0.8 * weight),
    ):
        expected = expected + share * (colour.numpy() - expected)
    assert_allclose(out, expected, atol=2e-4)
    assert_allclose(painted, 1 - (1 - 0.6 * weight) * (1 - 0.8 * weight), atol=1e-6)


def at(rgb: torch.Tensor, y: np.ndarray, x: np.ndarray) -> torch.Tensor:
    layers = [ndimage.map_coordinates(c.numpy(), [y, x], order=1, mode="nearest") for c in rgb]
    return torch.from_numpy(np.stack(layers))


def test_only_contours_of_low_gate_change():
    gate = (waves(128, 128) > 0).float()
    out, painted = cast_shadows(RGB, RGB, waves(128, 128), LINES, gate, 1.0, 15.0, 5.0)
    low = LINES & (gate < 1)
    assert torch.equal(out[:, ~low], RGB[:, ~low])
    assert torch.equal(painted > 0, low)
    assert 0 <= float(out.min()) <= float(out.max()) <= 1


def test_effect_0_changes_nothing():
    out, painted = cast_shadows(
        RGB, RGB, waves(128, 128), LINES, torch.zeros(128, 128), 0.0, 15.0, 5.0
    )
    assert torch.equal(out, RGB)
    assert not painted.any()


def test_a_constant_field_throws_its_shadow_in_place():
    field = torch.zeros(128, 128)
    out, _ = cast_shadows(RGB, RGB, field, LINES, torch.zeros(128, 128), 1.0, 15.0, 5.0)
    assert bool(out.isfinite().all())


def test_colours_may_be_those_of_another_picture():
    gate = noise(128, 128, seed=5)
    tints = [
        cast_shadows(RGB, torch.full((3, 9, 7), tone), FIELD, LINES, gate, 1.0, 15.0, 5.0)
        for tone in (0.1, 0.9)
    ]
    assert torch.equal(tints[0][1], tints[1][1])  # how strongly does not depend on it
    where = tints[0][1] > 0
    assert (tints[0][0] != tints[1][0]).any(0)[where].all()
    assert torch.equal(tints[0][0][:, ~where], RGB[:, ~where])


@pytest.mark.parametrize("shape", [(128, 128), (64, 256), (256, 32)])
def test_another_picture_is_read_at_the_same_relative_place(shape: tuple[int, int]):
    """A ramp looks the same at any size."""

    def ramp(height: int, width: int) -> torch.Tensor:
        y = (torch.arange(height) + 0.5)[:, None] / height
        x = (torch.arange(width) + 0.5)[None] / width
        return torch.stack((y.expand(height, width), x.expand(height, width), (y + x) / 2))

    lines = LINES.clone()
    lines[:12] = lines[-12:] = lines[:, :12] = lines[:, -12:] = False  # away from the border
    gate = torch.zeros(128, 128)
    expected, _ = cast_shadows(RGB, ramp(128, 128), FIELD, lines, gate, 1.0, 15.0, 5.0)
    out, _ = cast_shadows(RGB, ramp(*shape), FIELD, lines, gate, 1.0, 15.0, 5.0)
    assert_allclose(out[:, :100, :100], expected[:, :100, :100], atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (500, 2)])
def test_another_picture_of_any_size(shape: tuple[int, int]):
    content = noise(3, *shape)
    out, _ = cast_shadows(RGB, content, FIELD, LINES, torch.zeros(128, 128), 1.0, 200.0, 100.0)
    assert bool(out.isfinite().all())
    assert 0 <= float(out.min()) <= float(out.max()) <= 1
