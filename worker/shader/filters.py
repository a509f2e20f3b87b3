"""Small image filters that the operators share; images are (..., H, W)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from worker.shader.strips import by_rows


def padded(image: Tensor, margin: int) -> Tensor:
    """Reflect at the borders; repeat the border where the image is too small to reflect."""
    height, width = image.shape[-2:]
    if min(height, width) <= margin:
        flat = image.reshape(1, -1, height, width)
        flat = pad(flat, (margin, margin, margin, margin), mode="replicate")
        return flat.reshape(*image.shape[:-2], *flat.shape[-2:])
    # A third of the time of torch's own.
    out = image.new_empty(*image.shape[:-2], height + 2 * margin, width + 2 * margin)
    out[..., margin : margin + height, margin : margin + width] = image
    for axis, length in ((-2, height), (-1, width)):
        before, after = out.narrow(axis, 0, margin), out.narrow(axis, margin + length, margin)
        before.copy_(out.narrow(axis, margin + 1, margin).flip(axis))
        after.copy_(out.narrow(axis, length - 1, margin).flip(axis))
    return out


def box_mean(image: Tensor, size: int) -> Tensor:
    """Mean over a window of `size` (odd) pixels a side."""
    if image.ndim > 2:
        out = torch.empty_like(image)
        for plane, mean in zip(image, out, strict=True):
            mean.copy_(box_mean(plane, size))
        return out
    around = padded(image, size // 2)
    # Divided, a mean of ones is 1.
    return local(lambda rows: _squares(rows, size, torch.add).div_(size**2), around, size // 2)


def box_std(image: Tensor, size: int) -> Tensor:
    """Standard deviation over a window of `size` pixels a side."""
    return box_mean(image.square(), size).sub_(box_mean(image, size).square_()).clamp_(0).sqrt_()


def dilated(mask: Tensor, reach: int) -> Tensor:
    """Pixels within `reach` pixels of the mask (H, W), by rows and by columns."""
    around = pad(mask, (reach, reach, reach, reach))
    return local(lambda rows: _squares(rows, 2 * reach + 1, torch.logical_or), around, reach)


def local(operator: Callable[[Tensor], Tensor], around: Tensor, margin: int) -> Tensor:
    """An operator that takes `margin` rows and columns on each side of (H, W), by strips.

    Args:
        operator: from (h + 2 margin, W + 2 margin) to (..., h, W).
        around: (H + 2 margin, W + 2 margin).
        margin: pixels.
    """
    shape = torch.Size(side - 2 * margin for side in around.shape)
    return by_rows(
        lambda rows: operator(around[rows.start : rows.stop + 2 * margin]), shape, least=4 * margin
    )


def _squares(image: Tensor, size: int, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The values of every square of `size` pixels a side, joined."""
    return _windows(_windows(image, size, -2, join), size, -1, join)


def _windows(
    image: Tensor, size: int, axis: int, join: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """The values of every window of `size` along an axis, joined: size - 1 fewer than there were.

    From windows of 1, 2, 4, ... values: about 2 log2(size) passes over the image, and no running
    sum that would lose digits on the way.
    """
    left = image.shape[axis] - size + 1
    joined, done, width = None, 0, 1
    while True:
        if size & width:
            part = image.narrow(axis, done, left)
            joined = part if joined is None else join(joined, part)
            done += width
        if joined is not None and done == size:
            return joined
        count = image.shape[axis] - width
        image = join(image.narrow(axis, 0, count), image.narrow(axis, width, count))
        width *= 2


def gaussian_sum(image: Tensor, radius: int, sigma: float) -> Tensor:
    """Convolve (H, W) with a Gaussian of peak 1, cut off at `radius` pixels; 0 outside."""
    return _convolved(pad(image, (radius, radius, radius, radius)), _gaussian(radius, sigma))


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Mean of (H, W) under a Gaussian, cut off at three sigma."""
    radius = math.ceil(3 * sigma)
    weights = _gaussian(radius, sigma)
    return _convolved(padded(image, radius), [w / sum(weights) for w in weights])


def _gaussian(radius: int, sigma: float) -> list[float]:
    return [math.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1)]


def _convolved(around: Tensor, weights: list[float]) -> Tensor:
    """By rows, then by columns."""
    return local(lambda rows: _shifted_sums(rows, weights), around, len(weights) // 2)


def _shifted_sums(around: Tensor, weights: list[float]) -> Tensor:
    """A third of the time of a general convolution."""
    for axis in (0, 1):
        left = around.shape[axis] - len(weights) + 1
        total = around.narrow(axis, 0, left) * weights[0]
        for step, weight in enumerate(weights[1:], 1):
            total.add_(around.narrow(axis, step, left), alpha=weight)
        around = total
    return around


def gradient(image: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel / 8 of (H, W): d/dy and d/dx in units per pixel."""
    dy, dx = local(_gradient, padded(image, 1), 1)
    return dy, dx


def _gradient(p: Tensor) -> Tensor:
    rows = (p[:-2] + p[2:]).add_(p[1:-1], alpha=2)
    columns = (p[:, :-2] + p[:, 2:]).add_(p[:, 1:-1], alpha=2)
    dy, dx = columns[2:] - columns[:-2], rows[:, 2:] - rows[:, :-2]
    return torch.stack((dy, dx)).mul_(1 / 8)


def length(dy: Tensor, dx: Tensor) -> Tensor:
    """Of the vectors (dy, dx)."""
    return dy.square().addcmul_(dx, dx).sqrt_()


def direction(dy: Tensor, dx: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors along (dy, dx); towards 0 where there is no direction."""
    scale = length(dy, dx).clamp_(min=1e-12).reciprocal_()
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
    return grid_sample(
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
