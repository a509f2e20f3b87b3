import io
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.pictures.picture import Picture
from service.pictures.png import STRIP, write_png


def _picture(samples: NDArray[np.uint8]) -> Picture:
    height, width, channels = samples.shape
    return Picture(width, height, channels, samples.tobytes())


def _read_back(file: bytes) -> NDArray[Any]:
    image = Image.open(io.BytesIO(file))
    assert image.format == "PNG"
    return np.asarray(image)


def _mixed(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Noise above, flat below: both kinds of strip."""
    samples = np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)
    samples[height // 2 :] = 7
    return samples


@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4]), st.integers(0, 2**32 - 1)
)
def test_every_sample_comes_back(width: int, height: int, channels: int, seed: int):
    random = np.random.default_rng(seed)
    samples = random.integers(0, random.integers(1, 257), (height, width, channels)).astype("u1")
    assert (_read_back(write_png(_picture(samples))).reshape(samples.shape) == samples).all()


@pytest.mark.parametrize("channels", [3, 4])
def test_many_strips_join_to_one_stream(channels: int):
    samples = _mixed(1500, 1000, channels)
    assert samples.size > 5 * STRIP
    assert (_read_back(write_png(_picture(samples))) == samples).all()


def test_a_row_longer_than_a_strip():
    samples = _mixed(3, STRIP, 3)
    assert (_read_back(write_png(_picture(samples))) == samples).all()


def test_the_joined_checksum_is_that_of_the_whole_stream():
    file = write_png(_picture(_mixed(1500, 1000, 3)))
    stream, at = b"", 8
    while at < len(file):
        length, kind = int.from_bytes(file[at : at + 4]), file[at + 4 : at + 8]
        data = file[at + 8 : at + 8 + length]
        assert int.from_bytes(file[at + 8 + length :][:4]) == zlib.crc32(kind + data)
        stream += data if kind == b"IDAT" else b""
        at += 12 + length
    inflate = zlib.decompressobj()  # it raises where Adler-32 differs
    assert len(inflate.decompress(stream)) == 1500 * (1 + 3 * 1000)
    assert inflate.eof
    assert not inflate.unused_data


def test_a_drawing_gets_small():
    samples = np.full((1000, 1000, 3), 255, np.uint8)
    samples[::50, :, :] = samples[:, ::50, :] = 0
    assert len(write_png(_picture(samples))) < 30_000


def test_the_file_says_srgb():
    assert b"sRGB" in write_png(_picture(np.zeros((1, 1, 3), np.uint8)))[:64]
