"""Tiles of the kinds an engine for pictures meets, as (3, h, w) float32 in [0, 1]."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import data
from torch import Tensor

from worker.numerics.field import FieldSolver
from worker.numerics.field_state import FieldSettings
from worker.numerics.stencil import half_stencil

STENCIL = half_stencil((1, 2, 3, 4, 5, 6), (1.0, 0.6, 0.4, 0.3, 0.2, 0.1))
TAU = 0.15
TOLERANCE = 0.03

Pixels = NDArray[np.uint8]  # (h, w, 3)


def settings(tile_size: int = 64, overlap: int = 16, tiles_in_batch: int = 16) -> FieldSettings:
    return FieldSettings(
        tile_size, overlap, TOLERANCE, STENCIL, TAU, tiles_in_batch * tile_size * tile_size
    )


def solved(
    image: Tensor, chosen: FieldSettings, previous: FieldSolver | None = None
) -> FieldSolver:
    """A field with nothing left to do."""
    solver = FieldSolver(image, chosen, previous)
    while not solver.finished:
        solver.step()
    return solver


def tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def photo(side: int, y: int = 60, x: int = 180) -> Pixels:
    return data.astronaut()[y : y + side, x : x + side]


def coffee(side: int) -> Pixels:
    return data.coffee()[150 : 150 + side, 250 : 250 + side]


def _paper(side: int) -> Pixels:
    return np.full((side, side, 3), 255, np.uint8)


def _places(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[:side, :side] / side
    return y, x


def art(side: int) -> Pixels:
    """A red disc with a black outline and a blue box: hard edges, no blending."""
    y, x = _places(side)
    tile, radius = _paper(side), np.hypot(y - 0.4, x - 0.45)
    tile[(y > 0.6) & (x > 0.55) & (y < 0.9)] = (20, 60, 200)
    tile[radius < 0.3] = (0, 0, 0)
    tile[radius < 0.26] = (220, 30, 30)
    return tile


def dither(side: int) -> Pixels:
    """A slope in one bit, by an ordered 4 x 4 matrix."""
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16
    threshold = np.tile(bayer, (side // 4 + 1, side // 4 + 1))[:side, :side]
    return _grey(_places(side)[1] > threshold)


def checkerboard(side: int, square: int) -> Pixels:
    y, x = np.mgrid[:side, :side] // square
    return _grey((y + x) % 2 == 0)


def noise(side: int) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (side, side, 3), np.uint8)


def gradient(side: int) -> Pixels:
    y, x = _places(side)
    return np.stack([255 * x, 255 * y, 0 * x], 2).astype(np.uint8)


def outlier(side: int) -> Pixels:
    tile = _paper(side)
    tile[side // 3, side // 2] = 0
    return tile


def halves(side: int) -> Pixels:
    return _grey(_places(side)[1] < 0.5)


def dots(side: int) -> Pixels:
    """Sixteen equal dots: fifteen nearly equal modes."""
    y, x = np.mgrid[:side, :side] % (side // 4) - side / 8 + 0.5
    return _grey(np.hypot(y, x) > side / 32)


def _grey(light: NDArray[np.bool_]) -> Pixels:
    return np.repeat(np.where(light, 255, 0).astype(np.uint8)[:, :, None], 3, 2)


KINDS: dict[str, Callable[[int], Pixels]] = {
    "photo": photo,
    "face": lambda side: photo(side, 80, 200),
    "coffee": coffee,
    "art": art,
    "dither": dither,
    "checkerboard 1": lambda side: checkerboard(side, 1),
    "checkerboard 2": lambda side: checkerboard(side, 2),
    "checkerboard 4": lambda side: checkerboard(side, 4),
    "checkerboard 8": lambda side: checkerboard(side, 8),
    "noise": noise,
    "gradient": gradient,
    "outlier": outlier,
    "halves": halves,
    "dots": dots,
}
