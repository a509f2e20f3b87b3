"""A small picture in every way of packing that is taken, and pictures of strange shapes."""

import numpy as np
from PIL import Image

from tests.service.image_files import photo, saved, swapped_profile


def _dithered() -> Image.Image:
    return photo(24, 16).quantize(8)


FILES: dict[str, bytes] = {
    "PNG": saved(photo(24, 16), "PNG"),
    "PNG with a palette": saved(_dithered(), "PNG", transparency=3),
    "PNG of 16 bits": saved(photo(24, 16, "I;16"), "PNG"),
    "PNG with a profile": saved(photo(24, 16), "PNG", icc_profile=swapped_profile()),
    "JPEG": saved(photo(24, 16), "JPEG"),
    "JPEG, progressive": saved(photo(24, 16), "JPEG", progressive=True),
    "JPEG in CMYK": saved(photo(24, 16, "CMYK"), "JPEG"),
    "WebP": saved(photo(24, 16), "WEBP"),
    "WebP, lossless": saved(photo(24, 16, "RGBA"), "WEBP", lossless=True),
    "GIF": saved(_dithered(), "GIF"),
    "BMP": saved(photo(24, 16), "BMP"),
    "BMP with a palette": saved(_dithered(), "BMP"),
    "TIFF": saved(photo(24, 16), "TIFF"),
    "TIFF, deflate": saved(photo(24, 16), "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, LZW": saved(photo(24, 16), "TIFF", compression="tiff_lzw"),
    "TIFF, JPEG": saved(photo(24, 16), "TIFF", compression="jpeg"),
}


def _noise(width: int, height: int) -> Image.Image:
    samples = np.random.default_rng(width).integers(0, 255, (height, width, 4), np.uint8)
    return Image.fromarray(samples)


STRANGE: dict[str, bytes] = {
    "one pixel": saved(Image.new("RGB", (1, 1), "teal"), "PNG"),
    "a row": saved(_noise(700, 1), "PNG"),
    "a column": saved(_noise(2, 900), "PNG"),
    "noise": saved(_noise(130, 70), "PNG"),
    "nothing to be seen": saved(Image.new("RGBA", (80, 90), (9, 9, 9, 0)), "PNG"),
    "one colour": saved(Image.new("L", (99, 65), 128), "GIF"),
}
