"""Block LOBPCG for the lowest eigenvectors of many tiles at once, the constant deflated.

Knyazev (2001), with the basis [X, W, P] and Rayleigh-Ritz through its Gram matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from worker.numerics.constants import TINY
from worker.numerics.rayleigh_ritz import rayleigh_ritz

Operator = Callable[[Tensor], Tensor]  # (B, k, n) to (B, k, n)


@dataclass(frozen=True)
class Block:
    """Ritz pairs of B tiles and the last search direction."""

    X: Tensor  # (B, k, n) orthonormal rows, orthogonal to the constant
    LX: Tensor  # (B, k, n)
    theta: Tensor  # (B, k) float64, ascending
    P: Tensor | None = None  # (B, k, n)
    LP: Tensor | None = None

    def residual(self) -> Tensor:
        """L X - theta X, (B, k, n)."""
        return torch.addcmul(self.LX, self.X, self.theta[:, :, None].to(self.X.dtype), value=-1)

    def select(self, rows: Tensor) -> "Block":
        """The pairs of the tiles `rows` alone."""
        return Block(
            self.X[rows],
            self.LX[rows],
            self.theta[rows],
            None if self.P is None else self.P[rows],
            None if self.LP is None else self.LP[rows],
        )


def start(X: Tensor, operator: Operator, k: int) -> Block:
    """Rayleigh-Ritz on the rows of a first guess X (B, j, n), keeping k <= j of them."""
    X = X - X.mean(-1, keepdim=True)
    return _ritz([X], [operator(X)], k)


def rotate(X: Tensor, LX: Tensor, block: Block) -> Block:
    """Rayleigh-Ritz within the rows of X alone, keeping the block's search direction."""
    rotated = _ritz([X], [LX], X.shape[1])
    return replace(rotated, P=block.P, LP=block.LP)


def step(block: Block, W: Tensor, LW: Tensor) -> Block:
    """Rayleigh-Ritz on [X, W, P], W (B, k, n) the preconditioned residual and LW = L W."""
    overlap = W @ block.X.mT
    W, LW = W - overlap @ block.X, LW - overlap @ block.LX
    # Rows of unit length keep the Gram matrix within reach of the working precision.
    length = W.norm(dim=-1, keepdim=True).clamp(min=TINY)
    S, LS = [block.X, W / length], [block.LX, LW / length]
    if block.P is not None and block.LP is not None:
        S.append(block.P)
        LS.append(block.LP)
    return _ritz(S, LS, block.X.shape[1])


def refresh(block: Block, operator: Operator) -> Block:
    """The block with L X and L P computed anew.

    Carried along by recurrence they drift from X and P, fourfold with every step once W and P are
    nearly parallel: after 15 steps Ritz values far below 0 were seen.
    """
    LP = None if block.P is None else operator(block.P)
    return replace(block, LX=operator(block.X), LP=LP)


def _ritz(S: list[Tensor], LS: list[Tensor], k: int) -> Block:
    basis, image = torch.cat(S, 1), torch.cat(LS, 1)
    theta, C = rayleigh_ritz((basis @ basis.mT).double(), (basis @ image.mT).double(), k)
    C = C.to(basis.dtype)
    X, LX = C @ basis, C @ image
    if len(S) == 1:
        return Block(X, LX, theta)
    searched = C[:, : S[1].shape[1], k:]
    P, LP = searched @ basis[:, k:], searched @ image[:, k:]
    length = P.norm(dim=-1, keepdim=True).clamp(min=TINY)
    return Block(X, LX, theta, P / length, LP / length)
