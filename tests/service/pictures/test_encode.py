import io
import subprocess
import sys

import pytest
from PIL import Image

from service.pictures.encode import FORMATS, Format, check_encodable, encode, encode_preview
from service.pictures.picture import Picture
from service.problems import NotAcceptable
from tests.service.image_files import distance, photo


def _picture(image: Image.Image) -> Picture:
    return Picture(image.width, image.height, len(image.mode), memoryview(image.tobytes()))


def _read(file: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


@pytest.mark.parametrize("as_format", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (200, 150)])
def test_each_format_holds_the_picture(as_format: Format, size: tuple[int, int]):
    image = photo(*size)
    result = _read(encode(_picture(image), as_format))
    assert result.format == as_format.upper()
    assert distance(result, image) <= (0 if as_format == "png" else 16)


def _ink() -> Image.Image:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((200, 0, 0, 255), (0, 0, 32, 64))
    return image


@pytest.mark.parametrize("as_format", ["png", "webp"])
def test_alpha_is_kept_where_the_format_can(as_format: Format):
    result = _read(encode(_picture(_ink()), as_format))
    assert distance(result.getchannel("A"), _ink().getchannel("A")) == 0


def test_jpeg_shows_the_background_through_alpha():
    result = _read(encode(_picture(_ink()), "jpeg", (0, 0, 255)))
    assert result.mode == "RGB"
    expected = Image.new("RGBA", (64, 64), (0, 0, 255, 255))
    expected.alpha_composite(_ink())
    assert distance(result, expected.convert("RGB")) <= 30


@pytest.mark.parametrize(("as_format", "longest"), [("webp", 16383), ("jpeg", 65500)])
def test_a_side_too_long_for_the_format_is_refused_beforehand(as_format: Format, longest: int):
    check_encodable(longest, 1, as_format)
    assert _read(encode(Picture(longest, 1, 3, bytes(3 * longest)), as_format)).width == longest
    with pytest.raises(NotAcceptable, match="image/png"):
        check_encodable(1, longest + 1, as_format)


def test_png_has_no_longest_side():
    check_encodable(10**6, 10**6, "png")


def test_a_preview_is_at_most_512_pixels():
    assert _read(encode_preview(_picture(photo(1000, 100)))).size == (512, 51)
    assert _read(encode_preview(_picture(photo(100, 50)))).size == (100, 50)
    assert _read(encode_preview(_picture(_ink()))).mode == "RGBA"


def test_encoding_loads_only_the_plugins_it_needs():
    code = """
import sys
from service.pictures.encode import FORMATS, encode
from service.pictures.picture import Picture
for as_format in FORMATS:
    encode(Picture(2, 2, 3, bytes(12)), as_format)
print(*[name for name in sys.modules if name.endswith("ImagePlugin")])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "WebPImagePlugin" in run.stdout
    assert "IcoImagePlugin" not in run.stdout
