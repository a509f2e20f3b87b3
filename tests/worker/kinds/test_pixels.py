import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from tests.worker.kinds.jobs import CPU, random_pixels
from worker.kinds.pixels import eight_bit, interleaved, quantised, to_picture, to_pixels
from worker.shader import strips
from worker.shader.picture import Picture, picture_of


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7, 4), (1, 1, 3), (1, 9, 4)])
def test_pixels_survive_the_way_there_and_back(shape: tuple[int, int, int]):
    image = random_pixels(*shape)
    picture = to_picture(image.tobytes(), *shape, CPU)
    assert picture.rgb.shape == (3, *shape[:2])
    assert (picture.alpha is None) == (shape[2] == 3)
    assert_allclose(picture.rgb.permute(1, 2, 0), image[..., :3] / 255, atol=1e-6)
    assert bytes(to_pixels(picture)) == image.tobytes()


def test_all_256_values_survive():
    image = np.arange(256, dtype=np.uint8).repeat(4)
    picture = to_picture(image.tobytes(), 16, 16, 4, CPU)
    assert bytes(to_pixels(picture)) == image.tobytes()
    assert bytes(to_pixels(eight_bit(picture))) == image.tobytes()


def test_values_are_rounded_and_clipped():
    values = torch.tensor([[-1.0, 0.4999 / 255, 0.5001 / 255, 0.999, 2.0]])
    assert quantised(values).tolist() == [[0, 0, 1, 255, 255]]


def test_interleaved_is_row_by_row():
    layers = torch.arange(24, dtype=torch.uint8).reshape(2, 3, 4)
    assert bytes(interleaved(layers)) == layers.permute(1, 2, 0).numpy().tobytes()


def test_eight_bit_is_what_is_stored():
    picture = Picture(torch.rand(3, 4, 5), torch.rand(4, 5))
    stored = eight_bit(picture)
    assert_allclose(stored.rgb, picture.rgb, atol=0.5 / 255 + 1e-6)
    assert bytes(to_pixels(stored)) == bytes(to_pixels(picture))
    again = to_picture(bytes(to_pixels(picture)), 4, 5, 4, CPU)
    assert torch.equal(again.rgb, stored.rgb)
    assert torch.equal(again.alpha, stored.alpha)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (7, 1), (23, 31)])
def test_no_byte_depends_on_the_strips(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], channels: int
):
    monkeypatch.setattr(strips, "STRIP_PIXELS", 60)
    pixels = random_pixels(*size, channels)
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    picture = to_picture(pixels.tobytes(), *size, channels, CPU)
    assert torch.equal(picture.layers, image.float().div_(255))
    layers = picture.layers * 1.2 - 0.1
    rounded = (layers.clamp(0, 1) * 255).round().to(torch.uint8)
    assert torch.equal(quantised(layers), rounded)
    assert torch.equal(eight_bit(picture_of(layers)).layers, rounded.float() / 255)
    assert bytes(interleaved(rounded)) == rounded.permute(1, 2, 0).contiguous().numpy().tobytes()
