"""Low gate, variant `segments`: matched segments are copied, turned and laid into voids."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.colour import front_colour, shadow_colour
from worker.shader.segments import Segments, segment_mean

SHIFT = (0.7, 0.5)  # (y, x), in units of translation_strength


class Fragments(NamedTuple):
    """Pixels on their way to the target: where to, what colour, whose."""

    y: Tensor  # (F,) int64
    x: Tensor  # (F,) int64
    rgb: Tensor  # (3, F)
    owner: Tensor  # (F,) target segment, ascending


def transplant(
    segments: Segments,
    source: Segments,
    matched: Tensor,  # (S,) index into `source` for each target segment
    source_rgb: Tensor,  # (3, H', W') colours of the source
    busy: Tensor,  # (H, W) complexity of the target
    effect: float,
    translation: float,
    offset: float,
    projection: str,
) -> tuple[Fragments, Fragments]:
    """Shadows and fronts of every matched segment, both in target coordinates.

    Each source pixel turns by 90 degrees about its centroid, (x, y) to (-y, x), lands about the
    target's centroid and shifts by translation * effect * (0.5, 0.7). Its shadow lies further out
    along the pixel's own direction (`diameter`), or by a fixed step (`fixed`).
    """
    owner, pixel = _expand(source, matched)
    width = source_rgb.shape[2]
    rgb = source_rgb.flatten(1)[:, pixel]
    s = matched[owner]
    dy = pixel // width - source.centre[s, 0]
    dx = pixel % width - source.centre[s, 1]
    dy, dx = dx, -dy
    y = segments.centre[owner, 0] + translation * effect * SHIFT[0] + dy
    x = segments.centre[owner, 1] + translation * effect * SHIFT[1] + dx
    if projection == "fixed":
        out_y = out_x = torch.full_like(y, offset * effect)
    else:
        calm = 1 - segment_mean(busy.flatten(), segments).float()
        diagonal = source.extent[matched].square().sum(1).sqrt()
        reach = (offset * effect * diagonal / 64 * calm)[owner]
        length = (dy.square() + dx.square()).sqrt().clamp(min=1e-6)
        out_y, out_x = reach * dy / length, reach * dx / length
    front = Fragments(_whole(y), _whole(x), front_colour(rgb, effect), owner)
    shadow = Fragments(_whole(y + out_y), _whole(x + out_x), shadow_colour(rgb, effect), owner)
    return shadow, front


def _whole(position: Tensor) -> Tensor:
    # A hair off the half keeps ties from falling differently on different devices.
    return (position + 0.5 - 1e-3).floor().long()


def _expand(source: Segments, matched: Tensor) -> tuple[Tensor, Tensor]:
    """One entry per pixel of each matched segment: its target, and its raster index."""
    sizes = source.size[matched]
    owner = torch.arange(len(matched), device=matched.device).repeat_interleave(sizes)
    within = torch.arange(len(owner), device=matched.device) - (sizes.cumsum(0) - sizes)[owner]
    return owner, source.pixels[source.start[matched][owner] + within]


def lay(rgb: Tensor, fragments: Fragments, void: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Paint fragments where there is void; content is never overwritten.

    Args:
        rgb: (3, H, W). void: (H, W) bool.
        mode: `replace`, the later segment wins; `blend`, the mean of all that land on a pixel.

    Returns:
        The new image and the painted pixels (H, W) bool.
    """
    height, width = void.shape
    inside = (
        (fragments.y >= 0) & (fragments.y < height) & (fragments.x >= 0) & (fragments.x < width)
    )
    at = (fragments.y * width + fragments.x)[inside]
    colours = fragments.rgb[:, inside]
    open_ = void.flatten()[at]
    at, colours = at[open_], colours[:, open_]
    out = rgb.flatten(1).clone()
    painted = torch.zeros(height * width, dtype=torch.bool, device=rgb.device)
    painted[at] = True
    if mode == "replace":
        order = torch.arange(len(at), device=rgb.device)
        last = torch.full((height * width,), -1, dtype=torch.int64, device=rgb.device)
        last.scatter_reduce_(0, at, order, "amax")
        where = painted.nonzero()[:, 0]
        out[:, where] = colours[:, last[where]]
    else:
        # Rounded to multiples of 2^-30 the float64 sums are exact in any order.
        exact = (colours.double() * 2**30).round() / 2**30
        sums = torch.zeros(3, height * width, dtype=torch.float64, device=rgb.device)
        sums.scatter_add_(1, at.expand(3, -1), exact)
        count = torch.bincount(at, minlength=height * width).clamp(min=1)
        out = (sums / count).float().where(painted, out)
    return out.reshape(rgb.shape), painted.reshape(height, width)
