"""What is measured on: photographs from scikit-image and the project's own drawings."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from benchmarks import drawings

Pixels = NDArray[np.uint8]  # (H, W, 3)

TILE, OVERLAP = 64, 16  # pixels, as the service has them by default
STEP = TILE - OVERLAP
SAMPLE_SEED = 7


@dataclass(frozen=True)
class Picture:
    """A picture by name, and who is measured on it."""

    name: str
    character: str
    make: Callable[[], Pixels]
    peers: bool = True
    sampled: int = 24  # tiles for which the exact vector is computed


def mirrored(pixels: Pixels, side: int) -> Pixels:
    """Larger by mirroring at the borders: the texture keeps its scale."""
    height, width, _ = pixels.shape
    return np.pad(
        pixels, ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0)), "symmetric"
    )[:side, :side]


def noise() -> Pixels:
    """Every pixel of a random colour."""
    return np.random.default_rng(5).integers(0, 256, (256, 256, 3), np.uint8)


def drawn(make: Callable[[], Image.Image]) -> Callable[[], Pixels]:
    """A drawing's pixels."""
    return lambda: np.asarray(make())


PICTURES = (
    Picture("cat", "photograph, fur", lambda: data.chelsea()[20:276, 60:316]),
    Picture("dither", "photograph in black and white dots", drawn(drawings.dither)),
    Picture("noise", "every pixel random", noise),
    Picture("astronaut", "photograph", data.astronaut),
    Picture("whale", "line drawing", drawn(drawings.whale)),
    Picture("hubble", "photograph, dark and grainy", data.hubble_deep_field),
    Picture("retina", "photograph, smooth with fine lines", data.retina),
    Picture("coffee", "photograph, mirrored to 2048", lambda: mirrored(data.coffee(), 2048)),
    Picture(
        "astronaut 4096",
        "photograph, mirrored to 4096",
        lambda: mirrored(data.astronaut(), 4096),
        peers=False,
    ),
)
QUICK = (
    Picture("cat", "photograph, fur", lambda: data.chelsea()[20:276, 60:316], sampled=4),
    Picture("dither", "photograph in black and white dots", drawn(drawings.dither), sampled=4),
)


@dataclass(frozen=True)
class Cut:
    """A picture as tiles in raster order, and a sample of those that show anything."""

    pixels: Pixels
    origins: tuple[tuple[int, int], ...]  # (top, left)
    busy: tuple[int, ...]  # tiles of more than one colour
    sample: tuple[int, ...]

    def tile(self, index: int) -> NDArray[np.float64]:
        """(h, w, 3) in [0, 1]."""
        y, x = self.origins[index]
        return self.pixels[y : y + TILE, x : x + TILE] / 255.0

    def strip(self) -> Pixels:
        """The sampled tiles one above the other: a picture of their own."""
        corners = [self.origins[t] for t in self.sample]
        return np.concatenate([self.pixels[y : y + TILE, x : x + TILE] for y, x in corners])


def cut(picture: Picture) -> Cut:
    """Tiles of 64 x 64 every 48 pixels, the last ones flush with the border.

    The sample is stratified: the busy tiles in raster order are cut into runs of equal length,
    and from each run comes one at random, from a fixed seed.
    """
    pixels = np.ascontiguousarray(picture.make())
    tops, lefts = ([*range(0, length - TILE, STEP), length - TILE] for length in pixels.shape[:2])
    origins = tuple((y, x) for y in tops for x in lefts)
    busy = tuple(i for i, corner in enumerate(origins) if _busy(pixels, *corner))
    edges = np.linspace(0, len(busy), min(picture.sampled, len(busy)) + 1).astype(int)
    random = np.random.default_rng(SAMPLE_SEED)
    places = [int(random.integers(low, high)) for low, high in pairwise(edges)]
    return Cut(pixels, origins, busy, tuple(busy[p] for p in places))


def _busy(pixels: Pixels, y: int, x: int) -> bool:
    tile = pixels[y : y + TILE, x : x + TILE]
    return bool((tile != tile[0, 0]).any())
