import numpy as np
import pytest
import torch

from tests.worker.numerics.exact import base_weights, dense_laplacian, sparse_laplacian
from tests.worker.numerics.samples import STENCIL, TAU
from worker.numerics.constants import WEIGHT_FLOOR
from worker.numerics.laplacian import image_laplacian

SHAPES = [(1, 2), (2, 1), (1, 9), (9, 1), (3, 3), (5, 12), (12, 5), (9, 8)]


def pixels(height: int, width: int, seed: int = 0) -> torch.Tensor:
    random = np.random.default_rng(seed).integers(0, 256, (1, 3, height, width))
    return torch.from_numpy(random / 255)


def matrix(rgb: torch.Tensor, tau: float = TAU) -> torch.Tensor:
    n = rgb.shape[2] * rgb.shape[3]
    identity = torch.eye(n, dtype=rgb.dtype).expand(len(rgb), n, n).contiguous()
    return image_laplacian(rgb, STENCIL, tau).apply(identity)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tau", [0.02, 0.15, 1.0])
def test_same_matrix_as_edge_by_edge(shape: tuple[int, int], tau: float):
    rgb = pixels(*shape)
    exact = dense_laplacian(rgb[0].permute(1, 2, 0).numpy(), tau)
    np.testing.assert_allclose(matrix(rgb, tau)[0].numpy(), exact, rtol=1e-12, atol=1e-12)


def test_the_references_agree():
    rgb = pixels(7, 9)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(
        sparse_laplacian(rgb).toarray(), dense_laplacian(rgb), rtol=1e-12, atol=1e-12
    )


def test_rows_sum_to_zero_also_in_float32():
    laplacian = image_laplacian(pixels(16, 24).float(), STENCIL, TAU)
    assert laplacian.apply(torch.ones(1, 1, 16 * 24)).abs().max() == 0


def test_symmetric_and_positive():
    L = matrix(pixels(6, 7))[0]
    torch.testing.assert_close(L, L.mT)
    values = torch.linalg.eigvalsh(L)
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert values[1] > 0


def test_degree_is_the_diagonal():
    rgb = pixels(6, 7)
    degree = image_laplacian(rgb, STENCIL, TAU).degree[0, 0]
    torch.testing.assert_close(degree, matrix(rgb)[0].diagonal())


def test_no_edge_wraps_around_a_row():
    width = 20
    L = matrix(torch.zeros(1, 3, 8, width, dtype=torch.float64))[0]
    x = np.arange(8 * width) % width
    far = torch.from_numpy(np.abs(x[:, None] - x) > 6)
    assert L[far].abs().max() == 0


def test_no_edge_is_weaker_than_the_floor():
    rgb = torch.zeros(1, 3, 1, 2, dtype=torch.float64)
    rgb[..., 1] = 1
    weight = -matrix(rgb, tau=0.02)[0, 0, 1]
    assert float(weight) == pytest.approx(base_weights()[0, 1] * WEIGHT_FLOOR)


def test_difference_form_keeps_a_small_eigenvalue_in_float32():
    rgb = torch.zeros(1, 3, 64, 64)
    rgb[..., 32:] = 1
    step = torch.where(torch.arange(64) < 32, -1.0, 1.0).expand(64, 64).reshape(1, 1, -1)
    wide = image_laplacian(rgb.double(), STENCIL, TAU).apply(step.double())
    narrow = image_laplacian(rgb, STENCIL, TAU).apply(step)
    torch.testing.assert_close(narrow.double(), wide, rtol=1e-4, atol=1e-12)


def test_selecting_tiles():
    rgb = torch.cat([pixels(5, 6, seed) for seed in range(3)])
    X = torch.randn(3, 2, 30, dtype=torch.float64, generator=torch.manual_seed(0))
    laplacian, rows = image_laplacian(rgb, STENCIL, TAU), torch.tensor([2, 0])
    assert torch.equal(laplacian.select(rows).apply(X[rows]), laplacian.apply(X)[rows])
