import pytest
import torch

from worker.numerics.certificate import Certificate, certify


def proof(theta: list[float], residuals: list[float]) -> Certificate:
    return certify(torch.tensor([theta]).double(), torch.tensor([residuals]).double())


def test_residual_over_gap():
    found = proof([1.0, 2.0, 3.0], [0.1, 0.0, 0.0])
    assert (int(found.cluster), float(found.bound)) == (1, pytest.approx(0.1))


def test_the_gap_is_less_the_next_residual():
    found = proof([1.0, 2.0, 3.0], [0.1, 0.5, 9.0])
    assert float(found.bound) == pytest.approx(0.2)
    assert float(found.residual) == pytest.approx(0.1)


def test_no_bound_where_the_next_residual_swallows_the_gap():
    assert float(proof([1.0, 2.0, 3.0], [0.1, 1.0, 0.0]).bound) == float("inf")


def test_a_cluster_ends_at_the_first_gap_above_one_percent():
    found = proof([1.0, 1.009, 1.015, 2.015], [0.3, 0.0, 0.4, 0.0])
    assert int(found.cluster) == 3
    assert float(found.residual) == pytest.approx(0.5)
    assert float(found.bound) == pytest.approx(0.5)


def test_just_below_and_just_above_one_percent():
    assert int(proof([0.9901, 1.0, 2.0], [0.0] * 3).cluster) == 2
    assert int(proof([0.9899, 1.0, 2.0], [0.0] * 3).cluster) == 1


def test_no_gap_in_sight():
    found = proof([1.0, 1.0, 1.0, 1.0], [0.0] * 4)
    assert (int(found.cluster), float(found.bound)) == (4, float("inf"))


def test_a_single_value_proves_nothing():
    found = proof([0.0], [0.25])
    assert (int(found.cluster), float(found.bound)) == (1, float("inf"))
    assert float(found.residual) == 0.25


def test_tiles_are_judged_one_by_one():
    theta = torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 3.0], [1.0, 1.0, 1.0]]).double()
    found = certify(theta, torch.full((3, 3), 0.1).double())
    assert found.cluster.tolist() == [1, 2, 3]
    assert found.bound.isfinite().tolist() == [True, True, False]
