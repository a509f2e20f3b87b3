"""Every class of hard tile, on graphs of every kind: it converges, and its bound is no lie."""

import pytest

from tests.worker.numerics import exact
from tests.worker.numerics.graphs import GRAPHS, field_of_all, spectrum
from tests.worker.numerics.hard_tiles import HARD
from tests.worker.numerics.samples import TOLERANCE
from worker.numerics.field_state import TileStatus
from worker.numerics.tile_batch import BLOCKS

ROUNDING = 1e-4  # of the float32 that vectors are kept in
CASES = [(graph, name) for graph in GRAPHS for name in HARD]


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
