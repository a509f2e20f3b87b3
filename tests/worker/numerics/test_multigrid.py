import pytest
import torch
from torch import Tensor

from tests.worker.numerics.grids import ended, first_level, matrix
from tests.worker.numerics.samples import noise, photo, tensor
from worker.numerics import multigrid
from worker.numerics.hierarchy import Level
from worker.numerics.multigrid import Multigrid, coarsest


@pytest.fixture(scope="module")
def level() -> Level:
    return first_level(tensor(photo(96)))


@pytest.fixture
def grids(level: Level, monkeypatch: pytest.MonkeyPatch) -> Multigrid:
    monkeypatch.setattr(multigrid, "COARSEST", 60)
    return Multigrid(level)


def right_hand_sides(level: Level, count: int) -> Tensor:
    """(count, n), summing to 0 over the filled nodes and 0 elsewhere."""
    filled = (level.mass > 0).float()
    R = torch.randn(count, level.size, generator=torch.manual_seed(0)) * filled
    return (R - R.sum(1, keepdim=True) / filled.sum()) * filled


def energy(L: Tensor, X: Tensor) -> Tensor:
    """x^T L x of every row."""
    X = X.double()
    return (X @ L * X).sum(1)


def test_there_are_levels_down_to_the_coarsest(grids: Multigrid):
    filled = [int((level.mass > 0).sum()) for level in grids.levels]
    assert len(filled) == 2
    assert filled[0] > 60 >= filled[-1]


def test_the_coarsest_solve_is_the_pseudo_inverse(level: Level):
    R = right_hand_sides(level, 3)
    Z = coarsest(level).solve(R).double()
    torch.testing.assert_close(Z @ matrix(level.laplacian), R.double(), rtol=0, atol=1e-4)


def test_a_cycle_is_symmetric_and_positive(level: Level, grids: Multigrid):
    R = right_hand_sides(level, 6)
    products = R.double() @ grids.cycle(R, 0).double().mT
    assert (products - products.mT).abs().max() < 1e-4 * products.abs().max()
    assert torch.linalg.eigvalsh(products).min() > 0


def test_every_cycle_reduces_the_error_and_conjugate_gradients_more(level: Level, grids: Multigrid):
    L, R = matrix(level.laplacian), right_hand_sides(level, 3)
    exact = coarsest(level).solve(R)
    cycled, solved = exact - grids.cycle(R, 0), exact - grids.solve(R)
    start = energy(L, exact)
    assert bool((energy(L, cycled) < 0.5 * start).all())
    assert bool((energy(L, solved) < 0.01 * start).all())


def test_the_first_eigenvectors_approach_those_of_the_level(
    level: Level, grids: Multigrid, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(multigrid, "NESTED_STEPS", 20)
    filled = level.mass > 0
    scale = level.mass[filled].double().rsqrt()
    L = matrix(level.laplacian)[filled][:, filled]
    exact = torch.linalg.eigvalsh(scale[:, None] * L * scale)[1:4]
    U, theta = ended(grids.eigenvectors(4))
    U = U.double()
    masses = U @ (U * level.mass).mT
    torch.testing.assert_close(masses, torch.eye(4).double(), rtol=0, atol=1e-4)
    torch.testing.assert_close(energy(matrix(level.laplacian), U), theta, rtol=1e-3, atol=0)
    torch.testing.assert_close(theta[:3], exact, rtol=0.02, atol=0)


def test_the_constant_alone_has_no_correction(grids: Multigrid, level: Level):
    assert not grids.solve(torch.zeros(2, level.size)).any()


def test_an_image_of_few_nodes_has_few_vectors():
    small = Multigrid(first_level(torch.zeros(3, 17, 17)))
    assert ended(small.eigenvectors(16))[0].shape == (8, small.levels[0].size)


def test_a_larger_image_is_solved_by_the_same_bytes_every_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(multigrid, "COARSEST", 60)
    level = first_level(tensor(noise(64)))
    R = right_hand_sides(level, 2)
    assert torch.equal(Multigrid(level).solve(R), Multigrid(level).solve(R))
