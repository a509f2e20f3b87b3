"""Small files that ask for much: of memory, of time, of patience. All made here, by code.

`REFUSED` cannot be taken at all; `ODD` may be answered with a picture, of the first frame mostly.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from functools import cache, partial

from PIL import Image

from tests.service.image_files import photo, png, png_chunk, saved, swapped_profile

SIDE = 60_000  # pixels, far over any limit
INFLATED = 64 << 20  # bytes that 64 kB of zlib come to
CHUNKS = 300_000  # tiny ones, of 12 bytes and more


@cache
def zeros(size: int) -> bytes:
    """That many zero bytes, compressed."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join(pieces) + packer.flush()


def png_says(width: int, height: int) -> bytes:
    """A PNG of this size in its header alone."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"x" * 99)


def jpeg_says(width: int, height: int, progressive: bool) -> bytes:
    """A JPEG whose frame header has another size than its scan."""
    file = bytearray(saved(photo(16, 16), "JPEG", progressive=progressive))
    at = file.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", file, at + 5, height, width)
    return bytes(file)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_says(width: int, height: int) -> bytes:
    """An extended WebP with a canvas of this size."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff((b"VP8X", b"\x10\0\0\0" + canvas), (b"VP8L", lossless_head(width, height)))


def lossless_head(width: int, height: int) -> bytes:
    """The head of a lossless picture, as large as such a head can say."""
    width, height = min(width, 1 << 14), min(height, 1 << 14)
    return b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(20)


def gif_says(width: int, height: int) -> bytes:
    """A GIF with one frame of this size, and next to no data."""
    size = struct.pack("<HH", width, height)
    screen = b"GIF89a" + size + b"\x80\0\0" + bytes(6)
    return screen + b"," + bytes(4) + size + b"\0\x02\x02\x4c\x01\0;"


def bmp_says(width: int, height: int, compression: int = 0) -> bytes:
    """A BMP of this size without pixels; a negative height is from the top."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info + bytes(9)


Tag = tuple[int, int, int, int]  # number, type, count, value or offset


def tiff(tags: Iterable[Tag], following: int = 0, data: bytes = b"") -> bytes:
    """A TIFF with one directory; `data` comes right behind it."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    count = struct.pack("<H", len(entries) // 12)
    return b"II*\0" + struct.pack("<I", 8) + count + entries + struct.pack("<I", following) + data


def tiff_says(
    width: int, height: int, compression: int = 1, data: bytes = b"", following: int = 0
) -> bytes:
    """A TIFF of this size in one strip of `data`."""
    at = 8 + 2 + 9 * 12 + 4
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression)]
    tags += [(262, 3, 1, 1), (273, 4, 1, at), (277, 3, 1, 1), (278, 4, 1, height)]
    return tiff([*tags, (279, 4, 1, len(data))], following, data)


def exif_loop() -> bytes:
    """A JPEG whose EXIF directory is its own successor and its own sub-directory."""
    loop = tiff([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8)], following=8)
    return saved(photo(), "JPEG", exif=b"Exif\0\0" + loop)


def frames(kind: str, count: int) -> bytes:
    """A file of many pictures."""
    first, *rest = [Image.new("L", (8, 8), index % 256) for index in range(count)]
    return saved(first, kind, save_all=True, append_images=rest)


def gif_frames(count: int) -> bytes:
    """Many frames of one pixel, each with a comment of its own."""
    frame = b"!\xfe\x01x\0" + b"," + bytes(4) + b"\x01\0\x01\0\0\x02\x02\x4c\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + frame * count + b";"


def gif_comments(count: int) -> bytes:
    """As many comments before the only frame."""
    return b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + b"!\xfe\x01x\0" * count + gif_frames(1)[19:]


def many_scans() -> bytes:
    """A progressive JPEG that goes through its pixels again and again."""
    file = saved(Image.new("L", (1000, 1000), 99), "JPEG", progressive=True)
    scan = file.rindex(b"\xff\xda")
    return file[:scan] + file[scan:-2] * 100 + file[-2:]


def interlaced() -> bytes:
    """An interlaced PNG of 9 megapixels of 64 bits, and more data than they need."""
    header = struct.pack(">IIBBBBB", 3000, 3000, 16, 6, 0, 0, 1)
    pixels = png_chunk(b"IDAT", zeros(INFLATED))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixels + png_chunk(b"IEND", b"")


def texts(kind: bytes, copies: int = 1) -> bytes:
    """A PNG with compressed texts that are far larger than it is."""
    key = b"key\0\1\0\0\0" if kind == b"iTXt" else b"key\0\0"
    return png(8, 8, 8, 2, bytes(25 * 8), *[png_chunk(kind, key + zeros(INFLATED))] * copies)


Maker = Callable[[], bytes]
REFUSED: dict[str, Maker] = {
    "PNG dimensions": partial(png_says, SIDE, SIDE),
    "PNG dimensions, the largest": partial(png_says, 2**31 - 1, 2**31 - 1),
    "PNG of one row": partial(png_says, 2**31 - 1, 1),
    "PNG of no rows": partial(png_says, 100, 0),
    "PNG with too few pixels": partial(png, 3000, 3000, 8, 2, bytes(1000)),
    "JPEG dimensions": partial(jpeg_says, 65_535, 65_535, progressive=False),
    "JPEG dimensions, progressive": partial(jpeg_says, 65_500, 65_500, progressive=True),
    "WebP canvas": partial(webp_says, 1 << 24, 1 << 24),
    "WebP lossless": partial(riff, (b"VP8L", lossless_head(1 << 14, 1 << 14))),
    "GIF dimensions": partial(gif_says, 65_535, 65_535),
    "BMP dimensions": partial(bmp_says, 2**31 - 1, 2**31 - 1),
    "BMP from the top": partial(bmp_says, SIDE, -SIDE),
    "BMP of negative width": partial(bmp_says, -5, 5),
    "BMP of run lengths": partial(bmp_says, 3000, 3000, compression=1),
    "TIFF dimensions": partial(tiff_says, 2**32 - 1, 2**32 - 1),
    "TIFF deflate": lambda: tiff_says(SIDE, SIDE, 8, zeros(INFLATED)),
    "TIFF without a size": partial(tiff, []),
    "TIFF that begins nowhere": lambda: b"II*\0" + struct.pack("<I", 2**32 - 2),
    "TIFF with huge counts": partial(tiff, [(tag, 4, 2**32 - 1, 8) for tag in range(256, 300)]),
}
ODD: dict[str, Maker] = {
    "PNG text": partial(texts, b"zTXt"),
    "PNG texts": partial(texts, b"zTXt", 40),
    "PNG international text": partial(texts, b"iTXt"),
    "PNG profile": partial(texts, b"iCCP"),
    "PNG with too many pixels": lambda: png(64, 64, 8, 0, bytes(INFLATED)),
    "PNG interlaced": interlaced,
    "PNG of tiny chunks": lambda: png(8, 8, 8, 2, bytes(200), png_chunk(b"zzZz", b"") * CHUNKS),
    "GIF frames": partial(gif_frames, 100_000),
    "GIF comments": partial(gif_comments, CHUNKS),
    "WebP frames": partial(frames, "WEBP", 200),
    "WebP with deep metadata": lambda: saved(photo(), "WEBP", xmp=b"<x>" * 300_000),
    "TIFF pages": partial(frames, "TIFF", 200),
    "TIFF that follows itself": partial(tiff_says, 4, 4, 1, bytes(16), following=8),
    "EXIF that holds itself": exif_loop,
    "JPEG of many scans": many_scans,
    "PNG with a swapped profile": lambda: saved(photo(), "PNG", icc_profile=swapped_profile()),
}


@cache
def bomb(name: str) -> bytes:
    """One of them."""
    return (REFUSED | ODD)[name]()
