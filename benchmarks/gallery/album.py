"""The pictures that the sheets name."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageOps

from benchmarks.drawings import DRAWINGS, PHOTOGRAPHS

Maker = Callable[[], Image.Image]
SMALL = 320  # pixels, the longer side of photographs that many jobs are run on
CLOSE = (84, 120, 420, 440)  # pixels: left, top, right, bottom of the potato


def own() -> dict[str, Maker]:
    """Those of the project, by name; some smaller, some with a part cut out."""
    return {
        **DRAWINGS,
        **PHOTOGRAPHS,
        "potato close": lambda: DRAWINGS["potato"]().crop(CLOSE),
        "coffee small": _small_coffee,
        "coffee cut out": lambda: oval(_small_coffee()),
        "snail cut out": lambda: without_paper(DRAWINGS["snail"]()),
    }


def files(paths: Iterable[Path]) -> dict[str, Maker]:
    """Pictures to be read, by their files' names."""
    return {path.stem: partial(upright, path) for path in paths}


def upright(path: Path) -> Image.Image:
    """A picture as it was taken."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image)


def without_paper(image: Image.Image) -> Image.Image:
    """Transparent where it is white."""
    inked = np.asarray(ImageChops.invert(image.convert("RGB"))).any(-1)
    cut = image.convert("RGBA")
    cut.putalpha(Image.fromarray(np.where(inked, 255, 0).astype(np.uint8)))
    return cut


def oval(image: Image.Image) -> Image.Image:
    """Transparent in the corners, beyond the largest ellipse, with a soft border."""
    ys, xs = (np.linspace(-1, 1, length) for length in (image.height, image.width))
    inside = 8 * (1 - np.hypot(ys[:, None], xs[None, :])) + 0.5
    cut = image.convert("RGBA")
    cut.putalpha(Image.fromarray((255 * inside.clip(0, 1)).astype(np.uint8)))
    return cut


def _small_coffee() -> Image.Image:
    picture = PHOTOGRAPHS["coffee"]()
    picture.thumbnail((SMALL, SMALL))
    return picture
