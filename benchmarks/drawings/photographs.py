"""Photographs that lie in scikit-image's wheel, free of copyright; nothing is downloaded.

What `skimage.data` says of each:

- astronaut: NASA Great Images, released into the public domain
- cat (`chelsea`): CC0 by the photographer, Stefan van der Walt
- coffee: CC0 by the photographer, Rachel Michetti
- retina: CC0, Mikael Haeggstroem, Wikimedia Commons
- rocket: SpaceX Photos, released into the public domain

`camera`, which `drawings.dither` is made of, is CC0 by Lav Varshney.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from PIL import Image
from skimage import data

SIDE = 512  # pixels, the longer side of a larger one


def photograph(name: str) -> Image.Image:
    """At most 512 pixels a side; `name` as in `skimage.data`."""
    picture = Image.fromarray(getattr(data, name)())
    picture.thumbnail((SIDE, SIDE))
    return picture


PHOTOGRAPHS: Final[dict[str, Callable[[], Image.Image]]] = {
    "astronaut": partial(photograph, "astronaut"),
    "coffee": partial(photograph, "coffee"),
    "cat": partial(photograph, "chelsea"),
    "rocket": partial(photograph, "rocket"),
    "retina": partial(photograph, "retina"),
}
