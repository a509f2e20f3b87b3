"""Low gate, variant `segments`: matched segments are copied, turned and laid into voids."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.segments import Segments, segment_mean, spread
from worker.shader.strips import copied

SHIFT = (0.7, 0.5)  # (y, x), in units of translation_strength
TURN = 90.0  # degrees from x towards y
STEPS = 1 << 30  # of a colour value, in which means are taken


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
    colours: tuple[Tensor, Tensor],  # (3, P) of the shadows and fronts of the source's pixels
    width: int,  # of the source's picture
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
    owner, place = spread(source.start[matched], source.size[matched])
    pixel = source.pixels[place]
    s = matched[owner]
    dy = pixel // width - source.centre[s, 0]
    dx = pixel % width - source.centre[s, 1]
    dy, dx = dx, -dy
    centre = copies_at(segments, translation * effect)[owner]
    y, x = centre[:, 0] + dy, centre[:, 1] + dx
    if projection == "fixed":
        out_y = out_x = torch.full_like(y, offset * effect)
    else:
        calm = 1 - segment_mean(busy.flatten(), segments).float()
        diagonal = source.extent[matched].square().sum(1).sqrt()
        reach = (offset * effect * diagonal / 64 * calm)[owner]
        length = (dy.square() + dx.square()).sqrt().clamp(min=1e-6)
        out_y, out_x = reach * dy / length, reach * dx / length
    behind, ahead = colours
    shadow = Fragments(_whole(y + out_y), _whole(x + out_x), behind[:, place], owner)
    return shadow, Fragments(_whole(y), _whole(x), ahead[:, place], owner)


def copies_at(segments: Segments, far: float) -> Tensor:
    """Where copies that are laid beside these segments have their centres, (S, 2): y and x."""
    return segments.centre + segments.centre.new_tensor([far * each for each in SHIFT])


def _whole(position: Tensor) -> Tensor:
    # A hair off the half keeps ties from falling differently on different devices.
    return (position + 0.5 - 1e-3).floor().long()


def lay(rgb: Tensor, fragments: Fragments, void: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Paint fragments where there is void; content is never overwritten.

    Args:
        rgb: (3, H, W). void: (H, W) bool.
        mode: `replace`, the later segment wins; `blend`, the mean of all that land on a pixel.

    Returns:
        The new image and the painted pixels (H, W) bool.
    """
    lands = landing(fragments, void)
    at = fragments.y[lands] * void.shape[1] + fragments.x[lands]
    pixels, place = torch.unique(at, return_inverse=True)
    mix = _last if mode == "replace" else _mean
    out = copied(rgb)
    out.flatten(1)[:, pixels] = mix(fragments.rgb[:, lands], place, len(pixels))
    painted = torch.zeros_like(void).flatten()
    painted[pixels] = True
    return out, painted.reshape(void.shape)


def landing(fragments: Fragments, void: Tensor) -> Tensor:
    """Which fragments fall into void (H, W) bool, (N,) int64 ascending."""
    height, width = void.shape
    y, x = fragments.y, fragments.x
    inside = ((y >= 0) & (y < height) & (x >= 0) & (x < width)).nonzero()[:, 0]
    return inside[void[y[inside], x[inside]]]


def _last(rgb: Tensor, place: Tensor, count: int) -> Tensor:
    """The last of the colours (3, F) in each of `count` places."""
    order = torch.arange(len(place), device=place.device)
    last = order.new_zeros(count).scatter_reduce(0, place, order, "amax")
    return rgb[:, last]


def _mean(rgb: Tensor, place: Tensor, count: int) -> Tensor:
    """The mean of the colours (3, F) in each of `count` places."""
    whole = (rgb.double() * STEPS).round().long()  # sums of integers, in any order the same
    total = whole.new_zeros(3, count).scatter_add(1, place.expand(3, -1), whole)
    return (total.double() / (place.bincount(minlength=count) * STEPS)).float()
