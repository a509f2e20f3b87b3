"""An egg in closed form: a surface of revolution about the y axis.

    x^2 + z^2 = R(y)^2,  R(y) = sqrt(1 - y^2) (1 - k y),  |y| <= 1

k is the `egg_factor`: 0 is the unit sphere; above 0 the egg is blunt below and pointed above. By
the angle phi from the upper pole its parallels have the radius r = sin(phi) (1 - k cos(phi)), and
a point is (r cos(theta), cos(phi), r sin(theta)). Its shadow has the area pi for every k.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

FACTORS = (-0.7, 0.7)
"""Egg factors between which the egg fits into a view of half-width 1.2."""


class Frame(NamedTuple):
    """Points of the surface, and the directions there."""

    normal: Tensor  # (3, ...) of unit length, outwards
    along: Tensor  # (3, ...) dP/du
    down: Tensor  # (3, ...) dP/dv


def radius(y: Tensor, factor: float) -> Tensor:
    """R(y) for |y| <= 1, else 0."""
    return ((1 - y) * (1 + y)).clamp(min=0).sqrt() * (1 - factor * y)


def hits(x: Tensor, y: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """Where rays along -z meet the surface first.

    Args:
        x: of the rays, any shape that broadcasts with y.
        y: of the rays.
        factor: the egg factor.

    Returns:
        Which rays meet it, bool; and z there, 0 for the others.
    """
    disc = radius(y, factor).square() - x.square()
    return (disc >= 0) & (y.abs() <= 1), disc.clamp(min=0).sqrt()


def uv_of(point: Tensor) -> Tensor:
    """Texture coordinates (2, ...) in [0, 1) and [0, 1] of points (3, ...) of the surface."""
    x, y, z = point
    u = (torch.atan2(z, x) / (2 * math.pi) + 0.5) % 1
    # acos has half the digits near the poles.
    v = torch.atan2(((1 - y) * (1 + y)).clamp(min=0).sqrt(), y) / math.pi
    return torch.stack((u, v))


def point_at(uv: Tensor, factor: float) -> Tensor:
    """The points (3, ...) of texture coordinates (2, ...)."""
    theta, phi = _angles(uv)
    r = phi.sin() * (1 - factor * phi.cos())
    return torch.stack((r * theta.cos(), phi.cos(), r * theta.sin()))


def frame_at(point: Tensor, factor: float) -> Frame:
    """Normal and tangents at points (3, ...) of the surface."""
    x, y, z = point
    narrowing = 1 - factor * y
    slope = y * narrowing.square() + factor * (1 - y) * (1 + y) * narrowing
    normal = torch.nn.functional.normalize(torch.stack((x, slope, z)), dim=0)
    theta, phi = _angles(uv_of(point))
    r = phi.sin() * (1 - factor * phi.cos())
    growth = phi.cos() * (1 - factor * phi.cos()) + factor * phi.sin().square()  # dr/dphi
    sin, cos = theta.sin(), theta.cos()
    along = 2 * math.pi * torch.stack((-r * sin, torch.zeros_like(r), r * cos))
    down = math.pi * torch.stack((growth * cos, -phi.sin(), growth * sin))
    return Frame(normal, along, down)


def _angles(uv: Tensor) -> tuple[Tensor, Tensor]:
    """Theta around the axis and phi from the upper pole, in radians."""
    return (uv[0] - 0.5) * (2 * math.pi), uv[1] * math.pi
