import numpy as np
import pytest
import torch
from torch import Tensor

from tests.worker.graphs.oracles import drawn, laplacian
from worker.graphs.cg import ConjugateGradients, Status, jacobi, solve
from worker.graphs.laplacian import sparse_laplacian

A = torch.tensor([[4.0, 1, 0], [1, 3, 0], [0, 0, 2]], dtype=torch.float64)
B = torch.tensor([[1.0, 2, 3]], dtype=torch.float64)


def begun(matrix: Tensor, rhs: Tensor, **options: object) -> ConjugateGradients:
    return ConjugateGradients(lambda X: X @ matrix, rhs, jacobi(matrix.diagonal()), **options)  # type: ignore[arg-type]


def test_a_small_system():
    found = solve(begun(A, B, tolerance=1e-12))
    assert torch.allclose(found.X, torch.tensor([[1 / 11, 7 / 11, 1.5]], dtype=torch.float64))
    assert found.status.tolist() == [Status.CONVERGED]
    assert found.residual[0] <= 1e-12 * B.norm()
    assert torch.allclose(found.residual, (B - found.X @ A).norm(dim=1), atol=1e-15)


def test_each_row_by_itself():
    rhs = torch.cat([B, 0 * B, A[:1], torch.full_like(B, torch.nan)])
    found = solve(begun(A, rhs, start=torch.full_like(rhs, 0.5)))
    assert found.status.tolist() == [0, 0, 0, Status.NONFINITE]
    assert torch.allclose(found.X[2], torch.tensor([1.0, 0, 0], dtype=torch.float64), atol=1e-5)
    assert found.X[3].tolist() == [0.5] * 3  # as it was given
    alone = solve(begun(A, B, start=torch.full_like(B, 0.5)))
    assert torch.equal(found.X[:1], alone.X)
    assert found.iterations[0] == alone.iterations[0] <= 3


def test_nothing_on_the_right_needs_no_iteration():
    start = torch.tensor([[7.0, 8, 9]], dtype=torch.float64)
    found = solve(begun(A, 0 * B, start=start))
    assert torch.equal(found.X, start)
    assert found.iterations.tolist() == [0]
    assert found.status.tolist() == [Status.CONVERGED]


def test_a_matrix_that_is_not_positive_is_a_breakdown():
    indefinite = torch.diag(torch.tensor([1.0, -1, 1], dtype=torch.float64))
    solver = ConjugateGradients(lambda X: X @ indefinite, B, lambda R: R)
    found = solve(solver)
    assert found.status.tolist() == [Status.BREAKDOWN]
    assert not bool(found.X.any())


def test_what_did_not_converge_is_left_as_it_was_unless_it_is_wanted():
    graph = drawn("square", rows=20, cols=20).graph
    L = sparse_laplacian(graph)
    rhs = torch.zeros(1, 400, dtype=torch.float64)
    rhs[0, 0], rhs[0, 399] = 1, -1
    solver = ConjugateGradients(L.apply, rhs, jacobi(L.degree), tolerance=1e-10, most=10)
    found = solve(solver)
    assert found.status.tolist() == [Status.MAX_ITERATIONS]
    assert found.iterations.tolist() == [10]
    assert not bool(found.X.any())
    assert bool(solver.solution(partial=True).X.any())


@pytest.mark.parametrize("generator", ["square", "hex"])
def test_a_laplacian_as_scipy(generator: str):
    graph = drawn(generator, rows=30, cols=20).graph
    L = sparse_laplacian(graph)
    rhs = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 600)))
    constant = torch.full((1, 600), 600**-0.5, dtype=torch.float64)
    options = {"deflated": constant, "tolerance": 1e-10}
    found = solve(ConjugateGradients(L.apply, rhs, jacobi(L.degree), **options))
    assert found.status.tolist() == [0, 0, 0]
    M = laplacian(graph)
    centred = rhs.numpy() - rhs.numpy().mean(1, keepdims=True)
    assert np.abs(found.X.numpy() @ M - centred).max() < 1e-8
    assert np.abs(found.X.numpy().sum(1)).max() < 1e-8
