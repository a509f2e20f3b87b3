"""Small image filters that the operators share; images are (..., H, W)."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def padded(image: Tensor, margin: int) -> Tensor:
    """Reflect at the borders; repeat the border where the image is too small to reflect."""
    mode = "reflect" if min(image.shape[-2:]) > margin else "replicate"
    flat = image.reshape(1, -1, *image.shape[-2:])
    flat = functional.pad(flat, (margin, margin, margin, margin), mode=mode)
    return flat.reshape(*image.shape[:-2], *flat.shape[-2:])


def box_mean(image: Tensor, size: int) -> Tensor:
    """Mean over a window of `size` (odd) pixels a side."""
    flat = padded(image, size // 2).reshape(1, -1, *(s + size - 1 for s in image.shape[-2:]))
    flat = functional.avg_pool2d(flat, (size, 1), stride=1)
    return functional.avg_pool2d(flat, (1, size), stride=1).reshape(image.shape)


def box_std(image: Tensor, size: int) -> Tensor:
    """Standard deviation over a window of `size` pixels a side."""
    return (box_mean(image.square(), size) - box_mean(image, size).square()).clamp(min=0).sqrt()


def gaussian_sum(image: Tensor, radius: int, sigma: float) -> Tensor:
    """Convolve (H, W) with a Gaussian of peak 1, cut off at `radius` pixels; 0 outside."""
    steps = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    g = torch.exp(-steps.square() / (2 * sigma * sigma))
    blurred = functional.conv2d(image[None, None], g[None, None, :, None], padding=(radius, 0))
    return functional.conv2d(blurred, g[None, None, None, :], padding=(0, radius))[0, 0]


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Mean of (H, W) under a Gaussian, cut off at three sigma."""
    radius = math.ceil(3 * sigma)
    steps = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    g = torch.exp(-steps.square() / (2 * sigma * sigma))
    g = g / g.sum()
    blurred = functional.conv2d(padded(image, radius)[None, None], g[None, None, :, None])
    return functional.conv2d(blurred, g[None, None, None, :])[0, 0]


def gradient(image: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel / 8 of (H, W): d/dy and d/dx in units per pixel."""
    p = padded(image, 1)
    rows = (p[:-2] + 2 * p[1:-1] + p[2:]) / 8
    columns = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 8
    return columns[2:] - columns[:-2], rows[:, 2:] - rows[:, :-2]


def direction(dy: Tensor, dx: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors along (dy, dx); 0 where there is no direction."""
    length = (dy.square() + dx.square()).sqrt()
    scale = torch.where(length > 1e-12, 1 / length.clamp(min=1e-12), 0.0)
    return dy * scale, dx * scale


def sample(image: Tensor, y: Tensor, x: Tensor, mode: str) -> Tensor:
    """Values of (c, H, W) at positions in pixels, border repeated; `nearest` or `bilinear`."""
    height, width = image.shape[-2:]
    grid = torch.stack(
        (
            2 * x / max(width - 1, 1) - (1 if width > 1 else 0),
            2 * y / max(height - 1, 1) - (1 if height > 1 else 0),
        ),
        -1,
    )
    return functional.grid_sample(
        image[None], grid[None], mode=mode, padding_mode="border", align_corners=True
    )[0]


def positions(shape: torch.Size, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pixel coordinates y (H, 1) and x (1, W) of an image of `shape` (H, W)."""
    height, width = shape
    y = torch.arange(height, dtype=torch.float32, device=device)[:, None]
    return y, torch.arange(width, dtype=torch.float32, device=device)[None]


def turned(dy: Tensor, dx: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """The vectors (dy, dx) turned by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return s * dx + c * dy, c * dx - s * dy
