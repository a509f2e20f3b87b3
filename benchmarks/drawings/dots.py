"""Pictures of nothing but black and white: ordered dither, error diffusion, squares."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from benchmarks.drawings.pen import PAPER, Colour, Pen, Point, arc, closed, curve

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
"""Thresholds of ordered dither, in sixteenths (Bayer, 1973)."""

HAIR: list[Point] = [(192, 38), (106, 52), (62, 128), (60, 220), (40, 302), (96, 322), (192, 318)]
HAIR += [(292, 322), (346, 300), (324, 220), (322, 128), (278, 52)]
CHEEKS: list[Point] = [(116, 146), (120, 212), (148, 268), (192, 292), (236, 268), (264, 212)]
CHEEKS += [(268, 146), (192, 96)]
FRINGE: list[Point] = [
    (108, 196),
    (112, 120),
    (150, 78),
    (196, 68),
    (244, 80),
    (276, 126),
    (280, 196),
]
FRINGE += [(262, 150), (240, 168), (222, 140), (200, 164), (176, 140), (156, 172), (134, 148)]
SHOULDERS: list[Point] = [(20, 400), (48, 346), (140, 322), (192, 316), (246, 322), (340, 346)]
SHOULDERS += [(366, 400)]


def portrait() -> Image.Image:
    """Somebody with glasses: thick black lines, tones by ordered dither of 4 x 4."""
    tones = np.asarray(_tones().convert("L")).astype(np.float64) / 255
    shade = np.linspace(0.72, 1.0, tones.shape[0])[:, None]  # sky behind, lighter further down
    return inked(ordered(np.where(tones == 1, shade, tones)), _lines())


def _tones() -> Image.Image:
    """Areas and their greys; white is not an area, and near white is paper."""
    pen = Pen(31, (384, 384))
    pen.fill(closed(HAIR), _grey(52))
    pen.fill(curve(SHOULDERS), _grey(176))
    for y in (346, 372):
        stripe = [(30, y + 14), (110, y - 4), (192, y - 10), (276, y - 4), (356, y + 14)]
        pen.line(curve(stripe), 12, _grey(60), waver=0)
    pen.fill([(158, 262), (226, 262), (232, 328), (192, 342), (152, 328)], _grey(206))
    pen.fill(closed(CHEEKS), _grey(254))
    pen.fill(
        curve([(222, 252), (250, 226), (262, 176), (268, 150), (258, 240), (206, 288)]), _grey(206)
    )
    pen.fill(closed(FRINGE), _grey(100))
    for x in (152, 232):
        pen.fill(arc((x, 198), (32, 29), 0, 360), _grey(228))
        pen.line([(x - 14, 214), (x + 12, 182)], 6, _grey(254), waver=0)
        pen.dot((x + 2, 200), 10, _grey(1))
    return pen.picture()


def _lines() -> Image.Image:
    pen = Pen(32, (384, 384))
    pen.line(closed(HAIR), 5)
    pen.line(curve(CHEEKS[:-1]), 5)
    pen.line(closed(FRINGE), 4)
    for lock in ([(84, 300), (92, 220), (100, 150)], [(296, 300), (292, 230), (286, 150)]):
        pen.line(curve(lock), 4, taper=0.3)
    for x in (152, 232):
        pen.line(arc((x, 198), (32, 29), 0, 360), 6)
        pen.line(curve([(x - 20, 190), (x, 181), (x + 20, 190)]), 5, taper=0.2)
    pen.line(curve([(184, 194), (192, 190), (200, 194)]), 6)
    pen.line(curve([(194, 214), (188, 234), (198, 240)]), 4)
    pen.line(curve([(168, 262), (192, 266), (214, 256)]), 5, taper=0.2)
    pen.line(curve([(160, 288), (158, 318), (150, 330)]), 5)
    pen.line(curve([(226, 288), (228, 318), (234, 330)]), 5)
    pen.line(curve([(150, 330), (192, 344), (234, 330)]), 5)
    pen.line(curve(SHOULDERS), 6)
    return pen.picture()


def _grey(value: int) -> Colour:
    return (value, value, value)


def ordered(tones: NDArray[np.float64]) -> Image.Image:
    """Tones (H, W) in 0..1 as black and white dots in a regular pattern."""
    height, width = tones.shape
    thresholds = np.tile((BAYER + 0.5) / 16, (math.ceil(height / 4), math.ceil(width / 4)))
    white = tones > thresholds[:height, :width]
    return Image.fromarray(np.where(white, 255, 0).astype(np.uint8)).convert("RGB")


def inked(picture: Image.Image, lines: Image.Image) -> Image.Image:
    """A picture with everything on the sheet of lines that is not paper laid over it."""
    over = np.asarray(lines)
    blank = (over == PAPER).all(-1, keepdims=True)
    return Image.fromarray(np.where(blank, np.asarray(picture), over))


def dither() -> Image.Image:
    """A photograph in black and white dots, by error diffusion (Floyd and Steinberg, 1976)."""
    return Image.fromarray(data.camera()).resize((256, 256)).convert("1").convert("RGB")


def checkerboard(square: int = 8, side: int = 256) -> Image.Image:
    """Squares of so many pixels."""
    values = (np.indices((side, side)) // square).sum(0) % 2 * 255
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")
