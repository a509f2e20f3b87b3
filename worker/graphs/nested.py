"""First guesses of the lowest eigenvectors of a graph, from its smallest level up."""

from collections.abc import Generator

import torch
from torch import Tensor

from worker.graphs.multigrid import Multigrid
from worker.numerics import lobpcg

STEPS = 4
"""LOBPCG steps on every level between the coarsest and the graph itself."""


def nested_guess(grids: Multigrid, k: int) -> Generator[bool, None, Tensor]:
    """Return vectors (j, n) on the graph itself, j <= k; a pause after each step."""
    U = _coarsest(grids, k)
    for index in range(len(grids.levels) - 1, 0, -1):  # loop: stages
        root = grids.levels[index - 1].mass.sqrt()
        U = completed(grids.levels[index].prolong(U), min(k, len(root) - 1))
        block = _rotated(grids, U * root, root, index)
        for _ in range(STEPS):  # loop: iterations
            residual = block.residual()[0]
            W = _deflated(grids.cycle(residual * root, index) * root, root)
            block = lobpcg.step(block, W[None], _apply(grids, W, root, index)[None])
            yield True
        U = block.X[0] / root
    return grids.levels[0].prolong(U) if grids.levels else U


def completed(X: Tensor, count: int) -> Tensor:
    """The rows (j, n) of X that are not 0, and as many others as make `count`.

    A group of few nodes has few vectors, and Rayleigh-Ritz leaves 0 in the place of missing ones.
    """
    X = X[X.norm(dim=1) > 0][:count]
    i = torch.arange(X.shape[1], dtype=X.dtype, device=X.device)
    j = torch.arange(1, count - len(X) + 1, dtype=X.dtype, device=X.device)[:, None]
    return torch.cat([X, torch.sin(12.9898 * i * j + 78.233 * j)])  # at random, but always the same


def _coarsest(grids: Multigrid, k: int) -> Tensor:
    """The lowest k eigenvectors of L u = lambda M u on the coarsest level, (k, m)."""
    mass = grids.levels[-1].mass if grids.levels else torch.ones_like(grids.coarsest[0])
    root = mass.sqrt()
    _, X = torch.linalg.eigh(grids.coarsest / (root[:, None] * root))
    lowest: Tensor = X[:, 1 : k + 1].T / root
    return lowest


def _rotated(grids: Multigrid, Y: Tensor, root: Tensor, index: int) -> lobpcg.Block:
    Y = _deflated(Y, root)[None]
    LY = _apply(grids, Y[0], root, index)[None]
    return lobpcg.rotate(Y, LY, lobpcg.Block(Y, LY, Y[..., 0]))


def _apply(grids: Multigrid, Y: Tensor, root: Tensor, index: int) -> Tensor:
    """M^-1/2 L M^-1/2 Y: in these coordinates the vectors are orthonormal."""
    product: Tensor = grids.laplacians[index].apply(Y / root) / root
    return product


def _deflated(Y: Tensor, root: Tensor) -> Tensor:
    constant = root / root.norm()
    rest: Tensor = Y - (Y @ constant)[:, None] * constant
    return rest
