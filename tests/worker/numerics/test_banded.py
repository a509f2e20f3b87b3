import numpy as np
import pytest

from worker.numerics import banded


def matrix(n: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite band matrix, as a band and in full."""
    random = np.random.default_rng(n)
    band = np.zeros((n, width))
    full = np.zeros((n, n))
    for d in range(1, min(width, n)):
        values = -random.random(n - d)
        band[: n - d, d] = values
        full += np.diag(values, d) + np.diag(values, -d)
    band[:, 0] = 0.1 - full.sum(1)
    return band, full + np.diag(band[:, 0])


@pytest.mark.parametrize(("n", "width"), [(1, 1), (2, 2), (5, 1), (40, 7), (90, 90), (300, 65)])
def test_solves_the_system(n: int, width: int):
    band, full = matrix(n, width)
    right = np.random.default_rng(0).random((3, n))
    solution = right.copy()
    banded.factor(band)
    banded.solve(band, solution)
    np.testing.assert_allclose(solution @ full, right, atol=1e-10)


def test_a_matrix_that_is_not_positive_definite_is_refused():
    band, _ = matrix(20, 4)
    band[7, 0] = -1
    with pytest.raises(np.linalg.LinAlgError, match="info 8"):
        banded.factor(band)
