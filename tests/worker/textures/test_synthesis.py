from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor

from worker.render.scene import EggSettings
from worker.shader.stages import result_of
from worker.textures.carriers import CARRIERS, carrier, checkerboard
from worker.textures.modes import Modes, image_modes
from worker.textures.settings import BALANCED, PRESETS, Mode, TextureSettings
from worker.textures.synthesis import etching, height_map, nodal_lines, segment
from worker.textures.texture import texture

SIZE = 40
BEAN, BOARD = carrier("bean", SIZE), carrier("checkerboard", SIZE)


@pytest.fixture(scope="module")
def modes() -> Modes:
    return result_of(image_modes(BEAN, 16, 0.1))


def modes_of(first: Tensor) -> Modes:
    """Modes whose Fiedler vector is this one."""
    return Modes(first[None].double(), torch.ones(1), torch.zeros(1), 1)


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("used", [1, 2, 8])
@pytest.mark.parametrize("operand", [None, BOARD])
def test_every_mode_gives_a_height(modes: Modes, mode: Mode, used: int, operand: Tensor | None):
    settings = TextureSettings(mode=mode)
    height = height_map(BEAN, operand, modes.first(used), settings)
    assert height.shape == (SIZE, SIZE)
    assert 0 <= float(height.min()) < float(height.max()) <= 1


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_flat_carrier_gives_a_finite_height(mode: Mode):
    flat = torch.zeros(SIZE, SIZE)
    found = result_of(image_modes(flat, 8, 0.1))
    assert bool(height_map(flat, None, found, TextureSettings(mode=mode)).isfinite().all())


def test_the_segment_is_the_figure(modes: Modes):
    """A silhouette hangs together by weak edges only: the Fiedler vector tells it from the rest."""
    inside = segment(modes).bool()
    figure = BEAN > 0
    assert bool((inside == figure).all() or (inside != figure).all())


def test_nodal_lines_by_hand():
    sides = torch.ones(6, 7)
    sides[:, :3] = -1
    expected = torch.zeros(6, 7).double()
    expected[:, 2:4] = 1
    assert torch.equal(nodal_lines(modes_of(sides), wrap=False), expected)
    expected[:, [0, -1]] = 1  # around the border the other side begins
    assert torch.equal(nodal_lines(modes_of(sides), wrap=True), expected)
    down = torch.ones(6, 7)
    down[4:] = -1
    expected = torch.zeros(6, 7).double()
    expected[3:5] = 1
    assert torch.equal(nodal_lines(modes_of(down), wrap=False), expected)


def test_simple_and_blend_by_their_sums(modes: Modes):
    lines = nodal_lines(modes, wrap=False)
    simple = height_map(BEAN, BOARD, modes, TextureSettings(mode="simple"))
    assert torch.equal(simple, 0.7 * segment(modes) + 0.3 * lines)
    blend = height_map(BEAN, BOARD, modes, TextureSettings(mode="blend"))
    assert torch.allclose(blend, 0.4 * segment(modes) + 0.2 * lines + 0.4 * BOARD.double())


def test_etching_is_deeper_where_the_operand_is_bright(modes: Modes):
    dark = etching(modes.first(8), torch.zeros(SIZE, SIZE).double(), BALANCED)
    left = torch.zeros(SIZE, SIZE).double()
    left[:, : SIZE // 2] = 1
    half = etching(modes.first(8), left, BALANCED)
    ratio = (half / dark.clamp(min=1e-9))[dark > 0.05]
    assert float(ratio.max() / ratio.min()) == pytest.approx(2, rel=0.05)


def test_theta_picks_the_modes():
    """Waves along x, the faster the higher: etched slopes follow the wave that theta picks."""
    place = (torch.arange(64.0) + 0.5) / 64 * torch.pi
    waves = torch.stack([(i * place).cos().expand(64, 64) for i in range(1, 9)]).double()
    found = Modes(waves, torch.arange(1.0, 9), torch.zeros(8), 8)
    operand = torch.zeros(64, 64).double()
    coarse, fine = (
        etching(found, operand, replace(BALANCED, theta=theta)) for theta in (0.0, 0.875)
    )
    assert float(fine.diff(dim=1).abs().mean()) > 1.5 * float(coarse.diff(dim=1).abs().mean())


def test_zero_crossings_do_not_depend_on_the_resolution():
    shares = []
    for side in (64, 256):
        place = (torch.arange(float(side)) + 0.5) / side * torch.pi
        wave = (2 * place).cos().expand(side, side).double()
        found = Modes(wave[None], torch.ones(1), torch.zeros(1), 1)
        etched = etching(found, torch.zeros(side, side).double(), replace(BALANCED, theta=0.0))
        crossing = wave.abs() < 0.1
        shares.append(float(etched[crossing].mean() - etched[~crossing].mean()))
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
    assert shares[0] > 0.2


def test_presets_differ(modes: Modes):
    heights = [height_map(BEAN, BOARD, modes.first(8), preset) for preset in PRESETS.values()]
    for i, first in enumerate(heights):
        for other in heights[i + 1 :]:
            assert float((first - other).abs().mean()) > 1e-3


def test_with_theta_one_a_picture_embeds_as_its_own_low_modes(modes: Modes):
    height = height_map(BEAN, BOARD, modes, TextureSettings(mode="embed", theta=1.0))
    figure = (BEAN > 0).double()
    both = torch.corrcoef(torch.stack((height.flatten(), figure.flatten())))
    assert float(both[0, 1]) > 0.95


def test_without_theta_nothing_is_warped(modes: Modes):
    still = height_map(BEAN, None, modes, TextureSettings(mode="warp", theta=0.0))
    assert torch.allclose(still, BEAN.double(), atol=1e-6)
    moved = height_map(BEAN, None, modes, TextureSettings(mode="warp", theta=1.0))
    assert float((moved - still).abs().max()) > 0.2


def test_a_texture_of_modes_on_the_way_says_how_many_it_used():
    stages = image_modes(BEAN, 8, 0.1)
    early = next(found for found in stages if found is not None)
    view = EggSettings(size=32)
    partial = result_of(texture(BEAN, BOARD, early, BALANCED, view))
    whole = result_of(texture(BEAN, BOARD, result_of(stages), BALANCED, view))
    assert partial.used < whole.used == 8
    for made in (partial, whole):
        assert made.height.shape == (SIZE, SIZE)
        assert made.normals.shape == (3, SIZE, SIZE)
        assert made.egg.shape == (3, 32, 32)
        assert all(bool(part.isfinite().all()) for part in made[:3])


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("size", [1, 2, 16, 100])
def test_carriers(name: str, size: int):
    image = carrier(name, size)
    assert image.shape == (size, size)
    assert image.dtype == torch.float32
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    if size >= 16:
        assert float(image.max()) - float(image.min()) > 0.9
    assert torch.equal(image, carrier(name, size))


def test_checkerboard_by_hand():
    assert checkerboard(4, 2).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_the_dragon_is_one_line():
    """Drawn thinly enough to see between its folds, it still hangs together."""
    import scipy.ndimage

    image = carrier("dragon", 400).numpy() > 0
    assert scipy.ndimage.label(image, np_ones())[1] == 1
    assert 0.1 < image.mean() < 0.6


def np_ones() -> list[list[int]]:
    return [[1, 1, 1]] * 3


def test_noise_goes_on_around_the_border():
    image = carrier("noise", 64)
    inside = image.diff(dim=0).abs().max()
    assert float((image[0] - image[-1]).abs().max()) <= 1.5 * float(inside)
