"""Pictures as a caller has them, as files that can be sent."""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Union

if TYPE_CHECKING:
    from PIL.Image import Image

_KEPT = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # as PNG has them, without loss


class ImageFile(NamedTuple):
    """An image file to be sent; results are named after it."""

    name: str
    data: bytes


# Not with |, which knows no name of what is not imported.
Picture: TypeAlias = Union[str, os.PathLike[str], bytes, bytearray, memoryview, "Image", ImageFile]


def image_file(picture: Picture) -> ImageFile:
    """The file of a picture: a path is read, bytes are taken as they are, pixels become PNG.

    Raises:
        OSError: the file cannot be read.
        TypeError: it is none of these.
    """
    if isinstance(picture, ImageFile):
        return picture
    if isinstance(picture, str | os.PathLike):
        path = Path(picture)
        return ImageFile(path.name, path.read_bytes())
    if isinstance(picture, bytes | bytearray | memoryview):
        return ImageFile("image", bytes(picture))
    return _encoded(picture)


Part: TypeAlias = Mapping[str, Any] | list[Any] | Picture
"""What a job of data works on: a document, as JSON, or a file, or a picture."""


def part_file(part: Part) -> ImageFile:
    """The file of a part; raises as `image_file`."""
    if isinstance(part, Mapping | list):
        return ImageFile("part.json", json.dumps(part).encode())
    return image_file(part)


def _encoded(picture: "Image") -> ImageFile:
    from PIL import Image  # late: those who send files need none

    if not isinstance(picture, Image.Image):
        raise TypeError(f"a picture is a path, bytes or a PIL image, not {type(picture).__name__}")
    if picture.mode not in _KEPT:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    name = Path(getattr(picture, "filename", "")).stem or "image"
    return ImageFile(f"{name}.png", file.getvalue())
