"""The layers of an explanation: checked before they are kept, and drawn where they say."""

import numpy as np
import pytest

from service.pictures.layers import LAYERS, check_layers, layer_picture
from worker.wire.explained import PLACE, Segment

WIDTH, HEIGHT = 7, 5  # no whole number of bytes has 35 bits
GATE = bytes(range(WIDTH * HEIGHT))
SEGMENTS = [Segment(0, 0, 3, 1, 3), Segment(6, 4, 1, 1, 1)]


def layers(places: list[int] | None = None, lines: bytes = bytes(4) + b"\x20") -> bytes:
    return GATE + lines + np.array([0, 1, 2, 34] if places is None else places, PLACE).tobytes()


def drawn(name: str) -> np.ndarray:
    picture = layer_picture(name, layers(), WIDTH, HEIGHT, SEGMENTS)
    pixels = np.frombuffer(picture.pixels, np.uint8)
    return pixels.reshape(HEIGHT, WIDTH, picture.channels)


def test_layers_of_the_right_size_pass():
    check_layers(layers(), WIDTH, HEIGHT, SEGMENTS)
    check_layers(layers([]), WIDTH, HEIGHT, [])


@pytest.mark.parametrize(
    "wrong",
    [b"", layers()[:-1], layers() + b"\0", layers([0, 1, 2, 35]), layers([-1, 1, 2, 3])],
)
def test_others_do_not(wrong: bytes):
    with pytest.raises(ValueError, match=r"layers|beside"):
        check_layers(wrong, WIDTH, HEIGHT, SEGMENTS)


def test_a_segment_has_pixels():
    with pytest.raises(ValueError, match="without pixels"):
        check_layers(layers(), WIDTH, HEIGHT, [Segment(0, 0, 1, 1, 5), Segment(0, 0, 1, 1, -1)])


def test_the_gate_is_grey():
    assert drawn("gate").tobytes() == GATE


def test_contours_are_black_on_nothing():
    contours = drawn("contours")
    assert np.argwhere(contours[..., 3]).tolist() == [[4, 6]]
    assert contours[4, 6].tolist() == [0, 0, 0, 255]


def test_each_segment_has_a_colour_of_its_own():
    segments = drawn("segments")
    assert np.argwhere(segments[..., 3]).tolist() == [[0, 0], [0, 1], [0, 2], [4, 6]]
    assert (segments[0, 0] == segments[0, 1]).all()
    assert (segments[0, 0] != segments[4, 6]).any()


def test_no_segments_are_nothing():
    for name in LAYERS[1:]:
        picture = layer_picture(name, GATE + bytes(5), WIDTH, HEIGHT, [])
        assert not any(picture.pixels)
