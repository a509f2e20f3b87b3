"""The graph of a grey image: each pixel and its four neighbours, in double precision."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.numerics.constants import WEIGHT_FLOOR

CHUNK = 1 << 18
"""Values to which the operator is applied at once: of more the differences leave the caches, and it
takes three times as long."""


class Grid(NamedTuple):
    """L = D - W of an image of H x W pixels; vectors are (..., k, H * W)."""

    across: Tensor  # (H, W - 1) weights of the edges to the right
    down: Tensor  # (H - 1, W) and of those downwards

    @property
    def shape(self) -> tuple[int, int]:
        """H and W."""
        return self.across.shape[0], self.down.shape[1]

    @property
    def degree(self) -> Tensor:
        """(H * W,) the diagonal of L."""
        degree = self.across.new_zeros(self.shape)
        degree[:, 1:] += self.across
        degree[:, :-1] += self.across
        degree[1:] += self.down
        degree[:-1] += self.down
        return degree.flatten()

    def apply(self, X: Tensor) -> Tensor:
        """L X, from differences: where these vanish so does every rounding error."""
        Y = torch.empty_like(X, memory_format=torch.contiguous_format)
        n = X.shape[-1]
        parts = (torch.split(each.reshape(-1, n), max(1, CHUNK // n)) for each in (X, Y))
        for part, product in zip(*parts, strict=True):  # loop: chunks
            product.copy_(self._applied(part))
        return Y

    def _applied(self, X: Tensor) -> Tensor:
        values = X.reshape(-1, *self.shape)
        Y = torch.zeros_like(values)
        flow = values.diff(dim=-1) * self.across
        Y[..., :-1] -= flow
        Y[..., 1:] += flow
        flow = values.diff(dim=-2) * self.down
        Y[..., :-1, :] -= flow
        Y[..., 1:, :] += flow
        return Y.reshape(X.shape)

    def csr(self) -> tuple[Tensor, Tensor, Tensor]:
        """The graph as `crow` (n + 1,), `col` and weights, both directions, rows sorted."""
        height, width = self.shape
        node = torch.arange(height * width, device=self.down.device).reshape(height, width)
        near = torch.cat((node[:, :-1].flatten(), node[:-1].flatten()))
        far = torch.cat((node[:, 1:].flatten(), node[1:].flatten()))
        weight = torch.cat((self.across.flatten(), self.down.flatten()))
        source, target = torch.cat((near, far)), torch.cat((far, near))
        order = (source * node.numel() + target).argsort()
        crow = torch.zeros(node.numel() + 1, dtype=torch.int64, device=node.device)
        crow[1:] = source.bincount(minlength=node.numel()).cumsum(0)
        return crow, target[order], torch.cat((weight, weight))[order]


def grid_of(grey: Tensor, threshold: float) -> Grid:
    """Weights exp(-|difference| / threshold), of at least 1e-6, for (H, W) in 0..1."""
    grey = grey.double()

    def weights(axis: int) -> Tensor:
        return (-grey.diff(dim=axis).abs() / threshold).exp().clamp(min=WEIGHT_FLOOR)

    return Grid(weights(1), weights(0))
