"""Block LOBPCG for one large image: the steps of `lobpcg`, strip by strip and in place.

Every pass over the pixels ends in a few sums per strip. What couples the strips (Gram matrices,
means, signs) is settled on these sums in float64; the constant is deflated there too.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from worker.numerics.constants import TINY
from worker.numerics.hierarchy import node_sums
from worker.numerics.lanes import side_by_side
from worker.numerics.multigrid import Multigrid
from worker.numerics.rayleigh_ritz import rayleigh_ritz
from worker.numerics.strips import Strip, StripGraph, Work

ROWS_AT_ONCE = 2
"""Right-hand sides of the coarse solve in one lane; fixed, as a factor's rounding depends on it."""

OVERCORRECTION = 1.3
"""Steps from group to group follow a slope too timidly. With 1 / 1.3 / 1.6 / 2 a photograph's bound
(astronaut) after eight steps is 0.070 / 0.047 / 0.057 / 0.076."""


class Ritz(NamedTuple):
    """Ritz pairs over the rows of a basis S with the constant taken out: vectors C (S - centre)."""

    theta: Tensor  # (k,) float64, ascending
    C: Tensor  # (k, s) float64
    centre: Tensor  # (s, 1) float64: the mean of every row of S
    along: Tensor  # (k, a) float64: products of the vectors with fixed ones


class StripBlock:
    """Ritz pairs of an image, smoothed and improved in turn; `smooth` comes before `step`.

    Of the k pairs the first `searched` get new directions. The work pauses, see `Work`.

    Attributes:
        X: (k, n), orthonormal and free of the constant.
    """

    def __init__(
        self,
        graph: StripGraph,
        grids: Multigrid,
        k: int,
        searched: int,
        damping: float,
        dtype: torch.dtype,
    ) -> None:
        self._graph, self._grids, self._searched = graph, grids, searched
        self._relaxed = (damping / graph.degree.clamp(min=TINY)).to(dtype)
        self._theta = torch.zeros(k, dtype=torch.float64, device=graph.degree.device)
        empty = partial(self._relaxed.new_empty, searched, graph.n)
        self._Z, self._LZ, self._V, self._P, self._LP = (empty() for _ in range(5))
        self._moving = False  # whether P holds a direction
        self.X, self._LX = (self._relaxed.new_empty(k, graph.n) for _ in range(2))

    def start(self, guess: Tensor) -> Work[None]:
        """Rayleigh-Ritz on the rows of a guess (j, n), j >= k."""
        guess = guess.to(self.X.dtype)
        image = yield from self._graph.apply(guess)
        k = len(self.X)
        ritz = yield from self._ritz(lambda piece: (guess[:, piece], image[:, piece]), k)
        self._theta, self._moving = ritz.theta, False
        C, centre = ritz.C.to(guess.dtype), ritz.centre.to(guess.dtype)

        def fill(_: int, s: Strip) -> None:
            for piece in s.pieces:
                self.X[:, piece] = C @ (guess[:, piece] - centre)
                self._LX[:, piece] = C @ image[:, piece]

        yield from self._graph.each(fill)

    def smooth(self, fixed: Tensor) -> Work[Ritz]:
        """The pairs after two Jacobi steps on their residuals; `fixed` is (a, n).

        A residual is mostly high frequencies, which say little about the angle. Smoothed, it proves
        more; and both steps are the first half of a V-cycle. (Two before the coarse correction are
        better than one before and one after, which costs as much.)
        """
        yield from self._graph.each(self._first_jacobi)
        yield from self._graph.each(self._first_image)
        yield from self._graph.each(self._second_jacobi)
        yield from self._graph.each(self._second_image)
        ritz = yield from self._ritz(self._smoothed, len(self.X), fixed)
        return ritz

    def _first_jacobi(self, _: int, s: Strip) -> None:
        for piece in s.pieces:
            self._Z[:, piece] = self._residual(piece) * self._relaxed[piece]

    def _first_image(self, index: int, s: Strip) -> None:
        self._LZ[:, s.own] = self._graph.product(index, self._Z[:, s.read])

    def _second_jacobi(self, _: int, s: Strip) -> None:
        for piece in s.pieces:
            left = self._residual(piece) - self._LZ[:, piece]
            self._V[:, piece] = left * self._relaxed[piece]

    def _second_image(self, index: int, s: Strip) -> None:
        self._Z[:, s.own] += self._V[:, s.own]
        self._LZ[:, s.own] += self._graph.product(index, self._V[:, s.read])

    def residuals(self, ritz: Ritz, turn: Tensor, out: Tensor) -> Work[Tensor]:
        """||L x - theta x|| of smoothed pairs, (k,) float64.

        On the way the vectors, turned by (a, k), are written to `out` (a, n).
        """
        dtype = self.X.dtype
        C, centre, theta = (t.to(dtype) for t in (ritz.C, ritz.centre, ritz.theta[:, None]))
        turn = turn.to(dtype)

        def fill(_: int, s: Strip) -> Tensor:
            total = torch.zeros_like(ritz.theta)
            for piece in s.pieces:
                S, LS = self._smoothed(piece)
                vectors = C @ (S - centre)
                out[:, piece] = turn @ vectors
                total += (C @ LS - theta * vectors).double().square().sum(1)
            return total

        squares = yield from self._graph.each(fill)
        return torch.stack(squares).sum(0).sqrt()

    def step(self) -> Work[None]:
        """Correct on the coarse levels; Rayleigh-Ritz on pairs, correction, last direction."""
        coarse = yield from self._coarse_correction()
        nodes = self._grids.levels[0].nodes

        def correct(index: int, s: Strip) -> None:
            Z = coarse[:, nodes[s.read]].to(self.X.dtype)
            self._Z[:, s.own] += Z[:, s.inner]
            self._LZ[:, s.own] += self._graph.product(index, Z)

        yield from self._graph.each(correct)
        ritz = yield from self._ritz(self._basis, len(self.X))
        yield from self._advance(ritz)

    def refresh(self) -> Work[None]:
        """L X and L P computed anew: by recurrence they drift, see `lobpcg.refresh`."""
        yield from self._graph.apply(self.X, self._LX)
        if self._moving:
            yield from self._graph.apply(self._P, self._LP)

    def _residual(self, piece: slice) -> Tensor:
        q = self._searched
        theta = self._theta[:q, None].to(self.X.dtype)
        return self._LX[:q, piece] - theta * self.X[:q, piece]

    def _smoothed(self, piece: slice) -> tuple[Tensor, Tensor]:
        """The basis X - Z of some pixels, and its image."""
        q = self._searched
        S, LS = self.X[:, piece].clone(), self._LX[:, piece].clone()
        S[:q] -= self._Z[:, piece]
        LS[:q] -= self._LZ[:, piece]
        return S, LS

    def _basis(self, piece: slice) -> tuple[Tensor, Tensor]:
        """X, Z and P of some pixels, and their image."""
        S, LS = [self.X, self._Z], [self._LX, self._LZ]
        if self._moving:
            S, LS = [*S, self._P], [*LS, self._LP]
        return torch.cat([x[:, piece] for x in S]), torch.cat([x[:, piece] for x in LS])

    def _coarse_correction(self) -> Work[Tensor]:
        """The first coarse level's answer to what the Jacobi steps left, (q, m)."""
        level = self._grids.levels[0]
        R = level.mass.new_empty(self._searched, level.size)

        def restrict(_: int, s: Strip) -> None:
            nodes = level.nodes[s.own] - s.nodes.start
            left = self._residual(s.own) - self._LZ[:, s.own]
            R[:, s.nodes] = node_sums(left, nodes, s.nodes.stop - s.nodes.start)

        yield from self._graph.each(restrict)
        yield []
        calls = [partial(self._grids.solve, rows) for rows in torch.split(R, ROWS_AT_ONCE)]
        return OVERCORRECTION * torch.cat(side_by_side(self._graph.lanes, calls))

    def _advance(self, ritz: Ritz) -> Work[None]:
        """Replace the block by the pairs found, and P by the way that led there."""
        k, q = len(self.X), self._searched
        C, centre = ritz.C.to(self.X.dtype), ritz.centre.to(self.X.dtype)
        way = C[:q, k:]

        def fill(_: int, s: Strip) -> None:
            for piece in s.pieces:
                S, LS = self._basis(piece)
                S -= centre
                self.X[:, piece], self._LX[:, piece] = C @ S, C @ LS
                self._P[:, piece], self._LP[:, piece] = way @ S[k:], way @ LS[k:]

        yield from self._graph.each(fill)
        self._theta, self._moving = ritz.theta, True

    def _ritz(
        self,
        basis: Callable[[slice], tuple[Tensor, Tensor]],
        k: int,
        fixed: Tensor | None = None,
    ) -> Work[Ritz]:
        """The lowest k pairs over a basis, which is given for a range of pixels."""

        def of_strip(_: int, s: Strip) -> list[Tensor]:
            return _added([_products(*basis(p), fixed, p) for p in s.pieces])

        parts = yield from self._graph.each(of_strip)
        gram, energy, total, along = (torch.stack(part).sum(0) for part in zip(*parts, strict=True))
        centre = total / self._graph.n
        gram = gram - total @ centre.mT
        theta, C = (found[0] for found in rayleigh_ritz(gram[None], energy[None], k))
        # A pair's sign is free: keep it near the vector of the basis that it continues.
        C = C * torch.where((C @ gram[:, :k]).diagonal() < 0, -1.0, 1.0)[:, None]
        return Ritz(theta, C, centre, C @ along)


def _products(S: Tensor, LS: Tensor, fixed: Tensor | None, piece: slice) -> list[Tensor]:
    """Of a basis (s, p): S S^T, S L S^T, row sums, products with fixed vectors; in float64."""
    S, LS = S.double(), LS.double()
    along = S[:, :0] if fixed is None else S @ fixed[:, piece].double().mT
    return [S @ S.mT, S @ LS.mT, S.sum(1, keepdim=True), along]


def _added(parts: list[list[Tensor]]) -> list[Tensor]:
    return [torch.stack(part).sum(0) for part in zip(*parts, strict=True)]
