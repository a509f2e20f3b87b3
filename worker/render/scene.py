"""A picture of the egg: rays, relief, normals, light."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

from worker.render.egg import Frame, frame_at, hits, uv_of
from worker.render.lighting import DAYLIGHT, Light, lit
from worker.render.sampling import sample, slopes

HALF_WIDTH = 1.2  # of the view
BACKGROUND = (30 / 255, 30 / 255, 45 / 255)
ALBEDO = (0.78, 0.47, 0.31)
FLATTEST = 1e-4
"""Squared lengths of tangents count at least so much: they vanish at the poles."""

STRIP = 1 << 16
"""Rays that are followed at a time: 20 ms on one core."""


@dataclass(frozen=True)
class EggSettings:
    """How the egg is seen; all but `size` and `supersample` may differ without cost."""

    size: int = 512  # pixels a side
    egg_factor: float = 0.25
    displacement: float = 0.05  # how high the relief is, beside a sphere of radius 1
    normal_strength: float = 0.7  # 0..1, of the normal map
    supersample: int = 1  # rays along each side of a pixel: 1 or 2
    turn: float = 0.0  # degrees by which the egg is turned about its axis
    light: Light = DAYLIGHT


class Coat(NamedTuple):
    """What the egg wears, by u from left to right and v from top to bottom; any sizes."""

    height: Tensor | None = None  # (H, W) in 0..1
    texture: Tensor | None = None  # (3, H, W) in 0..1
    normals: Tensor | None = None  # (3, H, W) in 0..1, as `normal_map` makes them


class Painted(NamedTuple):
    """A picture under way."""

    image: Tensor  # (3, size, size)
    rows: int  # from the top that are done


def begun_with(rows: Tensor) -> Painted:
    """A picture that has these rows (3, m, size) so far."""
    _, done, size = rows.shape
    image = _background(rows, size, size)
    image[:, :done] = rows
    return Painted(image, done)


def facing(image: Tensor) -> Tensor:
    """An image (..., H, W) for the half of the egg that is seen, (..., H, 2 W), without a seam.

    From outside u runs from right to left: as it is, an image is seen in a mirror, and half of it
    behind the egg. The other half gets the mirrored one.
    """
    return torch.cat((image, image.flip(-1)), -1)


def render_egg(
    coat: Coat,
    settings: EggSettings,
    device: torch.device | None = None,
    begun: Painted | None = None,
) -> Generator[Painted, None, Tensor]:
    """The picture (3, size, size) in 0..1, a few rows at a time.

    Every `yield` is of the picture so far, background where nothing has been rendered.

    Args:
        coat: float32 or float64, in which the rays are followed, too.
        settings: how the egg is seen.
        device: of an egg that wears nothing; else it is the coat's.
        begun: what to go on from.
    """
    rays = settings.size * settings.supersample
    worn = next((layer for layer in coat if layer is not None), torch.zeros(0, device=device))
    place = (torch.arange(rays, dtype=worn.dtype, device=worn.device) + 0.5) * (2 / rays) - 1
    image, done = begun or Painted(_background(place, settings.size, settings.size), 0)
    rows = max(1, STRIP // rays // settings.supersample)
    for top in range(done, settings.size, rows):  # loop: chunks
        part = image[:, top : top + rows]
        first = top * settings.supersample
        y = -place[first : first + part.shape[1] * settings.supersample]
        seen = _seen(HALF_WIDTH * place[None], HALF_WIDTH * y[:, None], coat, settings)
        part.copy_(avg_pool2d(seen, settings.supersample))
        yield Painted(image, top + part.shape[1])
    return image


def _seen(x: Tensor, y: Tensor, coat: Coat, settings: EggSettings) -> Tensor:
    """The colours (3, rows, columns) of rays at x (1, columns) and y (rows, 1)."""
    there, z = hits(x, y, settings.egg_factor)
    image = _background(z, *z.shape)
    point = torch.stack((x.expand_as(z)[there], y.expand_as(z)[there], z[there]))
    image[:, there] = _colours(point, coat, settings)
    return image


def _background(like: Tensor, height: int, width: int) -> Tensor:
    return like.new_tensor(BACKGROUND)[:, None, None].repeat(1, height, width)


def _colours(point: Tensor, coat: Coat, settings: EggSettings) -> Tensor:
    """The colours (3, n) of points (3, n) of the surface."""
    frame = frame_at(point, settings.egg_factor)
    u, v = uv_of(point)
    uv = torch.stack(((u + settings.turn / 360) % 1, v))
    normal, height = frame.normal, torch.ones_like(v)
    albedo = point.new_tensor(ALBEDO)[:, None]
    if coat.texture is not None:
        albedo = sample(coat.texture, uv)
    if coat.height is not None:
        height = sample(coat.height[None], uv)[0]
        normal = _raised(frame, *slopes(coat.height, uv), settings.displacement)
    if coat.normals is not None:
        bent = 2 * sample(coat.normals, uv) - 1
        normal = _bent(frame, normal, bent, settings.normal_strength)
    return lit(albedo, normal, height, settings.light)


def _raised(frame: Frame, across: Tensor, down: Tensor, displacement: float) -> Tensor:
    """The normals (3, n) of a relief with the slopes dh/du and dh/dv (n,); Blinn (1978)."""
    tilt = across * _dual(frame.along) + down * _dual(frame.down)
    return normalize(frame.normal - displacement * tilt, dim=0)


def _dual(tangent: Tensor) -> Tensor:
    return tangent / tangent.square().sum(0).clamp(min=FLATTEST)


def _bent(frame: Frame, normal: Tensor, bent: Tensor, strength: float) -> Tensor:
    """Normals (3, n) turned as a normal map says, in the tangents' frame about them."""
    across, down = (_upright(tangent, normal) for tangent in (frame.along, frame.down))
    turned = bent[0] * across + bent[1] * down + bent[2] * normal
    return normalize(torch.lerp(normal, turned, strength), dim=0)


def _upright(tangent: Tensor, normal: Tensor) -> Tensor:
    """A unit tangent, as far as it is across the normal."""
    unit = normalize(tangent, dim=0)
    return normalize(unit - (unit * normal).sum(0) * normal, dim=0)
