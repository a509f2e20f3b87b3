"""Steps of LOBPCG for some vectors of a block, with the others there to be told apart from.

A step for all of them is so long that nothing is exact before half of the work is done.
"""

from collections.abc import Generator

import torch
from torch import Tensor

from worker.numerics.constants import TINY
from worker.numerics.lobpcg import Block
from worker.numerics.rayleigh_ritz import rayleigh_ritz
from worker.textures.grid import Grid


def begun(guess: Tensor, grid: Grid) -> Block:
    """Rayleigh-Ritz on the rows (k, n) of a guess."""
    X = centred(guess)[None]
    theta, C = rayleigh_ritz(X @ X.mT, X @ grid.apply(X).mT, len(guess))
    return gone_on(Block(C @ X, X, theta), grid)


def centred(rows: Tensor) -> Tensor:
    """Without the constant, to which L is blind."""
    return rows - rows.mean(1, keepdim=True)


def gone_on(block: Block, grid: Grid) -> Block:
    """The block with L X of X itself, which a block that was kept has not."""
    return Block(block.X, grid.apply(block.X), block.theta, block.P)


def residuals(block: Block, rows: Tensor) -> Tensor:
    """L x - theta x of these rows, (r, n)."""
    theta = block.theta[0, rows, None]
    return torch.addcmul(block.LX[0, rows], block.X[0, rows], theta, value=-1)


def norms(block: Block, count: int) -> Tensor:
    """Of the first residuals, (count,); one at a time, as a copy of all is dear."""
    rows = torch.arange(count, device=block.X.device)[:, None]
    return torch.cat([residuals(block, row).norm(dim=1) for row in rows])


def step(block: Block, rows: Tensor, W: Tensor, grid: Grid) -> Generator[None, None, Block]:
    """Rayleigh-Ritz on all of X, on W and on P; each `yield` is between two parts of it.

    Args:
        block: P, if any, may be of other rows than these.
        rows: (r,) those that are to get better, and are to have a P.
        W: (r, n) their residuals, preconditioned; it is overwritten.
        grid: whose modes these are.
    """
    X, n = block.X, block.X.shape[2]
    W = W.reshape(1, -1, n)
    W.baddbmm_(W @ X.mT, X, alpha=-1)
    # Rows of unit length keep the Gram matrix within reach of the working precision.
    W /= W.norm(dim=-1, keepdim=True).clamp(min=TINY)
    yield
    found = [W] if block.P is None else [W, block.P]
    S, LS = [X, *found], [block.LX, *(grid.apply(each) for each in found)]
    yield
    theta, C = rayleigh_ritz(_gram(S, S), _gram(S, LS), X.shape[1])
    parts = torch.split(C, [each.shape[1] for each in S], dim=2)
    yield
    P = _combined([part[:, rows] for part in parts[1:]], found)
    P /= P.norm(dim=-1, keepdim=True).clamp(min=TINY)
    X = _combined(list(parts), S)
    yield
    return gone_on(Block(X, X, theta, P), grid)


def _gram(S: list[Tensor], T: list[Tensor]) -> Tensor:
    """All products of the rows of S with those of T, of which it is known that they are symmetric.

    Part by part: to put them together first would cost as much.
    """
    rows: list[list[Tensor]] = []
    for i, left in enumerate(S):  # loop: stages
        before = [row[i].mT for row in rows]
        rows.append([*before, *(left @ right.mT for right in T[i:])])
    return torch.cat([torch.cat(row, 2) for row in rows], 1)


def _combined(C: list[Tensor], S: list[Tensor]) -> Tensor:
    """The sum of C_i S_i."""
    total = C[0] @ S[0]
    for part, rows in zip(C[1:], S[1:], strict=True):  # loop: stages
        total.baddbmm_(part, rows)
    return total
