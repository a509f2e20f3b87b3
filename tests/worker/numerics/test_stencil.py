import math

import pytest

from tests.worker.numerics.exact import base_weights
from tests.worker.numerics.samples import STENCIL
from worker.numerics.stencil import half_stencil, jacobi_damping


def test_six_discs_make_112_offsets_56_up_to_sign():
    assert len(STENCIL) == 56
    both = {(s * dy, s * dx) for dy, dx, _ in STENCIL for s in (1, -1)}
    assert len(both) == 112
    assert both == set(base_weights())


def test_weights_are_summed_over_the_discs_that_contain_the_offset():
    weights = {(dy, dx): w for dy, dx, w in STENCIL}
    assert weights == pytest.approx({o: w for o, w in base_weights().items() if o in weights})
    assert weights[0, 1] == pytest.approx(2.6)
    assert weights[6, 0] == pytest.approx(0.1)
    discs = {1: 4, 2: 12, 3: 28, 4: 48, 5: 80, 6: 112}
    radius_weights = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1)
    total = sum(w * n for w, n in zip(radius_weights, discs.values(), strict=True))
    assert 2 * sum(weights.values()) == pytest.approx(total)


def test_no_offset_is_its_own_opposite():
    assert all(dy > 0 or (dy == 0 and dx > 0) for dy, dx, _ in STENCIL)


def test_discs_without_weight_are_left_out():
    assert half_stencil((1, 6), (1.0, 0.0)) == half_stencil((1,), (1.0,))
    assert len(half_stencil((1,), (1.0,))) == 2


@pytest.mark.parametrize(
    ("radii", "weights", "expected"),
    [((1,), (1.0,), 0.8), ((2,), (1.0,), 1.0), ((1, 2, 3), (1.0, 0.6, 0.4), 1.0)],
)
def test_only_four_neighbours_need_damped_jacobi_steps(
    radii: tuple[int, ...], weights: tuple[float, ...], expected: float
):
    damping = jacobi_damping(half_stencil(radii, weights))
    assert math.isclose(damping, expected)
