"""Any picture that Pillow decodes, as upright 8-bit sRGB, with alpha only where it shows.

Runs in the decoder process only.
"""

import io
from functools import cache

from PIL import Image, ImageChops, ImageCms
from PIL.Image import Transpose

from service.pictures.formats import orientation
from service.problems import BrokenImage

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_NOT_A_PICTURE = {"I": "32-bit integers", "F": "floating-point numbers", "LAB": "CIELAB"}
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # Pillow's mode: ICC's colour space
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """Return the picture in mode RGB, or RGBA when any pixel is not opaque.

    Raises:
        BrokenImage: the samples have no agreed meaning as colours.
    """
    if image.mode in _NOT_A_PICTURE:
        raise BrokenImage(
            f"The samples are {_NOT_A_PICTURE[image.mode]}; save the image as 8- or 16-bit RGB."
        )
    profile = image.info.get("icc_profile")
    colour, alpha = _grey16(image) if image.mode.startswith("I;16") else _colour_and_alpha(image)
    colour = _managed(colour, profile) if profile else _as(colour, "RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        colour.putalpha(alpha)
    return colour


def upright(image: Image.Image) -> Image.Image:
    """Turn and mirror the picture as its EXIF orientation asks."""
    how = _UPRIGHT.get(orientation(image))
    return image if how is None else image.transpose(how)


def fit(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """Return the size with the longer side at most `max_side`, the aspect kept."""
    if max_side is None or max(size) <= max_side:
        return size
    width, height = (max(1, round(side * max_side / max(size))) for side in size)
    return width, height


def shrink(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resample an RGB or RGBA picture to `size`."""
    if image.size == size:
        return image
    if image.mode == "RGBA":  # premultiplied, or the colour of unseen pixels bleeds into the edges
        return shrink(image.convert("RGBa"), size).convert("RGBA")
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _colour_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split into mode L, RGB or CMYK, and the alpha channel, if the picture has any."""
    grey = image.mode[0] in "1L"
    if not image.has_transparency_data:
        return _as(image, "L" if grey else "CMYK" if image.mode == "CMYK" else "RGB"), None
    key = image.info.get("transparency")
    if isinstance(key, tuple) and max(key) > 255:  # a colour key of 16 bits; the samples are cut
        image.info["transparency"] = tuple(sample >> 8 for sample in key)
    rgba = _as(image, "RGBA")
    return rgba.getchannel("R") if grey else rgba.convert("RGB"), rgba.getchannel("A")


def _grey16(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    samples = image.convert("I")
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return samples.point(_to_8_bits(), "L"), None
    alpha = [255] * 65536
    alpha[key & 0xFFFF] = 0
    return samples.point(_to_8_bits(), "L"), samples.point(alpha, "L")


@cache
def _to_8_bits() -> list[int]:
    return [(sample * 255 + 32767) // 65535 for sample in range(65536)]


def _managed(colour: Image.Image, profile: bytes) -> Image.Image:
    """Convert from the profile's colours to sRGB's."""
    try:
        return _converted(colour, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return _as(colour, "RGB")  # a broken profile does not spoil the picture


def _converted(colour: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    space = profile.profile.xcolor_space.strip()
    if colour.mode == "L" and space == "RGB":
        colour = colour.convert("RGB")
    if space != _SPACES[colour.mode]:
        return _as(colour, "RGB")
    transform = ImageCms.buildTransform(
        profile,
        _SRGB,
        colour.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if colour.mode == "RGB" and _changes_nothing(transform):
        return colour  # most profiles say sRGB in other words
    return ImageCms.applyTransform(colour, transform) or colour


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 729 colours all over the cube move by one level at most."""
    levels = range(0, 256, 31)
    samples = bytes(v for r in levels for g in levels for b in levels for v in (r, g, b))
    probe = Image.frombytes("RGB", (27, 27), samples)
    moved = ImageChops.difference(probe, ImageCms.applyTransform(probe, transform) or probe)
    return all(most <= 1 for _, most in moved.getextrema())  # type: ignore[misc]


def _as(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)
