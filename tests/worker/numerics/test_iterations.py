"""A table of what every class of tile costs, to catch a slowdown."""

import pytest

from tests.worker.numerics.samples import KINDS, settings, solved, tensor
from worker.numerics.field import TileStatus

# Steps each class of tile took when this was written. More than SLACK beyond is a slowdown.
SLACK = 2
EXPECTED_ITERATIONS = {
    "photo": 4,
    "face": 5,
    "coffee": 3,
    "art": 3,
    "dither": 0,
    "checkerboard 1": 0,
    "checkerboard 2": 0,
    "checkerboard 4": 0,
    "checkerboard 8": 1,
    "noise": 4,
    "gradient": 0,
    "outlier": 0,
    "halves": 0,
    "dots": 28,
}


@pytest.mark.parametrize("name", KINDS)
def test_iterations_of_each_class_of_tile(name: str):
    solver = solved(tensor(KINDS[name](64)), settings())
    assert solver.status.tolist() == [TileStatus.CONVERGED]
    assert int(solver.iterations[0]) <= EXPECTED_ITERATIONS[name] + SLACK
