import pytest
import torch

from tests.worker.shader.drawings import noise, opaque
from worker.shader.picture import Picture, no_less_opaque, picture_of, seen


@pytest.mark.parametrize("channels", [3, 4])
def test_layers_and_back(channels: int):
    layers = noise(channels, 5, 6)
    picture = picture_of(layers)
    assert torch.equal(picture.rgb, layers[:3])
    assert (picture.alpha is None) == (channels == 3)
    assert torch.equal(picture.layers, layers)
    assert torch.equal(picture.rows(slice(2, 4)).layers, layers[:, 2:4])


@pytest.mark.parametrize("background", [(1.0, 1.0, 1.0), (0.0, 0.5, 1.0)])
def test_seen_is_over_the_background(background: tuple[float, float, float]):
    rgb, ground = noise(3, 4, 4), torch.tensor(background)[:, None, None].expand(3, 4, 4)
    half = seen(Picture(rgb, torch.full((4, 4), 0.5)), background)
    assert torch.allclose(half, (rgb + ground) / 2)
    assert torch.equal(seen(Picture(rgb, torch.zeros(4, 4)), background), ground)
    assert torch.allclose(seen(opaque(rgb), background), rgb)


def test_opacity_never_falls_and_thin_ink_keeps_its_look():
    copied, before, white = torch.tensor([[0.5, 1.0]]), torch.tensor([[1.0, 0.25]]), (1.0, 1.0, 1.0)
    ink = torch.zeros(3, 1, 2)
    out = no_less_opaque(torch.cat((ink, copied[None])), before, white)
    assert out.alpha.tolist() == [[1.0, 1.0]]
    assert torch.equal(seen(out, white), seen(Picture(ink, copied), white))
    assert torch.equal(no_less_opaque(ink, None, white).rgb, ink)
