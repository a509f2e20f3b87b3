"""Reading images between their pixels, and their slopes."""

import torch
from torch import Tensor


def sample(image: Tensor, uv: Tensor) -> Tensor:
    """Bilinear values (c, ...) of an image (c, H, W) at uv (2, ...).

    Pixel i has its centre at (i + 1/2) / W. u wraps around, v ends at the first and last row.
    """
    height, width = image.shape[1:]
    x, y = uv[0] * width - 0.5, (uv[1] * height - 0.5).clamp(0, height - 1)
    left, top = x.floor(), y.floor()
    across, below = x - left, y - top
    columns = left.long() % width, (left.long() + 1) % width
    rows = top.long(), (top.long() + 1).clamp(max=height - 1)
    upper, lower = (
        torch.lerp(image[:, row, columns[0]], image[:, row, columns[1]], across) for row in rows
    )
    return torch.lerp(upper, lower, below)


def slopes(image: Tensor, uv: Tensor) -> tuple[Tensor, Tensor]:
    """d/du and d/dv, each (...), of a height (H, W) at uv (2, ...): central, a pixel each way."""
    height, width = image.shape
    u, v = uv
    across, down = 1 / width, 1 / height
    # Beyond the border pixels nothing changes; the difference is still over the whole way.
    right, left, below, above = sample(
        image[None],
        torch.stack(
            (
                torch.stack((u + across, u - across, u, u)),
                torch.stack((v, v, v + down, v - down)),
            )
        ),
    )[0]
    return (right - left) * (width / 2), (below - above) * (height / 2)


def differences(image: Tensor, *, wrap: bool) -> tuple[Tensor, Tensor]:
    """Central differences along x and y of (..., H, W), per pixel.

    At borders that do not wrap they are one-sided, so that a ramp has one slope everywhere.
    """
    return _difference(image, -1, wrap=wrap), _difference(image, -2, wrap=wrap)


def _difference(image: Tensor, axis: int, *, wrap: bool) -> Tensor:
    if wrap:
        return (image.roll(-1, axis) - image.roll(1, axis)) / 2
    if image.shape[axis] == 1:
        return torch.zeros_like(image)
    (slope,) = torch.gradient(image, dim=axis)
    return slope


def norm01(values: Tensor) -> Tensor:
    """Shifted and scaled to 0..1; zeros where all values are the same."""
    low, high = values.aminmax()
    return torch.where(high > low, (values - low) / (high - low), torch.zeros_like(values))
