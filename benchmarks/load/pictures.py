"""The pictures that are sent: made by script, as busy as photographs, encoded once.

Soft light, things with hard edges, and grain. A side of more than 1024 pixels is mirrored, which
keeps the scale of the texture.
"""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MADE = 1024  # pixels of a side that is not mirrored
QUALITY = 90
MARK = b"\xff\xfe\x00\x0a"  # a JPEG comment of 8 bytes


@cache
def picture(side: int, variant: int) -> NDArray[np.uint8]:
    """Pixels (side, side, 3); the same for the same arguments."""
    made = _made(variant)[-side:, -side:]
    short = side - len(made)
    return np.pad(made, ((0, short), (0, short), (0, 0)), "symmetric") if short else made


@cache
def jpeg(side: int, variant: int) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture(side, variant)).save(file, "JPEG", quality=QUALITY)
    picture.cache_clear()  # 48 MiB each for the largest
    return file.getvalue()


def pieces(side: int, variant: int, number: int) -> tuple[bytes, bytes, bytes]:
    """The file in pieces, with a comment that makes it another one for each number.

    Identical work in flight is computed once; here nobody's work is.
    """
    whole = jpeg(side, variant)
    return whole[:2], MARK + number.to_bytes(8, "big"), whole[2:]


@cache
def _made(variant: int) -> NDArray[np.uint8]:
    draw = np.random.default_rng(variant)
    pixels = _light(draw) + draw.normal(0, 6, (MADE, MADE, 1))
    return np.clip(_with_things(pixels, draw), 0, 255).astype(np.uint8)


def _light(draw: np.random.Generator) -> NDArray[np.float64]:
    """Noise of several lengths of waves, the longest the strongest; (MADE, MADE, 3), 0..255."""
    light = np.zeros((MADE, MADE, 3))
    for cells in (4, 8, 16, 32, 64, 128):
        coarse = draw.random((cells, cells, 3), np.float32) - 0.5
        layers = [
            np.asarray(Image.fromarray(each).resize((MADE, MADE), Image.Resampling.BICUBIC))
            for each in coarse.T
        ]
        light += np.stack(layers, 2) * (4 / cells) ** 0.6
    return 128 + 110 * light


def _with_things(pixels: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    """Discs and leaning boxes in plain colours, some of the light still seen through them."""
    layer = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(layer)
    for _ in range(90):
        x, y = draw.uniform(0, MADE, 2)
        size, colour = draw.uniform(8, 90), tuple(int(c) for c in draw.integers(0, 256, 3))
        if draw.random() < 0.5:
            pen.ellipse((x, y, x + size, y + size), fill=colour)
        else:
            lean = draw.uniform(-size, size, 4)
            corners = [(x, y), (x + size, y + lean[0]), (x + lean[1], y + size)]
            pen.polygon([*corners, (x - size, y + lean[2])], fill=colour)
    return 0.8 * np.asarray(layer, np.float64) + 0.2 * pixels
