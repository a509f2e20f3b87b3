"""Blinn-Phong light with Schlick's reflection (1994), on a dielectric."""

from typing import NamedTuple

import torch
from torch import Tensor

SHININESS = 32
GLINT = (0.8, 0.85, 1.0)  # colour of the reflected light
LEAST_FACING = 0.01
OCCLUSION = 0.3  # how much darker the lowest places are


class Light(NamedTuple):
    """One lamp far away, and what comes from everywhere; the eye is at +z."""

    direction: tuple[float, float, float] = (0.5, 0.7, 0.5)  # towards the lamp, any length > 0
    ambient: float = 0.15
    refraction: float = 1.5  # index of; 1.5 reflects 4 % of what falls in straight


DAYLIGHT = Light()


def lit(albedo: Tensor, normal: Tensor, height: Tensor, light: Light) -> Tensor:
    """Colours (3, ...) in 0..1 of a surface.

    Args:
        albedo: (3, ...) or what broadcasts with it.
        normal: (3, ...) of unit length.
        height: (...) in 0..1; low places get less light from around.
        light: the lamp.
    """
    lamp = torch.nn.functional.normalize(normal.new_tensor(light.direction), dim=0)
    half = torch.nn.functional.normalize(lamp + normal.new_tensor((0.0, 0.0, 1.0)), dim=0)
    diffuse = _along(normal, lamp).clamp(min=0)
    specular = _along(normal, half).clamp(min=0) ** SHININESS
    straight = ((light.refraction - 1) / (light.refraction + 1)) ** 2
    grazing = 1 - normal[2].clamp(min=LEAST_FACING)
    reflected = straight + (1 - straight) * grazing**5
    glint = _column(GLINT, normal) * (specular * reflected)
    colour = (1 - reflected) * albedo * (diffuse + light.ambient) + glint
    return (colour * (1 - OCCLUSION + OCCLUSION * height)).clamp(0, 1)


def _along(vectors: Tensor, direction: Tensor) -> Tensor:
    product: Tensor = torch.tensordot(direction, vectors, dims=1)
    return product


def _column(colour: tuple[float, float, float], like: Tensor) -> Tensor:
    """(3, 1, ...) to multiply (3, ...) with."""
    return like.new_tensor(colour).reshape(3, *[1] * (like.ndim - 1))
