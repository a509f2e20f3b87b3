"""Pixels of the wire as tensors, and back."""

import torch
from torch import Tensor

from worker.shader.shader import Picture


def to_picture(
    pixels: bytes, height: int, width: int, channels: int, device: torch.device
) -> Picture:
    """RGB or RGBA bytes as colours and opacity in 0..1."""
    flat = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
    image = flat.reshape(height, width, channels).to(device).permute(2, 0, 1).float() / 255
    alpha = image[3] if channels == 4 else torch.ones(height, width, device=device)
    return Picture(image[:3].contiguous(), alpha)


def to_pixels(picture: Picture, channels: int) -> memoryview:
    """Colours and opacity as RGB or RGBA bytes."""
    layers = picture.rgb if channels == 3 else torch.cat((picture.rgb, picture.alpha[None]))
    return interleaved(quantised(layers))


def quantised(layers: Tensor) -> Tensor:
    """(c, H, W) in 0..1 as uint8."""
    return (layers.clamp(0, 1) * 255).round().to(torch.uint8)


def interleaved(layers: Tensor) -> memoryview:
    """(c, H, W) uint8 as row-major bytes of (H, W, c)."""
    array = layers.permute(1, 2, 0).contiguous().cpu().numpy()
    return array.reshape(-1).data


def eight_bit(picture: Picture) -> Picture:
    """The picture as its 8-bit form has it: what is stored is what the next pass starts from."""
    return Picture(quantised(picture.rgb).float() / 255, quantised(picture.alpha).float() / 255)
