"""The Laplacian of a batch of equally shaped tiles, matrix-free and in difference form."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from worker.numerics.stencil import Offset

WEIGHT_FLOOR = 1e-6
"""No edge is weaker than this times its base weight, so no pixel is isolated."""


class _Workspace:
    """Buffers for vectors of one shape, and for every shift its slices of them.

    Slicing anew for every product takes its time under Python's lock, which the lanes share.
    """

    def __init__(self, like: Tensor, shifts: tuple[int, ...]) -> None:
        self.X, self.Y, difference = (torch.empty_like(like) for _ in range(3))
        n = like.shape[-1]
        self.views = [
            (
                self.X[..., : n - shift],
                self.X[..., shift:],
                difference[..., : n - shift],
                self.Y[..., : n - shift],
                self.Y[..., shift:],
            )
            for shift in shifts
        ]


@dataclass(frozen=True)
class Laplacian:
    """L = D - W of B tiles of h x w pixels, n = h * w.

    Edges are stored once, per offset as one flat shift: entry i joins pixel i and pixel i + shift.
    Pairs that would wrap around a row carry weight 0, so that every shift is one contiguous slice.
    """

    shifts: tuple[int, ...]
    weights: tuple[Tensor, ...]  # one (B, 1, n - shift) per shift
    degree: Tensor  # (B, 1, n)
    _spaces: dict[tuple[torch.Size, torch.dtype], "_Workspace"] = field(
        default_factory=dict, repr=False, compare=False
    )

    def apply(self, X: Tensor) -> Tensor:
        """L X for X of shape (B, k, n).

        (L x)_i = sum_j w_ij (x_i - x_j): the form d*x - Wx cancels in float32 for a nearly
        constant x, where lambda_2 can be 1e-4 beside a largest eigenvalue of 130.
        """
        space = self._spaces.get((X.shape, X.dtype))
        if space is None:
            space = self._spaces[X.shape, X.dtype] = _Workspace(X, self.shifts)
        space.X.copy_(X)
        space.Y.zero_()
        for (near, far, difference, there, back), w in zip(space.views, self.weights, strict=True):
            torch.sub(near, far, out=difference)
            there.addcmul_(difference, w)
            back.addcmul_(difference, w, value=-1)
        return space.Y.clone()

    def select(self, rows: Tensor) -> "Laplacian":
        """The Laplacian of the tiles `rows` (indices into the batch) alone."""
        return Laplacian(self.shifts, tuple(w[rows] for w in self.weights), self.degree[rows])


def image_laplacian(rgb: Tensor, stencil: tuple[Offset, ...], tau: float) -> Laplacian:
    """Edge weight = base weight * exp(-|c_i - c_j|_2 / tau), floored.

    Args:
        rgb: tiles (B, 3, h, w) in [0, 1].
        stencil: half stencil; offsets that do not fit into a tile are left out.
        tau: `edge_threshold`, 0.02..1.
    """
    batch, _, height, width = rgb.shape
    n = height * width
    colours = (rgb / tau).reshape(batch, 3, 1, n).unbind(1)
    column = torch.arange(n, device=rgb.device) % width
    shifts, weights = [], []
    degree = torch.zeros(batch, 1, n, dtype=rgb.dtype, device=rgb.device)
    for dy, dx, base in stencil:
        if dy >= height or abs(dx) >= width:
            continue
        shift = dy * width + dx
        w = _distance(colours, shift).neg_().exp_().clamp_(min=WEIGHT_FLOOR).mul_(base)
        if dx:  # the pair must not wrap around a row
            target = column[: n - shift] + dx
            w.mul_(((target >= 0) & (target < width)).to(w.dtype))
        degree[..., : n - shift] += w
        degree[..., shift:] += w
        shifts.append(shift)
        weights.append(w)
    return Laplacian(tuple(shifts), tuple(weights), degree)


def _distance(colours: tuple[Tensor, ...], shift: int) -> Tensor:
    """Euclidean colour distance of pixels `shift` apart: (B, 1, n - shift)."""
    total: Tensor | None = None
    for c in colours:
        d = c[..., :-shift] - c[..., shift:]
        total = d.square_() if total is None else total.addcmul_(d, d)
    assert total is not None
    return total.sqrt_()
