"""What a picture may be, and what is sent of it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.client import ImageFile
from service.client.pictures import image_file
from tests.service.house import png


def test_files_are_sent_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png())
    for each in (path, str(path), ImageFile("photo.png", png())):
        assert image_file(each) == ("photo.png", png())
    for data in (png(), bytearray(png()), memoryview(png())):
        assert image_file(data) == ("image", png())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "HSV", "F"])
def test_pixels_become_png(mode: str) -> None:
    picture = Image.effect_noise((16, 12), 80).convert("L").convert(mode if mode != "I;16" else "I")
    picture = picture.convert(mode) if mode == "I;16" else picture
    name, data = image_file(picture)
    sent = Image.open(io.BytesIO(data))
    assert (name, sent.format) == ("image.png", "PNG")
    kept = picture if mode not in ("CMYK", "HSV", "F") else picture.convert("RGB")
    assert sent.mode == kept.mode
    assert np.array_equal(np.asarray(sent), np.asarray(kept))


def test_a_picture_of_a_file_keeps_its_name(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "leaf.jpg")
    assert image_file(Image.open(tmp_path / "leaf.jpg")).name == "leaf.png"


@pytest.mark.parametrize("wrong", [7, None, ["photo.png"], np.zeros((4, 4, 3), np.uint8)])
def test_what_is_no_picture(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a path, bytes or a PIL image, not "):
        image_file(wrong)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        image_file(tmp_path / "photo.png")
