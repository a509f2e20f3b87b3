"""Every class of hard tile, on graphs of every kind: it converges, and its bound is no lie."""

from dataclasses import replace

import numpy as np
import pytest

from tests.worker.numerics import exact
from tests.worker.numerics.graphs import COUNT, GRAPHS, Graph, field_of_all, spectrum
from tests.worker.numerics.hard_tiles import HARD
from tests.worker.numerics.samples import TOLERANCE, settings, solved, tensor
from worker.numerics.field_state import TileStatus
from worker.numerics.tile_batch import BLOCKS

ROUNDING = 1e-4  # of the float32 that vectors are kept in
USUAL = ("usual", "sharp four neighbours", "17 x 20", "line")
CASES = [
    pytest.param(graph, name, marks=() if graph in USUAL else pytest.mark.long)
    for graph in GRAPHS
    for name in HARD
]


@pytest.mark.parametrize(("graph", "name"), CASES)
def test_converges_to_the_lambda_2_eigenspace(graph: str, name: str):
    solver, t = field_of_all(GRAPHS[graph]), list(HARD).index(name)
    values, vectors = spectrum(GRAPHS[graph], name)
    if exact.cluster_size(values) >= BLOCKS[-1]:
        assert int(solver.status[t]) == TileStatus.DEGENERATE
        assert float(solver.bound[t]) == float("inf")
        return
    assert int(solver.status[t]) == TileStatus.CONVERGED
    x = solver.vectors[t, 0].double().numpy()
    assert float(solver.bound[t]) <= TOLERANCE
    assert exact.sine(x, values, vectors) <= float(solver.bound[t]) + ROUNDING
    assert float(solver.theta[t, 0]) == pytest.approx(values[0], rel=0.01, abs=1e-9)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("tau", [0.02, 0.05])
def test_islands_of_a_short_stencil_are_not_missed(tau: float, share: float):
    # A regression: pixels of one colour that no edge of two pixels joins were one aggregate, and
    # bounds of 0.001 came with vectors at right angles to the exact one.
    g = Graph(20, 22, tau, reach=2)
    light = np.random.default_rng(3).random((20, 22 * 40)) < share
    pixels = np.where(light[:, :, None], (163, 201, 76), (130, 60, 160)).astype(np.uint8)
    solver = solved(tensor(pixels), replace(settings(22, overlap=0), tau=tau, stencil=g.stencil))
    assert bool((solver.status >= TileStatus.CONVERGED).all())
    for t in range(40):
        tile = pixels[:, 22 * t : 22 * (t + 1)]
        values, vectors = exact.spectrum(tile / 255, COUNT, tau, g.radii)
        x = solver.vectors[t, 0].double().numpy()
        assert exact.sine(x, values, vectors) <= float(solver.bound[t]) + ROUNDING
