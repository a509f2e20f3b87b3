"""The image formats that are taken, told apart by their first bytes.

Each format has one Pillow plugin, named here. Pillow's own search, which would load and try every
plugin it has, is never started. Runs in the decoder process only.
"""

import io
import re
from collections.abc import Callable

from PIL import Image, PngImagePlugin
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base as ExifTag
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from service.problems import BrokenImage, TooManyPixels, UnsupportedFormat

# An RGB profile with tables can pass Pillow's 1 MiB. All texts together stay below 64 MiB.
PngImagePlugin.MAX_TEXT_CHUNK = 16 << 20

_BMP_HEADER_SIZES = rb"[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"
_FORMATS: dict[str, tuple[re.Pattern[bytes], Callable[[io.BytesIO], ImageFile]]] = {
    name: (re.compile(first_bytes, re.DOTALL), plugin)
    for name, first_bytes, plugin in (
        ("PNG", rb"\x89PNG\r\n\x1a\n", PngImageFile),
        ("JPEG", rb"\xff\xd8\xff", JpegImageFile),  # not its factory: MPO's first picture is enough
        ("WebP", rb"RIFF....WEBP", WebPImageFile),
        ("GIF", rb"GIF8[79]a", GifImageFile),
        ("BMP", rb"BM.{12}" + _BMP_HEADER_SIZES, BmpImageFile),
        ("TIFF", rb"II[*+]\0|MM\0[*+]", TiffImageFile),
    )
}


def sniff(data: bytes) -> str:
    """Return the name of the format that the first bytes announce.

    Raises:
        BrokenImage: there are no bytes.
        UnsupportedFormat: none of the formats taken.
    """
    if not data:
        raise BrokenImage("The image is empty: it has 0 bytes.")
    for name, (first_bytes, _) in _FORMATS.items():
        if first_bytes.match(data):
            return name
    raise UnsupportedFormat(
        "This is not an image in one of the formats taken: PNG, JPEG, WebP, GIF (its first frame), "
        "BMP or TIFF (its first page)."
    )


def open_image(data: bytes, max_pixels: int) -> ImageFile:
    """Read the header, no pixels.

    Raises:
        TooManyPixels: more than `max_pixels`.
        UnsupportedFormat, BrokenImage: as `sniff`. Broken headers raise whatever Pillow raises.
    """
    _, plugin = _FORMATS[sniff(data)]
    # WebP allocates its canvas while it is opened; above twice this number Pillow refuses before.
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        image = plugin(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise TooManyPixels(_limit_text("The image", max_pixels)) from error
    width, height = image.size
    if width * height > max_pixels:
        raise TooManyPixels(_limit_text(f"The image is {width} x {height}: it", max_pixels))
    return image


def upright_size(image: ImageFile) -> tuple[int, int]:
    """Return width and height as the picture is to be seen, before its pixels are decoded."""
    width, height = image.size
    # Pillow has already turned the size of a TIFF.
    if isinstance(image, TiffImageFile) or orientation(image) < 5:
        return width, height
    return height, width


def orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 where EXIF is missing or broken."""
    try:
        # Not PngImageFile's own method: that one decodes all pixels to look behind them.
        value = Image.Image.getexif(image).get(ExifTag.Orientation, 1)
    except Exception:  # Pillow's parser raises anything at all, and EXIF is no must
        return 1
    return value if value in range(1, 9) else 1


def _limit_text(subject: str, max_pixels: int) -> str:
    return (
        f"{subject} has more than the {max_pixels / 1e6:g} megapixels that are taken; "
        "make it smaller before you send it."
    )
