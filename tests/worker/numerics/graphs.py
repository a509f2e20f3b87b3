"""Graphs of every kind over the hard tiles, solved once for all tests of a run."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.worker.numerics import exact
from tests.worker.numerics.hard_tiles import HARD
from tests.worker.numerics.samples import settings, solved, tensor
from worker.numerics.field import FieldSolver
from worker.numerics.stencil import Offset, half_stencil

COUNT = 20  # exact eigenvalues: more than the largest block


@dataclass(frozen=True)
class Graph:
    """The shape of the tiles and what joins their pixels."""

    height: int = 28
    width: int = 28
    tau: float = 0.15
    reach: int = 6

    @property
    def radii(self) -> dict[int, float]:
        return {r: w for r, w in exact.RADII.items() if r <= self.reach}

    @property
    def stencil(self) -> tuple[Offset, ...]:
        return half_stencil(tuple(self.radii), tuple(self.radii.values()))


GRAPHS = {
    "usual": Graph(),
    "sharp": Graph(tau=0.02),
    "blurred": Graph(tau=1),
    "four neighbours": Graph(reach=1),
    "sharp four neighbours": Graph(tau=0.02, reach=1),
    "17 x 20": Graph(17, 20),
    "20 x 17, sharp": Graph(20, 17, tau=0.02),
    "3 x 90": Graph(3, 90),
    "3 x 90, sharp": Graph(3, 90, tau=0.02),
    "90 x 5": Graph(90, 5),
    "line": Graph(1, 300),
    "sharp line": Graph(1, 300, tau=0.02),
}


@cache
def field_of_all(g: Graph) -> FieldSolver:
    """All hard tiles side by side in one image, one tile each, in the order of HARD."""
    tiles = [draw(g.height, g.width) for draw in HARD.values()]
    image = tensor(np.concatenate(tiles, 0 if g.height > g.width else 1))
    plain = settings(max(g.height, g.width), overlap=0)
    solver = solved(image, replace(plain, tau=g.tau, stencil=g.stencil))
    assert solver.tiling.count == len(HARD)
    return solver


@cache
def spectrum(g: Graph, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """COUNT exact eigenpairs of one of the hard tiles."""
    return exact.spectrum(HARD[name](g.height, g.width) / 255, COUNT, g.tau, g.radii)
