"""Image files as senders make them, good and bad, drawn here."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from service.pictures.decoder import decode
from service.pictures.decoder_messages import Decode
from service.pictures.picture import Picture

PIXELS = 50_000_000


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(width: int = 48, height: int = 32, mode: str = "RGB") -> Image.Image:
    """Smooth colours, different in every corner."""
    y, x = np.mgrid[0:height, 0:width] / [[[max(height, 2) - 1]], [[max(width, 2) - 1]]]
    rgb = np.stack((40 + 180 * x, 30 + 200 * y, 220 - 150 * x * y), axis=-1)
    return Image.fromarray(rgb.astype(np.uint8)).convert(mode)


def decoded(file: bytes, max_side: int | None = None) -> Image.Image:
    """What the decoder process makes of a file, without the process."""
    return decode(file, Decode(max_pixels=PIXELS, max_side=max_side))


def as_image(picture: Picture) -> Image.Image:
    size = (picture.width, picture.height)
    return Image.frombytes(picture.mode, size, bytes(picture.pixels))


def distance(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any sample."""
    assert (one.size, one.mode) == (other.size, other.mode)
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max())


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG from parts; `chunks` go before the pixels, `rows` start with their filter bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), *chunks, png_chunk(b"IDAT", zlib.compress(rows)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + png_chunk(b"IEND", b"")


def swapped_profile() -> bytes:
    """A valid profile whose red and blue are exchanged; its name still says sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    entries = {bytes(data[132 + 12 * i :][:4]): 132 + 12 * i for i in range(count)}
    red, blue = (slice(entries[tag] + 4, entries[tag] + 12) for tag in (b"rXYZ", b"bXYZ"))
    data[red], data[blue] = data[blue], data[red]
    return bytes(data)
