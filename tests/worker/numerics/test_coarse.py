import pytest
import torch

from tests.worker.numerics.samples import STENCIL, TAU, art, checkerboard, noise, photo, tensor
from worker.numerics.aggregate import Aggregates, colour_aggregates
from worker.numerics.coarse import CoarseProblem, coarse_eigenvectors, galerkin
from worker.numerics.laplacian import Laplacian, image_laplacian

Parts = tuple[Laplacian, Aggregates, CoarseProblem]


@pytest.fixture(scope="module")
def parts() -> Parts:
    tiles = [photo(96), art(96), noise(96), checkerboard(96, 2), art(96) * 0]
    rgb = torch.stack([tensor(tile[:30, :37]) for tile in tiles]).double()
    laplacian, aggregates = image_laplacian(rgb, STENCIL, TAU), colour_aggregates(rgb)
    return laplacian, aggregates, galerkin(laplacian, aggregates)


def prolongation(aggregates: Aggregates) -> torch.Tensor:
    """P, (B, n, m)."""
    m = aggregates.sizes.shape[1]
    return (aggregates.labels[:, :, None] == torch.arange(m)).double()


def test_the_coarse_matrix_is_the_galerkin_product(parts: Parts):
    laplacian, aggregates, coarse = parts
    P = prolongation(aggregates)
    product = P.mT @ laplacian.apply(P.mT.contiguous()).mT
    torch.testing.assert_close(coarse.matrix, product, rtol=1e-9, atol=1e-8)
    torch.testing.assert_close(coarse.mass, P.sum(1))


def test_rows_sum_to_zero_and_empty_aggregates_touch_nothing(parts: Parts):
    _, aggregates, coarse = parts
    assert coarse.matrix.sum(2).abs().max() < 1e-9
    assert coarse.matrix[aggregates.sizes == 0].abs().max() == 0


def test_the_solve_is_the_pseudo_inverse_on_right_hand_sides_that_sum_to_zero(parts: Parts):
    _, aggregates, coarse = parts
    filled = (aggregates.sizes > 0)[:, None]
    R = torch.randn(len(filled), 2, filled.shape[2], generator=torch.manual_seed(0)).double()
    R = (R - (R * filled).sum(2, keepdim=True) / filled.sum(2, keepdim=True)) * filled
    solution = coarse.solve(R)
    torch.testing.assert_close(solution @ coarse.matrix, R, rtol=1e-7, atol=1e-8)
    # The constant was moved out by mass mass^T, so that the mass-weighted mean is 0.
    assert (solution * coarse.mass[:, None]).sum(2).abs().max() < 1e-6 * solution.abs().max()


def test_a_tile_has_the_same_coarse_matrix_in_any_batch(parts: Parts):
    _, _, coarse = parts
    rgb = tensor(photo(96)[:30, :37])[None].double()
    alone = galerkin(image_laplacian(rgb, STENCIL, TAU), colour_aggregates(rgb))
    assert torch.equal(alone.matrix[0], coarse.matrix[0])
    assert torch.equal(alone.inverse[0], coarse.inverse[0])
    assert torch.equal(alone.inverse[0], coarse.select(torch.tensor([2, 0])).inverse[1])


def test_coarse_eigenvectors_are_those_of_the_pencil(parts: Parts):
    _, _, coarse = parts
    problem = coarse.select(torch.tensor([0]))
    filled = problem.mass[0] > 0
    A, scale = problem.matrix[0][filled][:, filled], problem.mass[0, filled].rsqrt()
    exact = torch.linalg.eigvalsh(scale[:, None] * A * scale)[1:4]
    guess = torch.randn(1, 8, problem.mass.shape[1], generator=torch.manual_seed(0)).double()
    U = coarse_eigenvectors(problem, guess * (problem.mass > 0)[:, None], steps=12)
    masses = U @ (U * problem.mass[:, None]).mT
    torch.testing.assert_close(masses, torch.eye(8).double()[None], rtol=0, atol=1e-8)
    ritz = (U @ problem.matrix @ U.mT)[0].diagonal()
    torch.testing.assert_close(ritz[:3], exact, rtol=1e-4, atol=0)
