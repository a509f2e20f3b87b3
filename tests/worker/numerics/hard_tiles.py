"""Tiles that an engine for pictures finds hard, each of any shape: (height, width) to pixels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from tests.worker.numerics.samples import Pixels

Floats = NDArray[np.float64]
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16


def _places(h: int, w: int) -> tuple[Floats, Floats]:
    """Row and column of every pixel, 0..1."""
    y, x = np.mgrid[:h, :w]
    return y / h, x / w


def _grey(light: Floats | NDArray[np.bool_]) -> Pixels:
    """Values 0..1 as three equal channels."""
    return np.repeat(np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)[:, :, None], 3, 2)


def _crop(picture: Pixels, y: int, x: int) -> Callable[[int, int], Pixels]:
    return lambda h, w: picture[y : y + h, x : x + w]


def _drawn(
    paint: Callable[[ImageDraw.ImageDraw, int, int], None], smooth: bool = False
) -> Callable[[int, int], Pixels]:
    """A tile drawn by Pillow in black on white, anti-aliased if `smooth`."""

    def tile(h: int, w: int) -> Pixels:
        scale = 4 if smooth else 1
        canvas = Image.new("RGB", (w * scale, h * scale), "white")
        paint(ImageDraw.Draw(canvas), h * scale, w * scale)
        return np.array(canvas.resize((w, h), Image.Resampling.BOX))

    return tile


def _line_art(pen: ImageDraw.ImageDraw, h: int, w: int) -> None:
    """Outlines that close around parts of the paper."""
    pen.ellipse((w * 0.1, h * 0.15, w * 0.6, h * 0.7), outline="black")
    pen.rectangle((w * 0.5, h * 0.4, w * 0.92, h * 0.9), outline="black")
    pen.line((0, h * 0.8, w * 0.5, h * 0.95, w, h * 0.1), fill="black")
    pen.arc((w * 0.2, h * 0.3, w * 0.5, h * 0.6), 20, 300, fill="black")


def _flat_art(pen: ImageDraw.ImageDraw, h: int, w: int) -> None:
    """A drawing of a few flat colours."""
    pen.rectangle((0, h * 0.6, w, h), fill=(90, 160, 70))
    pen.ellipse((w * 0.2, h * 0.1, w * 0.75, h * 0.7), fill=(240, 200, 60), outline="black")
    pen.polygon((w * 0.6, h, w * 0.8, h * 0.3, w, h), fill=(200, 50, 40), outline="black")
    pen.ellipse((w * 0.35, h * 0.3, w * 0.42, h * 0.38), fill="black")


def _text(pen: ImageDraw.ImageDraw, h: int, w: int) -> None:
    for row, y in enumerate(range(0, h, 11)):
        pen.text((1 - 5 * row, y), "Quick brown fox jumps over lazy dogs" * 2, fill="black")


def _diagonals(h: int, w: int) -> Pixels:
    y, x = np.mgrid[:h, :w]
    return _grey((x + 2 * y) % 23 > 0)


def _ordered(h: int, w: int) -> Pixels:
    threshold = np.tile(BAYER, (h // 4 + 1, w // 4 + 1))[:h, :w]
    return _grey(_places(h, w)[1] > threshold)


def _diffused(h: int, w: int) -> Pixels:
    """A crop of a photograph in one bit, by Floyd and Steinberg."""
    grey = Image.fromarray(data.astronaut()[60 : 60 + h, 180 : 180 + w]).convert("L")
    return np.array(grey.convert("1").convert("RGB"))


def _checkers(square: int) -> Callable[[int, int], Pixels]:
    def tile(h: int, w: int) -> Pixels:
        y, x = np.mgrid[:h, :w] // square
        return _grey((y + x) % 2 == 0)

    return tile


def _noise(low: int, high: int) -> Callable[[int, int], Pixels]:
    return lambda h, w: np.random.default_rng(5).integers(low, high + 1, (h, w, 3), np.uint8)


def _binary_noise(h: int, w: int) -> Pixels:
    return _grey(np.random.default_rng(7).random((h, w)) > 0.5)


def _salt(h: int, w: int) -> Pixels:
    """Lonely dark pixels on paper."""
    return _grey(np.random.default_rng(3).random((h, w)) > 0.01)


def _linear(h: int, w: int) -> Pixels:
    y, x = _places(h, w)
    return np.stack([255 * x, 255 * y, 0 * x], 2).astype(np.uint8)


def _radial(h: int, w: int) -> Pixels:
    y, x = _places(h, w)
    return _grey(np.hypot(y - 0.5, x - 0.5) * 1.4)


def _outliers(*places: tuple[float, float]) -> Callable[[int, int], Pixels]:
    """White paper with single black pixels."""

    def tile(h: int, w: int) -> Pixels:
        light = np.ones((h, w))
        for y, x in places:
            light[int(y * h), int(x * w)] = 0
        return _grey(light)

    return tile


def _dots(count: int) -> Callable[[int, int], Pixels]:
    """count x count equal dots: as many nearly equal modes, less one."""

    def tile(h: int, w: int) -> Pixels:
        y, x = _places(h, w)
        return _grey(np.hypot(y * count % 1 - 0.5, x * count % 1 - 0.5) > 0.2)

    return tile


def _halves(left: int, right: int) -> Callable[[int, int], Pixels]:
    return lambda h, w: _grey(np.where(_places(h, w)[1] < 0.5, left, right) / 255)


def _islands(h: int, w: int) -> Pixels:
    """Two black rooms out of each other's reach: lambda_2 near the floor of the weights."""
    y, x = _places(h, w)
    left = (abs(y - 0.5) < 0.3) & (abs(x - 0.22) < 0.12)
    return _grey(~(left | ((abs(y - 0.5) < 0.3) & (abs(x - 0.78) < 0.12))))


def _seventeen(h: int, w: int) -> Pixels:
    """Seventeen pure colours scattered: more in a block than it has aggregates."""
    random = np.random.default_rng(17)
    palette = random.integers(0, 256, (17, 3), np.uint8)
    return palette[random.integers(0, 17, (h, w))]


def _confetti(h: int, w: int) -> Pixels:
    """Paper with lonely pixels of seventeen colours, many to a block."""
    random = np.random.default_rng(18)
    tile = np.full((h, w, 3), 255, np.uint8)
    scattered = random.random((h, w)) < 0.12
    palette = random.integers(0, 200, (17, 3), np.uint8)
    tile[scattered] = palette[random.integers(0, 17, int(scattered.sum()))]
    return tile


def _stripes(h: int, w: int) -> Pixels:
    return _grey((np.mgrid[:h, :w][1]) % 2 == 0)


def _one_row(h: int, w: int) -> Pixels:
    tile = np.full((h, w, 3), (120, 180, 220), np.uint8)
    tile[h // 2] = (122, 178, 219)
    return tile


def _dark(h: int, w: int) -> Pixels:
    return data.astronaut()[60 : 60 + h, 180 : 180 + w] // 24


HARD: dict[str, Callable[[int, int], Pixels]] = {
    "photo": _crop(data.astronaut(), 60, 180),
    "photo of hair": _crop(data.chelsea(), 80, 120),
    "photo of a cup": _crop(data.coffee(), 150, 250),
    "photo of gravel": lambda h, w: _grey(data.gravel()[:h, :w] / 255),
    "dark photo": _dark,
    "line art": _drawn(_line_art),
    "smooth line art": _drawn(_line_art, smooth=True),
    "flat art": _drawn(_flat_art),
    "smooth flat art": _drawn(_flat_art, smooth=True),
    "text": _drawn(_text),
    "scanned text": lambda h, w: _grey(data.page()[20 : 20 + h, 30 : 30 + w] / 255),
    "diagonal lines": _diagonals,
    "ordered dither": _ordered,
    "diffused dither": _diffused,
    **{f"checkers {square}": _checkers(square) for square in (1, 2, 3, 4, 8)},
    "weak noise": _noise(120, 135),
    "strong noise": _noise(0, 255),
    "binary noise": _binary_noise,
    "salt": _salt,
    "linear gradient": _linear,
    "radial gradient": _radial,
    "outlier": _outliers((0.33, 0.5)),
    "outlier in the corner": _outliers((0, 0)),
    "two outliers": _outliers((0.3, 0.3), (0.7, 0.8)),
    "sixteen dots": _dots(4),
    "nine dots": _dots(3),
    "halves": _halves(0, 255),
    "nearly equal halves": _halves(100, 101),
    "close halves": _halves(100, 150),
    "islands": _islands,
    "seventeen colours": _seventeen,
    "confetti": _confetti,
    "stripes": _stripes,
    "one row": _one_row,
}
