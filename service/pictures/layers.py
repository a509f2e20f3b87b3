"""The layers of an explanation, `worker.wire.explained`, as pictures. Everything here blocks."""

import colorsys
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from service.pictures.picture import Picture
from service.threads import step_back
from worker.wire.explained import PLACE, Segment, layer_sizes

LAYERS = ("gate", "contours", "segments")
_TURN = 0.381966  # of the wheel of hues, the golden angle: neighbours in size differ in colour
_SATURATION, _VALUE = 0.8, 0.8


def check_layers(layers: bytes, width: int, height: int, segments: Sequence[Segment]) -> None:
    """Let pass layers of a picture of this size.

    Raises:
        ValueError: they have another length, or pixels beside the picture.
    """
    if min((each.pixels for each in segments), default=1) < 1:
        raise ValueError("a segment without pixels")
    if len(layers) != sum(layer_sizes(width * height, segments)):
        raise ValueError(f"{len(layers)} bytes are not the layers of {width} x {height} pixels")
    places = _places(layers, width * height, segments)
    if len(places) and not 0 <= places.min() <= places.max() < width * height:
        raise ValueError("pixels of a segment beside the picture")


def layer_picture(
    name: str, layers: bytes, width: int, height: int, segments: Sequence[Segment]
) -> Picture:
    """One of `LAYERS`: the gate in grey, contours in black or segments in colours on nothing."""
    step_back()
    if name == "gate":
        return Picture(width, height, 1, memoryview(layers)[: width * height])
    draw = _contours if name == "contours" else _segments
    pixels = np.zeros((height * width, 4), np.uint8)
    draw(pixels, layers, segments)
    return Picture(width, height, 4, pixels.data.cast("B"))


def _contours(pixels: NDArray[np.uint8], layers: bytes, segments: Sequence[Segment]) -> None:
    gate, bits, _ = layer_sizes(len(pixels), segments)
    packed = np.frombuffer(layers, np.uint8, bits, gate)
    np.multiply(np.unpackbits(packed, count=len(pixels)), 255, out=pixels[:, 3])


def _segments(pixels: NDArray[np.uint8], layers: bytes, segments: Sequence[Segment]) -> None:
    colours = np.array([_colour(number) for number in range(len(segments))], np.uint8)
    sizes = [each.pixels for each in segments]
    pixels[_places(layers, len(pixels), segments)] = colours.reshape(-1, 4).repeat(sizes, axis=0)


def _places(layers: bytes, area: int, segments: Sequence[Segment]) -> NDArray[np.int32]:
    gate, bits, places = layer_sizes(area, segments)
    return np.frombuffer(layers, PLACE, places // 4, gate + bits)


@cache
def _colour(number: int) -> tuple[int, int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(number * _TURN % 1, _SATURATION, _VALUE)
    return round(255 * red), round(255 * green), round(255 * blue), 255
