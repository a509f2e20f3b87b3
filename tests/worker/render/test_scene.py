from dataclasses import replace

import pytest
import torch
from torch import Tensor

from worker.render import scene
from worker.render.lighting import Light, lit
from worker.render.normal_map import normal_map
from worker.render.scene import BACKGROUND, Coat, EggSettings, facing, render_egg
from worker.shader.stages import result_of

SMALL = EggSettings(size=64)


BARE = Coat()


def rendered(coat: Coat = BARE, settings: EggSettings = SMALL) -> Tensor:
    return result_of(render_egg(coat, settings))


def chequered(side: int = 32, cells: int = 8) -> Tensor:
    index = torch.arange(side) * cells // side
    return ((index[:, None] + index) % 2).float()


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_flat_relief_is_no_relief(level: float):
    flat = Coat(height=torch.full((16, 16), level))
    without = rendered(flat, replace(SMALL, displacement=0.0))
    assert torch.equal(rendered(flat), without)
    blank = normal_map(torch.full((16, 16), level))
    assert torch.allclose(rendered(flat._replace(normals=blank)), without, atol=1e-6)


def test_a_relief_changes_the_light():
    height = chequered()
    raised = rendered(Coat(height=height))
    assert (
        float((raised - rendered(Coat(height=height), replace(SMALL, displacement=0))).std()) > 0.01
    )
    assert 0 <= float(raised.min()) <= float(raised.max()) <= 1


def test_beside_the_egg_there_is_background():
    image = rendered()
    corner = torch.tensor(BACKGROUND)
    assert torch.equal(image[:, 0, 0], corner)
    assert torch.equal(image[:, -1, -1], corner)
    assert not torch.allclose(image[:, 32, 32], corner, atol=0.05)


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch):
    coat = Coat(height=chequered(), normals=normal_map(chequered()))
    settings = replace(SMALL, supersample=2)
    whole = rendered(coat, settings)
    monkeypatch.setattr(scene, "STRIP", 600)
    stages = render_egg(coat, settings)
    first, rows = next(stages)
    assert rows == 2
    assert torch.equal(first[:, 40], torch.tensor(BACKGROUND)[:, None].expand(3, 64))
    assert len(list(stages)) == 31
    assert torch.allclose(rendered(coat, settings), whole, atol=1e-5)


def test_supersampling_is_the_mean_of_four_rays():
    fine = rendered(settings=EggSettings(size=128))
    means = torch.nn.functional.avg_pool2d(fine, 2)
    assert torch.allclose(rendered(settings=replace(SMALL, supersample=2)), means, atol=1e-6)


def test_the_middle_of_a_facing_image_is_seen_and_not_in_a_mirror():
    image = torch.zeros(3, 32, 64)
    image[0, :, 33:40] = 1  # red, right of the middle
    seen = rendered(Coat(texture=facing(image)))
    red = seen[0, 32] > 0.2
    assert torch.equal(facing(image)[..., 64:].flip(-1), image)
    assert bool(red[34:].any())
    assert not bool(red[:31].any())


def test_a_quarter_turn_brings_a_quarter_of_the_texture():
    image = torch.zeros(3, 8, 4)
    image[1, :, 3] = 1  # three quarters to the right: in front
    settings = replace(SMALL, turn=90)
    turned = rendered(Coat(texture=image.roll(1, -1)), settings)
    assert torch.allclose(rendered(Coat(texture=image)), turned, atol=1e-5)


def test_in_double_precision_it_is_the_same_picture():
    height = chequered()
    double = rendered(Coat(height=height.double()))
    assert double.dtype == torch.float64
    assert float((double - rendered(Coat(height=height))).abs().max()) < 1e-3


def test_light_by_hand():
    normal = torch.tensor([0.0, 0.0, 1.0])[:, None]
    white = torch.ones(3, 1)
    straight = lit(white, normal, torch.ones(1), Light(direction=(0.0, 0.0, 2.0)))
    # Diffuse and ambient light, less what is reflected; and the glint.
    expected = 0.96 * 1.15 + 0.04 * torch.tensor([0.8, 0.85, 1.0])
    assert torch.allclose(straight[:, 0], expected.clamp(max=1), atol=1e-6)
    behind = lit(white, normal, torch.zeros(1), Light(direction=(0.0, 0.0, -1.0)))
    assert torch.allclose(behind, torch.tensor(0.96 * 0.15 * 0.7), atol=1e-6)


def test_the_normal_map_of_a_plane_is_even():
    flat = torch.tensor([0.5, 0.5, 1.0])[:, None, None]
    assert torch.equal(normal_map(torch.full((5, 7), 3.0)), flat.expand(3, 5, 7))
    ramp = normal_map(torch.arange(5.0).expand(4, 5), strength=2.0)
    slope = torch.nn.functional.normalize(torch.tensor([-0.5, 0.0, 1.0]), dim=0)
    assert torch.allclose(ramp, ((slope + 1) / 2)[:, None, None].expand(3, 4, 5), atol=1e-6)


def test_the_normal_map_looks_down_or_up():
    height = torch.rand(6, 6, generator=torch.Generator().manual_seed(1))
    down, up = normal_map(height), normal_map(height, flip_green=True)
    assert torch.allclose(up[1], 1 - down[1], atol=1e-6)
    assert torch.equal(up[[0, 2]], down[[0, 2]])
    wrapped = normal_map(height, wrap=True)
    rolled = normal_map(height.roll((2, 3), (0, 1)), wrap=True)
    assert torch.equal(rolled, wrapped.roll((2, 3), (1, 2)))


def test_one_pixel_is_enough():
    coat = Coat(torch.ones(1, 1), torch.ones(3, 1, 1), normal_map(torch.ones(1, 1)))
    assert bool(rendered(coat).isfinite().all())
