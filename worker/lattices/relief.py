"""A lattice as a height field: a bump at each node, a channel along each edge."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

COLOURS = ((0.20, 0.40, 0.85), (0.85, 0.25, 0.20), (0.20, 0.80, 0.30))  # by `Kind`
REACH = 3  # sigmas
AT_ONCE = 1 << 20  # points of bumps or edges at a time
ROWS = 32  # whose pixels are told their nodes at a time
PARTS = ("bumps", "hits", "nearest")  # of what a relief is made: two of float32, one of int64


@dataclass(frozen=True)
class ReliefSettings:
    """Sizes in pixels."""

    side: int = 256
    bump: float = 1.5  # height of a node
    sigma: float = 2.0
    channel: float = -0.5  # depth of an edge, times log(1 + edges there)


class Relief(NamedTuple):
    """What a lattice looks like on a surface; u to the right, v down."""

    height: Tensor  # (side, side) float32
    texture: Tensor  # (3, side, side) float32 in 0..1, the nearest node's colour


def relief(
    uv: Tensor,
    kind: Tensor,
    src: Tensor,
    dst: Tensor,
    settings: ReliefSettings,
    parts: dict[str, Tensor] | None = None,
) -> Generator[None, None, Relief]:
    """Draw a lattice; each `yield` is between two parts.

    Args:
        uv: (N, 2) texture coordinates of the nodes; u wraps around.
        kind: (N,) int64, a `Kind` each.
        src: (E,) ends of edges, which go the short way around.
        dst: (E,) the other ends.
        settings: sizes.
        parts: those of `PARTS` (side, side) that are there, to which the others are added.
    """
    uv, parts = uv.float(), {} if parts is None else parts
    makers = (  # none begins before it is asked
        _bumps(uv, settings),
        _hits(uv, src, dst, settings.side),
        _nearest(uv, settings.side),
    )
    for name, making in zip(PARTS, makers, strict=True):  # loop: stages
        if name not in parts:
            parts[name] = yield from making
    bumps, hits, nearest = (parts[name] for name in PARTS)
    depth = (settings.channel * hits.log1p()).clamp(min=-1.5 * settings.bump)
    texture = uv.new_tensor(COLOURS)[kind[nearest]].permute(2, 0, 1)
    return Relief(bumps + depth, texture)


def _bumps(uv: Tensor, settings: ReliefSettings) -> Generator[None, None, Tensor]:
    """The highest of the nodes' Gaussians, (side, side)."""
    side, sigma = settings.side, settings.sigma
    reach = int(REACH * sigma) + 1
    window = torch.arange(-reach, reach + 1, device=uv.device)
    height = torch.zeros(side * side, device=uv.device)
    for place in torch.split(uv * side - 0.5, AT_ONCE // len(window) ** 2):  # loop: chunks
        yield
        x, y = (place[:, axis].round().long()[:, None] + window for axis in (0, 1))
        dx, dy = (p - place[:, axis, None] for axis, p in ((0, x), (1, y)))
        apart = dy.square()[:, :, None] + dx.square()[:, None]
        bump = settings.bump * (-apart / (2 * sigma * sigma)).exp()
        there = (dy.abs() <= REACH * sigma)[:, :, None] & (dx.abs() <= REACH * sigma)[:, None]
        there &= ((y >= 0) & (y < side))[:, :, None]
        pixel = y[:, :, None] * side + x[:, None] % side
        height.scatter_reduce_(0, pixel[there], bump[there], "amax")
    return height.reshape(side, side)


def _hits(uv: Tensor, src: Tensor, dst: Tensor, side: int) -> Generator[None, None, Tensor]:
    """How many edges cross each pixel, (side, side) float32."""
    start, way = uv[src], uv[dst] - uv[src]
    way[:, 0] -= way[:, 0].round()
    steps = (way.abs().amax(1) * side).ceil().long()
    hits = torch.zeros(side * side, dtype=torch.int64, device=uv.device)
    edges = torch.arange(len(src), device=uv.device)
    for part in torch.split(edges, max(1, AT_ONCE // (side + 1))):  # loop: chunks
        yield
        count = steps[part] + 1
        edge = part.repeat_interleave(count)
        step = torch.arange(len(edge), device=uv.device)
        step = step - (count.cumsum(0) - count).repeat_interleave(count)
        share = step / steps[edge].clamp(min=1)
        x, y = ((start[edge] + share[:, None] * way[edge]) * side).floor().long().unbind(1)
        pixel = y.clamp(0, side - 1) * side + x % side
        once = torch.unique(edge * (side * side) + pixel) % (side * side)
        hits += torch.bincount(once, minlength=side * side)
    return hits.reshape(side, side).float()


def _nearest(uv: Tensor, side: int) -> Generator[None, None, Tensor]:
    """The nearest node of every pixel, (side, side) int64; on the CPU."""
    place = uv.double().cpu().numpy()
    tree = cKDTree(np.stack((place[:, 0] % 1, place[:, 1]), 1), boxsize=(1, 0))  # only u wraps
    yield
    centre = (np.arange(side) + 0.5) / side
    nearest = np.empty((side, side), np.int64)
    for row, v in enumerate(centre):  # loop: chunks
        nearest[row] = tree.query(np.stack((centre, np.full(side, v)), 1))[1]
        if row % ROWS == 0:
            yield
    return torch.from_numpy(nearest).to(uv.device)
