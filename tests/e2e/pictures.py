"""Photographs and hard-edged art for end-to-end tests."""

import io
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageDraw


def photograph(width: int, height: int) -> Image.Image:
    """A piece of a photograph, or a magnified one."""
    whole = Image.fromarray(skimage.data.astronaut())
    if width > whole.width or height > whole.height:
        return whole.resize((width, height), Image.Resampling.BICUBIC)
    return whole.crop((120, 20, 120 + width, 20 + height))


def drawing(width: int, height: int, *, transparent: bool = False) -> Image.Image:
    """Black ink with hard edges, on white or on nothing."""
    image = Image.new("RGBA", (width, height), (255, 255, 255, 0 if transparent else 255))
    pen = ImageDraw.Draw(image)
    ink = (0, 0, 0, 255)
    pen.ellipse((width * 0.15, height * 0.2, width * 0.55, height * 0.7), outline=ink, width=3)
    pen.polygon([(width * 0.6, height * 0.8), (width * 0.9, height * 0.8), (width * 0.75, 9)], ink)
    for x in range(10, width, 12):
        pen.line((x, height - 12, x + 6, height - 3), fill=ink, width=2)
    return image if transparent else image.convert("RGB")


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Every pixel by chance, the same for a seed: a file of it is as large as its pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def packed(image: Image.Image, as_format: str = "PNG", **options: Any) -> bytes:
    """The image as a file."""
    file = io.BytesIO()
    image.save(file, as_format, **options)
    return file.getvalue()


def unpacked(data: bytes) -> np.ndarray:
    """(height, width, channels) of a file."""
    return np.asarray(Image.open(io.BytesIO(data)))
