"""One sign per tile: eigenvectors have none of their own, a blended field needs one."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from torch import Tensor

from worker.numerics.tiling import Tiling

WEAK = 0.05
"""Neighbours whose overlap agrees less than this, in |cosine|, say nothing about each other."""


def ramp(height: int, width: int, device: torch.device) -> Tensor:
    """The fixed reference x + 2y, centred, as a unit vector (h * w,) float32; 0 for one pixel."""
    y = torch.arange(height, dtype=torch.float32, device=device)[:, None]
    x = torch.arange(width, dtype=torch.float32, device=device)[None]
    values = (x + 2 * y).flatten()
    return torch.nn.functional.normalize(values - values.mean(), dim=0)


def ramp_signs(vectors: Tensor, height: int, width: int) -> Tensor:
    """(T,) of +1 or -1: each tile's vector (T, h * w) along the ramp, on its own."""
    along = vectors @ ramp(height, width, vectors.device)
    return torch.where(along < 0, -1.0, 1.0)


def aligned_signs(tiling: Tiling, vectors: Tensor, usable: Tensor) -> Tensor:
    """Signs by a maximum spanning tree over |cosine| in the overlaps.

    Each connected group of tiles is then oriented as most of its tiles lie along the ramp.

    Args:
        tiling: where the tiles lie.
        vectors: (T, h * w).
        usable: (T,) bool; other tiles join no tree.

    Returns:
        (T,) of +1 or -1.
    """
    a, b, cosine = _neighbours(tiling, vectors)
    mask = usable.cpu().numpy()
    strong = (np.abs(cosine) >= WEAK) & mask[a] & mask[b]
    a, b, cosine = a[strong], b[strong], cosine[strong]
    count = tiling.count
    # scipy drops zero weights, so that a perfect agreement needs a constant on top.
    cost = coo_array((1.01 - np.abs(cosine), (a, b)), shape=(count, count))
    flips = coo_array((np.sign(cosine), (a, b)), shape=(count, count)).tocsr()
    signs, group = _propagate(minimum_spanning_tree(cost), (flips + flips.T).tocsr())
    along = vectors @ ramp(tiling.tile_height, tiling.tile_width, vectors.device)
    votes = np.bincount(group, weights=signs * along.cpu().numpy(), minlength=count)
    signs = signs * np.where(votes[group] < 0, -1.0, 1.0)
    return torch.from_numpy(signs.astype(np.float32)).to(vectors.device)


def _propagate(tree: coo_array, flips: coo_array) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Signs relative to the root of each tree, and each node's tree."""
    groups, group = connected_components(tree, directed=False)
    count = len(group)
    parent = np.arange(count)
    roots = np.unique(group, return_index=True)[1]
    for root in roots[:groups]:
        order, before = breadth_first_order(tree, root, directed=False)
        parent[order[1:]] = before[order[1:]]
    steps = np.asarray(flips[np.arange(count), parent]).ravel()
    sign = np.where(parent == np.arange(count), 1.0, steps)
    for _ in range(max(1, count).bit_length()):  # pointer doubling: log2 of the deepest tree
        sign, parent = sign * sign[parent], parent[parent]
    return sign, group


def _neighbours(
    tiling: Tiling, vectors: Tensor
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of tiles side by side or one above the other, and the cosine in their overlap."""
    index = np.arange(tiling.count).reshape(len(tiling.tops), tiling.columns)
    values = vectors.reshape(-1, tiling.tile_height, tiling.tile_width)
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    cosines: list[Tensor] = []
    for axis, starts, length in (
        (1, tiling.lefts, tiling.tile_width),
        (0, tiling.tops, tiling.tile_height),
    ):
        distances = np.diff(starts)
        for distance in np.unique(distances):  # at most two: the regular step and the flush one
            first = np.flatnonzero(distances == distance)
            a = index.take(first, axis=axis).ravel()
            b = index.take(first + 1, axis=axis).ravel()
            shared = length - int(distance)
            if shared > 0:
                pairs.append((a, b))
                cosines.append(_cosine(values, a, b, axis, shared))
    if not pairs:
        empty = np.zeros(0, np.int64)
        return empty, empty, np.zeros(0)
    a, b = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return a, b, torch.cat(cosines).double().cpu().numpy()


def _cosine(
    values: Tensor, a: NDArray[np.int64], b: NDArray[np.int64], axis: int, shared: int
) -> Tensor:
    size = values.shape[axis + 1]
    first, second = torch.from_numpy(np.stack((a, b))).to(values.device, non_blocking=True)
    left = values.narrow(axis + 1, size - shared, shared)[first]
    right = values.narrow(axis + 1, 0, shared)[second]
    dot = (left * right).sum((1, 2))
    scale = left.square().sum((1, 2)) * right.square().sum((1, 2))
    return dot / scale.sqrt().clamp(min=1e-20)
