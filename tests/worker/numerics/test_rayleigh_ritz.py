import torch

from worker.numerics.rayleigh_ritz import rayleigh_ritz


def symmetric(n: int) -> torch.Tensor:
    A = torch.randn(n, n, dtype=torch.float64, generator=torch.manual_seed(1))
    return A @ A.mT


def pairs(S: torch.Tensor, A: torch.Tensor, keep: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ritz values and vectors over the rows of S."""
    theta, C = rayleigh_ritz((S @ S.mT)[None], (S @ A @ S.mT)[None], keep)
    return theta[0], C[0] @ S


def basis(rows: int, n: int) -> torch.Tensor:
    return torch.randn(rows, n, dtype=torch.float64, generator=torch.manual_seed(2))


def test_a_full_basis_gives_the_eigenpairs():
    A = symmetric(6)
    theta, X = pairs(basis(6, 6), A, 4)
    torch.testing.assert_close(theta, torch.linalg.eigvalsh(A)[:4], rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(X @ X.mT, torch.eye(4).double(), rtol=0, atol=1e-8)
    torch.testing.assert_close(X @ A, theta[:, None] * X, rtol=0, atol=1e-5)


def test_same_as_on_an_orthonormal_basis_whatever_the_lengths_of_the_rows():
    A, S = symmetric(9), basis(4, 9)
    Q = torch.linalg.qr(S.mT).Q.mT
    expected = torch.linalg.eigvalsh(Q @ A @ Q.mT)
    lengths = torch.tensor([1e-9, 1.0, 1e6, 3e-4]).double()[:, None]
    theta, _ = pairs(S * lengths, A, 4)
    torch.testing.assert_close(theta, expected, rtol=1e-7, atol=1e-9)


def test_dependent_and_zero_rows_change_nothing():
    A, S = symmetric(9), basis(4, 9)
    extended = torch.cat([S, S[:1] + 2 * S[1:2], torch.zeros(1, 9), S[2:3]])
    theta, X = pairs(extended, A, 4)
    torch.testing.assert_close(theta, pairs(S, A, 4)[0], rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(X @ X.mT, torch.eye(4).double(), rtol=0, atol=1e-6)


def test_a_rank_below_the_pairs_asked_for_gives_zero_vectors_at_the_far_end():
    A, S = symmetric(9), basis(2, 9)
    theta, X = pairs(torch.cat([S, S[:1], torch.zeros(1, 9)]), A, 4)
    assert theta[2] > theta[1]
    assert theta.isfinite().all()
    assert X[2:].abs().max() < 1e-6
    torch.testing.assert_close(theta[:2], pairs(S, A, 2)[0], rtol=1e-6, atol=1e-8)


def test_nothing_but_zeros_stays_finite():
    theta, C = rayleigh_ritz(torch.zeros(2, 3, 3).double(), torch.zeros(2, 3, 3).double(), 2)
    assert theta.isfinite().all()
    assert C.abs().max() == 0
