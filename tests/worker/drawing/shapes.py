"""Modes of pictures whose contours are known."""

import math

import numpy as np
import torch
from torch import Tensor

Modes = tuple[Tensor, Tensor]

CENTRE = (70.3, 75.6)


def plane(height: int, width: int) -> tuple[Tensor, Tensor]:
    y = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    x = torch.arange(width, dtype=torch.float32)[None].expand(height, width)
    return y, x


def inside(distance: Tensor) -> Tensor:
    """1 inside, 0 outside, from the signed distance in pixels."""
    return (0.5 - distance).clamp(0, 1)


def disc(radius: float = 40.0, height: int = 150, width: int = 160) -> Modes:
    """One region, and a mode that says nothing of it."""
    y, x = plane(height, width)
    distance = torch.hypot(y - CENTRE[0], x - CENTRE[1]) - radius
    wave = torch.cos(math.pi * (x + 0.5) / width) * 0.1
    return torch.stack((inside(distance), wave)), torch.tensor([0.002, 0.004])


def two_regions() -> Modes:
    """A square and a disc apart from each other, the second fainter by far."""
    y, x = plane(200, 240)
    square = inside(torch.maximum((y - 60).abs(), (x - 60).abs()) - 30.2)
    round_ = inside(torch.hypot(y - 130, x - 170) - 45.4)
    return torch.stack((square, 0.2 * round_ + square)), torch.tensor([0.002, 0.003])


def flat(height: int, width: int, count: int = 9) -> Modes:
    """The lowest cosines: the modes of a picture of one colour."""
    y, x = plane(height, width)
    waves = sorted((i / height) ** 2 + (j / width) ** 2 for i in range(8) for j in range(8))
    modes, theta = [], []
    for i in range(8):
        for j in range(8):
            value = (i / height) ** 2 + (j / width) ** 2
            if waves[0] < value <= waves[min(count, len(waves) - 1)] and len(modes) < count:
                up, across = math.pi * i / height, math.pi * j / width
                modes.append(torch.cos(up * (y + 0.5)) * torch.cos(across * (x + 0.5)))
                theta.append(146 * math.pi**2 * value)
    return torch.stack(modes), torch.tensor(theta)


def noisy(modes: Modes, amount: float) -> Modes:
    """Modes that have not converged."""
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(modes[0].shape, generator=generator)
    return modes[0] + amount * noise, modes[1]


def radii(points: np.ndarray) -> np.ndarray:
    return np.hypot(*(points - np.array(CENTRE)).T)
