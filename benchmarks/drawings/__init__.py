"""Pictures to try the shader on: the project's own drawings, and photographs free of copyright.

Drawn by script, the same to the bit every time: line art (`lines`), a marker and flat colours
(`marker`), dots (`dots`), pixel art (`pixel_art`).
"""

from collections.abc import Callable
from typing import Final

from PIL import Image

from benchmarks.drawings.dots import checkerboard, dither, portrait
from benchmarks.drawings.lines import cup, face, plant, potato, whale
from benchmarks.drawings.marker import balloons, boxes, snail
from benchmarks.drawings.photographs import PHOTOGRAPHS
from benchmarks.drawings.pixel_art import cottage, sprite

__all__ = ["CLASSES", "DRAWINGS", "PHOTOGRAPHS", "dither", "whale"]

DRAWINGS: Final[dict[str, Callable[[], Image.Image]]] = {
    each.__name__: each
    for each in (
        *(whale, potato, plant, cup, face),
        *(boxes, snail, balloons),
        *(portrait, dither, checkerboard),
        *(sprite, cottage),
    )
}

CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "line art": ("whale", "potato", "plant", "cup", "face"),
    "marker and flat colours": ("boxes", "snail", "balloons"),
    "dither": ("portrait", "dither", "checkerboard"),
    "pixel art": ("sprite", "cottage"),
    "photographs": ("astronaut", "coffee", "cat", "rocket", "retina"),
}
"""Names of the pictures by their kind."""
