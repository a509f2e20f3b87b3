import zlib

import pytest
from PIL import Image

from service.pictures.decoder import answer, inspect
from service.pictures.decoder_messages import Decode, Decoded, Header, Inspect, Refused
from tests.service.image_files import (
    PIXELS,
    decoded,
    distance,
    photo,
    png,
    png_chunk,
    saved,
    swapped_profile,
)

DECODE = Decode(max_pixels=PIXELS, max_side=None)
ALL = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def _answered(file: bytes) -> Header | Decoded | Refused:
    message, _ = next(iter(answer(DECODE, file)))
    assert isinstance(message, Header | Decoded | Refused)
    return message


def test_rows_join_to_the_picture():
    image = photo(700, 1000)
    (shape, _), *rows = answer(DECODE, saved(image, "PNG"))
    assert shape == Decoded(width=700, height=1000, channels=3)
    assert len(rows) > 1
    assert b"".join(piece for _, piece in rows) == image.tobytes()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_smallest_pictures(kind: str, size: tuple[int, int]):
    assert decoded(saved(photo(*size), kind)).size == size


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_of_several_pictures(kind: str):
    first, second = Image.new("RGB", (20, 10), (200, 0, 0)), Image.new("RGB", (20, 10), (0, 0, 200))
    file = saved(first, kind, save_all=True, append_images=[second])
    assert inspect(file, PIXELS) == Header(
        format={"WEBP": "WebP"}.get(kind, kind), width=20, height=10
    )
    assert distance(decoded(file), first) <= 4


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("max_side", [24, 47, 48, 8192])
def test_max_side_shrinks_to_the_exact_size(kind: str, max_side: int):
    result = decoded(saved(photo(200, 100), kind), max_side)
    side = min(200, max_side)
    assert result.size == (side, round(side / 2))
    small = photo(200, 100).resize(result.size, Image.Resampling.LANCZOS)
    assert distance(result, small) <= 40  # GIF has 256 colours, JPEG loses some


def test_max_side_of_a_turned_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decoded(saved(photo(400, 100), "JPEG", exif=exif), 64).size == (16, 64)


@pytest.mark.parametrize("kind", ALL)
def test_no_cut_ever_escapes_as_anything_but_a_refusal(kind: str):
    file = saved(photo(40, 30), kind)
    for end in range(0, len(file), max(1, len(file) // 60)):
        message = _answered(file[:end])
        assert isinstance(message, Refused | Decoded)
        if end < len(file) * 0.7:
            assert isinstance(message, Refused)


@pytest.mark.parametrize("kind", ALL)
def test_no_flipped_byte_ever_escapes_as_anything_but_a_refusal(kind: str):
    file = saved(
        photo(40, 30), kind, **({"icc_profile": swapped_profile()} if kind == "PNG" else {})
    )
    for at in range(0, min(len(file), 600), 3):
        broken = bytearray(file)
        broken[at] ^= 0xFF
        for request in (DECODE, Inspect(max_pixels=1_000_000)):
            message, _ = next(iter(answer(request, bytes(broken))))
            assert isinstance(message, Refused | Decoded | Header)


def test_a_truncated_file_is_called_that():
    message = _answered(saved(photo(400, 300), "PNG")[:-2000])
    assert isinstance(message, Refused)
    assert message.problem == "broken-image"
    assert "whole file" in message.detail


def test_the_refusal_says_nothing_of_pillows_innards():
    message = _answered(b"\x89PNG\r\n\x1a\n" + b"\xff" * 40)
    assert isinstance(message, Refused)
    assert not any(word in message.detail for word in ("struct", "object at", "Error", "_"))


def test_huge_and_unknown_ancillary_chunks_are_passed_over():
    extra = png_chunk(b"zzZz", bytes(5_000_000)) + png_chunk(b"tEXt", b"k\0" + b"x" * 5_000_000)
    assert decoded(png(1, 1, 8, 2, b"\0\1\2\3", extra)).getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_a_bomb_in_a_text_or_profile_is_refused_or_ignored_without_being_inflated(kind: bytes):
    prefix = b"key\0\1\0\0\0" if kind == b"iTXt" else b"key\0\0"
    bomb = png_chunk(kind, prefix + zlib.compress(bytes(40_000_000)))
    message = _answered(png(1, 1, 8, 2, bytes(4), bomb))
    assert isinstance(message, Refused | Decoded)


def test_fewer_pixels_than_the_header_promises_is_a_broken_image():
    message = _answered(png(100, 100, 8, 2, bytes(1000)))
    assert isinstance(message, Refused)
    assert message.problem == "broken-image"
