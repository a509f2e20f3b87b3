"""Small pictures and fields, and settings of the shader, for its tests."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import skimage.data
import torch
from torch import Tensor

from worker.shader.envelope import Phase
from worker.shader.picture import Picture
from worker.shader.settings import ShaderSettings

PHASE = Phase(0.2, 0.8, 0.05, 3.0)

SETTINGS = ShaderSettings(
    low_gate="segments",
    overlap_mode="replace",
    shadow_projection="diameter",
    percentile=40,
    gate_sharpness=3,
    effect_strength=1,
    decay=1,
    scale="px",
    translation_strength=15,
    shadow_offset=5,
    min_segment_pixels=12,
    max_segments=40,
    max_segment_size=64,
    envelope=(PHASE, Phase(0.3, 0.6, 0.1, 2.0)),
    background=(1.0, 1.0, 1.0),
)


def settings(**changes: Any) -> ShaderSettings:
    return replace(SETTINGS, **changes)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.from_numpy(generator(seed).random(shape, dtype=np.float32))


def line_art(height: int = 128, width: int = 128, dark: float = 0.0, paper: float = 1.0) -> Tensor:
    """A ring, a box and a slope, three pixels wide, (H, W)."""
    y, x = np.mgrid[:height, :width]
    ring = np.abs(np.hypot(y - 0.3 * height, x - 0.3 * width) - 0.18 * height) < 1.5
    box = np.maximum(np.abs(y - 0.7 * height), np.abs(x - 0.7 * width))
    slope = (np.abs(y + x - 1.1 * height) < 1.5) & (x < 0.45 * width) & (y < 0.95 * height)
    ink = ring | (np.abs(box - 0.16 * height) < 1.5) | slope
    return torch.from_numpy(np.where(ink, dark, paper).astype(np.float32))


def coloured(luma: Tensor) -> Tensor:
    """(3, H, W): the ink of a drawing in colours that change from left to right."""
    across = torch.linspace(0, 0.5, luma.shape[1]).expand_as(luma)
    return torch.stack((luma, torch.maximum(luma, across), torch.maximum(luma, 0.4 - across)))


def opaque(rgb: Tensor) -> Picture:
    return Picture(rgb, torch.ones(rgb.shape[1:]))


def waves(height: int, width: int) -> Tensor:
    """A field like those of drawings: smooth, of both signs, small."""
    y = torch.arange(height, dtype=torch.float32)[:, None]
    x = torch.arange(width, dtype=torch.float32)[None]
    return (torch.sin(y / 19 + 0.4) * torch.cos(x / 23) + 0.3 * torch.sin((x + y) / 7)) / 50


def grey(rgb: npt.NDArray[Any]) -> Tensor:
    """Luma (H, W) of uint8 (H, W, 3)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return torch.from_numpy(rgb.astype(np.float32) / 255 @ weights)


@lru_cache(maxsize=1)
def photograph() -> Tensor:
    """Luma of a photograph, (256, 256)."""
    return grey(skimage.data.astronaut())[:256, 100:356].contiguous()


def filled_art(side: int = 128) -> Tensor:
    """Flat fields of black, grey and white that leave no colour to be the paper."""
    y, x = np.mgrid[:side, :side]
    fields = np.where(x < side // 3, 0.0, np.where(y < side // 2, 1.0, 0.5))
    disc = np.hypot(y - side * 0.7, x - side * 0.7) < side * 0.15
    return torch.from_numpy(np.where(disc, 0.0, fields).astype(np.float32))


def dithered(side: int = 96) -> Tensor:
    """White paper, and a square of a black and white checkerboard."""
    y, x = np.mgrid[:side, :side]
    inside = (np.abs(y - side // 2) < side // 4) & (np.abs(x - side // 2) < side // 4)
    return torch.from_numpy(np.where(inside, (y + x) % 2, 1).astype(np.float32))
