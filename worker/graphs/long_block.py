"""Steps of LOBPCG for one block of long vectors, piece by piece."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from worker.graphs.pieces import each, pieces
from worker.numerics.constants import TINY
from worker.numerics.lobpcg import Block
from worker.numerics.rayleigh_ritz import rayleigh_ritz

Operator = Callable[[Tensor], Tensor]  # (1, k, n) to (1, k, n)


def rotated(X: Tensor, operator: Operator) -> Block:
    """Rayleigh-Ritz within the rows of X (1, k, n) float64."""
    rows, image = X[0], operator(X)[0]
    cuts = pieces(rows.shape[1], rows.device)
    theta, C = _ritz(each(cuts, lambda at: _products(rows[:, at], image[:, at])), len(rows))
    new = torch.empty_like(rows)

    def turn(at: slice) -> None:
        new[:, at] = C @ rows[:, at]

    each(cuts, turn)
    return Block(new[None], operator(new[None]), theta)


def improved(block: Block, W: Tensor, operator: Operator) -> Block:
    """As `lobpcg.step` and then `lobpcg.refresh`, without the products that refreshing replaces.

    Args:
        block: of one tile, (1, k, n) float64.
        W: (1, k, n), the preconditioned residual; written to.
        operator: L.
    """
    LW = operator(W)[0]
    X, LX, W, k = block.X[0], block.LX[0], W[0], block.X.shape[1]
    S, LS = [X, W], [LX, LW]
    if block.P is not None and block.LP is not None:
        S, LS = [*S, block.P[0]], [*LS, block.LP[0]]
    cuts = pieces(X.shape[1], X.device)
    overlap = _sum(each(cuts, lambda at: W[:, at] @ X[:, at].mT))

    def products(at: slice) -> Tensor:
        W[:, at].sub_(overlap @ X[:, at])
        LW[:, at].sub_(overlap @ LX[:, at])
        return _products(_basis(S, at), _basis(LS, at))

    theta, C = _ritz(each(cuts, products), k)
    way = C[: len(W), k:]
    new, P = torch.empty_like(X), torch.empty_like(W)

    def advance(at: slice) -> Tensor:
        basis = _basis(S, at)
        new[:, at] = C @ basis
        P[:, at] = way @ basis[k:]
        return P[:, at].square().sum(1)

    length = _sum(each(cuts, advance)).sqrt()[:, None].clamp(min=TINY)
    each(cuts, lambda at: P[:, at].div_(length))
    return Block(new[None], operator(new[None]), theta, P[None], operator(P[None]))


def _basis(parts: Sequence[Tensor], at: slice) -> Tensor:
    return torch.cat([part[:, at] for part in parts])


def _products(S: Tensor, LS: Tensor) -> Tensor:
    """S S^T and S L S^T, (2, s, s)."""
    return torch.stack([S @ S.mT, S @ LS.mT])


def _ritz(products: Sequence[Tensor], k: int) -> tuple[Tensor, Tensor]:
    """The lowest k values (1, k) and what their vectors are made of (k, s)."""
    gram, energy = _sum(products)
    theta, C = rayleigh_ritz(gram[None], energy[None], k)
    return theta, C[0]


def _sum(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum(0)
