import io
import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from service.pictures import encode
from service.pictures.picture import Picture
from service.pictures.webp import WebpProcess, encode_here


def picture(channels: int = 3, side: int = 40) -> Picture:
    pixels = np.random.default_rng(0).integers(0, 255, (side, side + 1, channels), np.uint8)
    return Picture(side + 1, side, channels, pixels.tobytes())


@pytest.fixture
def process() -> Iterator[WebpProcess]:
    process = WebpProcess()
    yield process
    process.close()


@pytest.mark.parametrize("channels", [3, 4])
def test_the_process_writes_the_same_file(process: WebpProcess, channels: int):
    for side in (40, 7):
        made = process.encode(picture(channels, side))
        assert made == encode_here(picture(channels, side))
    assert Image.open(io.BytesIO(made)).size == (8, 7)


def test_a_process_that_is_lost_costs_no_picture_and_is_replaced(process: WebpProcess):
    process.encode(picture())
    first = process._process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    assert process.encode(picture()) == encode_here(picture())
    process.encode(picture())
    assert process._process is not None
    assert process._process.pid != first.pid


def test_noise_that_is_too_much_for_a_lossy_file_is_written_all_the_same():
    assert Image.open(io.BytesIO(encode_here(picture(side=4000)))).size == (4001, 4000)


def test_large_pictures_go_to_the_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encode.WEBP, "encode", lambda _: b"elsewhere")
    monkeypatch.setattr(encode, "LARGE", 40 * 41)
    assert encode.encode(picture(side=41), "webp") == b"elsewhere"
    assert encode.encode(picture(side=40), "webp").startswith(b"RIFF")
