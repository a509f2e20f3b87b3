"""Drawings that the project makes itself, for its sheets and its README."""

import math

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

INK, PAPER = (0, 0, 0), (255, 255, 255)
SIDE = 512  # pixels

Points = list[tuple[float, float]]


def _curve(points: Points, steps: int = 24) -> Points:
    """A Catmull-Rom spline through the points."""
    padded = [points[0], *points, points[-1]]
    curve: Points = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for i in range(steps):
            t = i / steps
            curve.append(
                (
                    _spline(p0[0], p1[0], p2[0], p3[0], t),
                    _spline(p0[1], p1[1], p2[1], p3[1], t),
                )
            )
    return [*curve, points[-1]]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def whale() -> Image.Image:
    """A line drawing: hard black lines on white, nothing filled but an eye."""
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(image)
    body = [(66, 300), (92, 236), (160, 190), (246, 184), (322, 214), (380, 262), (420, 258)]
    belly = [(66, 300), (96, 352), (170, 380), (262, 370), (338, 330), (392, 292), (420, 258)]
    tail = [(420, 258), (440, 214), (470, 184), (476, 222), (450, 250), (484, 272), (474, 300)]
    tail += [(442, 288), (420, 258)]
    fin = [(216, 352), (224, 398), (262, 428), (276, 388), (262, 362)]
    for line in (body, belly, tail, fin):
        draw.line(_curve(line), fill=INK, width=2, joint="curve")
    for offset in range(5):
        x = 112 + 34 * offset
        draw.line(_curve([(x, 352 + 3 * offset), (x + 34, 330), (x + 84, 322)]), fill=INK)
    draw.line(_curve([(72, 306), (112, 316), (156, 304)]), fill=INK, width=2)
    draw.ellipse((148, 258, 160, 270), outline=INK)
    draw.ellipse((152, 262, 157, 267), fill=INK)
    for lean in (-34, -12, 12, 34):
        spray = [
            (210, 178),
            (210 + lean * 0.6, 124),
            (210 + lean * 1.7, 112),
            (210 + lean * 2, 138),
        ]
        draw.line(_curve(spray), fill=INK, width=2)
    for row in range(3):
        y = 446 + 20 * row
        wave = [(30 + 18 * i + 9 * row, y + 5 * math.sin(i * 1.4)) for i in range(26)]
        draw.line(_curve(wave), fill=INK, width=1 + (row == 0))
    return image


def tiles() -> Image.Image:
    """Flat colours with outlines."""
    image = Image.new("RGB", (256, 256), (250, 244, 230))
    draw = ImageDraw.Draw(image)
    colours = [(214, 64, 48), (240, 180, 40), (40, 110, 170), (60, 150, 90), (120, 70, 150)]
    for i, colour in enumerate(colours):
        x, y, r = 30 + 44 * i, 60 + 90 * (i % 2), 20 + 5 * i
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=INK, width=3)
        draw.line((x, y + r, x + 12 * (i - 2), 240), fill=INK, width=2)
    return image


def dither() -> Image.Image:
    """A photograph in black and white dots."""
    return Image.fromarray(data.camera()).resize((256, 256)).convert("1").convert("RGB")


def checkerboard(square: int = 8, side: int = 256) -> Image.Image:
    """Squares of so many pixels."""
    values = (np.indices((side, side)) // square).sum(0) % 2 * 255
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def photographs() -> dict[str, Image.Image]:
    """Public-domain photographs from scikit-image's wheel, at most 512 px a side."""
    pictures = {
        "astronaut": Image.fromarray(data.astronaut()),
        "coffee": Image.fromarray(data.coffee()),
        "cat": Image.fromarray(data.chelsea()),
    }
    for picture in pictures.values():
        picture.thumbnail((SIDE, SIDE))
    return pictures
