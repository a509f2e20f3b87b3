"""Colours and opacity, and how they look over a background."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.strips import pointwise


class Picture(NamedTuple):
    """Colours and opacity, 0..1."""

    rgb: Tensor  # (3, H, W)
    alpha: Tensor | None  # (H, W); None: opaque

    @property
    def layers(self) -> Tensor:
        """Colours, and opacity if there is any: (3, H, W) or (4, H, W)."""
        if self.alpha is None:
            return self.rgb
        return pointwise(lambda rgb, alpha: torch.cat((rgb, alpha[None])), self.rgb, self.alpha)

    def rows(self, chosen: slice | Tensor) -> "Picture":
        """Some rows of the picture."""
        return Picture(self.rgb[:, chosen], None if self.alpha is None else self.alpha[chosen])


def picture_of(layers: Tensor) -> Picture:
    """The picture of (3, H, W) or (4, H, W), the fourth its opacity."""
    return Picture(layers[:3], layers[3] if len(layers) == 4 else None)


def seen(picture: Picture, background: tuple[float, float, float]) -> Tensor:
    """The picture over its background, (3, H, W): what field and contours are computed from."""
    if picture.alpha is None:
        return picture.rgb
    ground = picture.rgb.new_tensor(background)[:, None, None]
    return pointwise(lambda rgb, a: ground + (rgb - ground) * a, picture.rgb, picture.alpha)


def no_less_opaque(
    layers: Tensor, alpha: Tensor | None, background: tuple[float, float, float]
) -> Picture:
    """Colours and opacity after thickening, no less opaque than `alpha` before it.

    Thin ink that was copied onto opaque paper takes the colour in which it was seen.
    """
    if alpha is None:
        return Picture(layers, None)

    def rows(layers: Tensor, alpha: Tensor) -> Tensor:
        return _no_less_opaque(layers, alpha, background)

    return picture_of(pointwise(rows, layers, alpha))


def _no_less_opaque(
    layers: Tensor, alpha: Tensor, background: tuple[float, float, float]
) -> Tensor:
    rgb, copied = layers[:3], layers[3]
    opacity = torch.maximum(copied, alpha)
    thin = seen(Picture(rgb, copied / opacity.clamp(min=1e-6)), background)
    return torch.cat((thin.where(copied < alpha, rgb), opacity[None]))
