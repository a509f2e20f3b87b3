"""Pixels of the wire as tensors, and back."""

import math

import torch
from torch import Tensor

from worker.runs import Poisoned
from worker.shader.picture import Picture, picture_of
from worker.shader.strips import by_rows, pointwise


def to_picture(
    pixels: bytes | memoryview, height: int, width: int, channels: int, device: torch.device
) -> Picture:
    """RGB or RGBA bytes as colours and opacity in 0..1."""
    flat = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
    image = flat.reshape(height, width, channels).to(device)

    def floats(rows: slice) -> Tensor:
        return image[rows].permute(2, 0, 1).contiguous().float().div_(255)

    return picture_of(by_rows(floats, torch.Size((height, width))))


def to_pixels(picture: Picture) -> memoryview:
    """Colours, and opacity if there is any, as RGB or RGBA bytes."""
    return interleaved(quantised(picture.layers))


def quantised(layers: Tensor) -> Tensor:
    """(c, H, W) in 0..1 as uint8."""
    return pointwise(_quantised, layers)


def check_finite(values: Tensor) -> None:
    """Let pass numbers.

    Raises:
        Poisoned: one is none, or infinite.
    """
    if not math.isfinite(float(values.sum())):
        raise Poisoned("a result is not finite")


def _quantised(layers: Tensor) -> Tensor:
    check_finite(layers)  # as bytes it would look like any other
    return layers.clamp(0, 1).mul_(255).round_().to(torch.uint8)


def interleaved(layers: Tensor) -> memoryview:
    """(c, H, W) uint8 as row-major bytes of (H, W, c)."""
    image = layers.permute(1, 2, 0)
    if not image.is_contiguous():  # the colours of a table are
        image = by_rows(lambda rows: image[rows].contiguous(), layers.shape, axis=-3)
    return image.cpu().numpy().reshape(-1).data


def eight_bit(picture: Picture) -> Picture:
    """The picture as its 8-bit form has it: what is stored is what the next pass starts from."""
    return picture_of(pointwise(lambda rows: _quantised(rows).float().div_(255), picture.layers))
