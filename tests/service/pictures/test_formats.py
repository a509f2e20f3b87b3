import io
import struct

import pytest
from PIL import Image

from service.pictures.formats import open_image, orientation, sniff, upright_size
from service.problems import BrokenImage, TooManyPixels, UnsupportedFormat
from tests.service.image_files import photo, png, png_chunk, saved

SAVED = {
    "PNG": saved(photo(), "PNG"),
    "JPEG": saved(photo(), "JPEG"),
    "WebP": saved(photo(), "WEBP"),
    "GIF": saved(photo(), "GIF"),
    "BMP": saved(photo(), "BMP"),
    "TIFF": saved(photo(), "TIFF"),
}


@pytest.fixture(autouse=True)
def _restore_pillows_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest.mark.parametrize("name", SAVED)
def test_the_six_formats_are_told_apart_by_their_bytes(name: str):
    assert sniff(SAVED[name]) == name
    assert upright_size(open_image(SAVED[name], 48 * 32)) == (48, 32)


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA", "PCX", "SGI", "AVIF", "JPEG2000", "ICNS"])
def test_other_formats_that_pillow_knows_are_refused_by_name(kind: str):
    with pytest.raises(UnsupportedFormat, match=r"PNG, JPEG, WebP, GIF .*, BMP or TIFF"):
        sniff(saved(photo(64, 64), kind))


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"BM, said the letter, is not a bitmap",
        b"GIF90a",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\0",
        b" " + SAVED["PNG"],
    ],
)
def test_what_is_no_image_is_refused(data: bytes):
    with pytest.raises(UnsupportedFormat):
        sniff(data)


def test_no_bytes_at_all_is_a_broken_image():
    with pytest.raises(BrokenImage, match="empty"):
        sniff(b"")


@pytest.mark.parametrize("name", SAVED)
def test_one_pixel_over_the_limit_is_too_many(name: str):
    open_image(SAVED[name], 48 * 32)
    with pytest.raises(TooManyPixels, match="48 x 32"):
        open_image(SAVED[name], 48 * 32 - 1)


def test_a_huge_size_in_a_small_file_is_refused_from_the_header():
    with pytest.raises(TooManyPixels, match="64250 x 64250"):
        open_image(png(64250, 64250, 8, 2, bytes(5000)), 50_000_000)


def test_a_huge_webp_is_refused_before_its_canvas_is_allocated():
    header = struct.pack("<IBBBBHBHB", 10, 0, 0, 0, 0, 16382, 0, 16382, 0)
    file = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + header
    with pytest.raises(TooManyPixels):
        open_image(file, 1_000_000)


def _with_orientation(value: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return saved(photo(), kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_size_is_the_upright_pictures(kind: str, value: int):
    size = upright_size(open_image(_with_orientation(value, kind), 48 * 32))
    assert size == ((48, 32) if value < 5 else (32, 48))


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_orientation_that_does_not_exist_counts_as_upright(value: int):
    assert orientation(Image.open(io.BytesIO(_with_orientation(value, "JPEG")))) == 1


def test_broken_exif_counts_as_upright():
    file = png(1, 1, 8, 2, bytes(4), png_chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff garbage"))
    assert upright_size(open_image(file, 10)) == (1, 1)


def test_reading_the_header_of_a_png_decodes_no_pixels():
    image = open_image(SAVED["PNG"], 48 * 32)
    upright_size(image)
    assert image._im is None
