"""A texture: its height map, the normal map of that, and an egg that wears both."""

from collections.abc import Generator
from typing import NamedTuple

from torch import Tensor

from worker.render.normal_map import normal_map
from worker.render.scene import Coat, EggSettings, Painted, facing, render_egg
from worker.textures.modes import Modes
from worker.textures.settings import TextureSettings
from worker.textures.synthesis import height_map


class Texture(NamedTuple):
    """What a texture consists of; complete when `used` modes are as many as were asked for."""

    height: Tensor  # (H, W) float64 in 0..1
    normals: Tensor  # (3, H, W) float64 in 0..1
    egg: Tensor  # (3, size, size) float64 in 0..1
    used: int


def texture(
    carrier: Tensor,
    operand: Tensor | None,
    modes: Modes,
    settings: TextureSettings,
    view: EggSettings,
) -> Generator[Painted | None, None, Texture]:
    """The texture by the modes that are exact, or by the lowest one while there are none.

    Every `yield` is between two steps: of the egg so far, or None before there is any.

    Args:
        carrier: (H, W) in 0..1, whose modes these are.
        operand: (H, W) in 0..1; None: 0.5 everywhere.
        modes: as `image_modes` has them, also before it has ended.
        settings: the texture's.
        view: of the egg.
    """
    exact = modes.first(max(1, modes.converged))
    height = height_map(carrier, operand, exact, settings)
    yield None
    normals = normal_map(height, wrap=settings.wrap)
    seen = facing(height)
    coat = Coat(height=seen, normals=normal_map(seen, wrap=settings.wrap))
    egg = yield from render_egg(coat, view)
    return Texture(height, normals, egg, modes.converged)
