"""A field in the colours of viridis, as the worker draws the one that drives a job."""

from functools import cache

import numpy as np
from cmap import Colormap
from numpy.typing import NDArray

from service.pictures.picture import Picture
from service.threads import step_back

CONTRAST = 2.5  # so many times the field's root mean square reach the ends of the colour map
_ROWS = 1 << 20  # pixels that are coloured at a time


def viridis(field: NDArray[np.float32]) -> Picture:
    """A signed field (H, W) as a picture, zero in the middle of the colours. Blocks."""
    step_back()
    height, width = field.shape
    rms = np.sqrt(np.mean(np.square(field), dtype=np.float64))
    scale = np.float32(127.5 / (CONTRAST * max(rms, 1e-12)))
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, _ROWS // width)
    for top in range(0, height, rows):
        part = np.rint(field[top : top + rows] * scale + np.float32(127.5))
        pixels[top : top + rows] = _table()[part.clip(0, 255).astype(np.uint8)]
    return Picture(width, height, 3, pixels.data.cast("B"))


@cache
def _table() -> NDArray[np.uint8]:
    """256 colours (256, 3)."""
    colours = np.asarray(Colormap("viridis").lut(256))[:, :3]
    return (colours * 255).round().astype(np.uint8)
