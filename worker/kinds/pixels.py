"""Pixels of the wire as tensors, and back."""

import torch
from torch import Tensor

from worker.shader.picture import Picture, picture_of


def to_picture(
    pixels: bytes | memoryview, height: int, width: int, channels: int, device: torch.device
) -> Picture:
    """RGB or RGBA bytes as colours and opacity in 0..1."""
    flat = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
    layers = flat.reshape(height, width, channels).to(device).permute(2, 0, 1).contiguous()
    return picture_of(layers.float().div_(255))


def to_pixels(picture: Picture) -> memoryview:
    """Colours, and opacity if there is any, as RGB or RGBA bytes."""
    return interleaved(quantised(picture.layers))


def quantised(layers: Tensor) -> Tensor:
    """(c, H, W) in 0..1 as uint8."""
    return (layers.clamp(0, 1) * 255).round().to(torch.uint8)


def interleaved(layers: Tensor) -> memoryview:
    """(c, H, W) uint8 as row-major bytes of (H, W, c)."""
    array = layers.permute(1, 2, 0).contiguous().cpu().numpy()
    return array.reshape(-1).data


def eight_bit(picture: Picture) -> Picture:
    """The picture as its 8-bit form has it: what is stored is what the next pass starts from."""
    return picture_of(quantised(picture.layers).float() / 255)
