"""On a machine with CUDA the compiled programs; elsewhere the same source in the interpreter."""

from functools import lru_cache

import pytest
import torch
from torch import Tensor

from worker.numerics.kernels import torch_kernels
from worker.numerics.stencil import FlatStencil, Offset, flat_stencil, half_stencil

pytest.importorskip("triton")
from worker.numerics.kernels import cuda

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Stencil = tuple[Offset, ...]
SMALL = half_stencil((1, 2), (1.0, 0.6))
LARGE = half_stencil((1, 2, 3, 4, 5, 6), (1.0, 0.6, 0.4, 0.3, 0.2, 0.1))
SHAPES = [
    (20, 17, SMALL),  # more than one block of pixels, odd width
    (9, 33, SMALL),
    (7, 6, LARGE),  # offsets that leave the tile altogether
    (1, 5, SMALL),
    (1, 1, SMALL),  # no offset fits
]
shapes = pytest.mark.parametrize(("height", "width", "stencil"), SHAPES)
precisions = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def colours(batch: int, n: int, dtype: torch.dtype) -> Tensor:
    """Of many distances, 0 and far beyond the floor among them."""
    values = random(batch, 3, n) * random(batch, 1, n, seed=1) ** 3 * 40
    values[:, :, : n // 4] = values[:, :, :1]
    return values.to(DEVICE, dtype)


def weights_of(batch: int, n: int, flat: FlatStencil, dtype: torch.dtype) -> Tensor:
    return torch_kernels.edge_weights(
        colours(batch, n, dtype), flat.shifts, flat.across, flat.base, flat.width, flat.pad
    )[0]


def error(result: Tensor, expected: Tensor) -> float:
    """Relative to the largest; NaN is no match."""
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    if not result.numel():
        return 0.0
    scale = expected.abs().max().clamp(min=1e-30)
    return float(((result - expected).abs().max() / scale).nan_to_num(nan=1e9))


def allowed(dtype: torch.dtype) -> float:
    return 1e-6 if dtype == torch.float32 else 1e-14


@shapes
@precisions
def test_edge_weights_are_those_of_the_reference(
    height: int, width: int, stencil: Stencil, dtype: torch.dtype
):
    n, flat = height * width, flat_stencil(stencil, height, width)
    arguments = (colours(2, n, dtype), flat.shifts, flat.across, flat.base, flat.width, flat.pad)
    weights, degree = cuda.edge_weights(*arguments)
    expected_weights, expected_degree = torch_kernels.edge_weights(*arguments)
    assert error(weights, expected_weights) <= allowed(dtype)
    assert torch.equal(weights == 0, expected_weights == 0)  # the padding and the wrapped pairs
    assert error(degree, expected_degree) <= 10 * allowed(dtype)


def test_a_colour_that_is_no_number_stays_one():
    flat = flat_stencil(SMALL, 3, 4)
    image = torch.zeros(1, 3, 12, device=DEVICE)
    image[0, 1, 5] = torch.nan
    _, degree = cuda.edge_weights(image, flat.shifts, flat.across, flat.base, flat.width, flat.pad)
    near = [1, 4, 5, 6, 7, 9]  # some of those within two pixels
    assert bool(degree[0, 0, near].isnan().all())
    assert bool(degree[0, 0, [3, 11]].isfinite().all())  # not around the end of a row either


@shapes
@precisions
def test_the_product_is_that_of_the_reference(
    height: int, width: int, stencil: Stencil, dtype: torch.dtype
):
    n, flat = height * width, flat_stencil(stencil, height, width)
    weights = weights_of(2, n, flat, dtype)
    X = (random(2, 3, n, seed=1) - 0.5).to(DEVICE, dtype)
    product = cuda.apply(weights, flat.shifts, flat.pad, X)
    reference = torch_kernels.apply(weights, flat.shifts, flat.pad, X)
    assert error(product, reference) <= 10 * allowed(dtype)


def test_a_vector_has_the_same_product_in_any_company():
    n, flat = 6 * 7, flat_stencil(SMALL, 6, 7)
    weights = weights_of(3, n, flat, torch.float32)
    X = random(3, 20, n).to(DEVICE, torch.float32)  # more than one program takes
    together = cuda.apply(weights, flat.shifts, flat.pad, X)
    for k in (1, 3, 8):
        alone = cuda.apply(weights[1:2], flat.shifts, flat.pad, X[1:2, :k])
        assert torch.equal(together[1:2, :k], alone)


def test_the_product_of_a_nearly_constant_vector_does_not_cancel():
    n, flat = 12 * 12, flat_stencil(LARGE, 12, 12)
    weights = weights_of(1, n, flat, torch.float32)
    small = random(1, 1, n).to(DEVICE)
    X = 1 + small * 2.0**-12
    X32 = X.float()
    exact = torch_kernels.apply(weights.double(), flat.shifts, flat.pad, X32.double())
    product = cuda.apply(weights, flat.shifts, flat.pad, X32)
    assert error(product.double(), exact) < 1e-6


@shapes
@precisions
def test_galerkin_sums_are_those_of_the_reference_to_the_last_bit(
    height: int, width: int, stencil: Stencil, dtype: torch.dtype
):
    n, flat = height * width, flat_stencil(stencil, height, width)
    weights = weights_of(2, n, flat, dtype)
    labels = (random(2, n, seed=1) * 5).long().to(DEVICE)
    sums = cuda.galerkin_sums(weights, flat.shifts, flat.pad, labels, 5)
    reference = torch_kernels.galerkin_sums(weights, flat.shifts, flat.pad, labels, 5)
    assert torch.equal(sums, reference)
    assert float(sums.sum()) == pytest.approx(float(weights.double().sum()))


@lru_cache(maxsize=1)
def symmetric() -> dict[str, Tensor]:
    def of(eigenvalues: list[float]) -> Tensor:
        s = len(eigenvalues)
        Q = torch.linalg.qr(random(1, s, s) - 0.5)[0]
        A = Q @ torch.tensor(eigenvalues, dtype=torch.float64).diag() @ Q.mT
        return (A + A.mT) / 2

    clustered = [1e-9] * 3 + [1e-4] * 3 + [1.0] * 3 + [3.0] * 3
    return {
        "twelve": of([float(i) for i in range(12)]),
        "odd": of([0.1, 0.2, 5.0, 7.0, 7.5]),
        "clusters": of(clustered),
        "rank 2": of([0.0] * 4 + [1.0, 2.0]),
        "wide range": of([10.0**e for e in range(-8, 0)]),
        "large": of([0.01 * i * i for i in range(17)]),
        "one": of([3.0]),
        "zero": torch.zeros(1, 4, 4, dtype=torch.float64),
        "diagonal": torch.tensor([3.0, 1.0, 2.0], dtype=torch.float64).diag()[None],
    }


@pytest.mark.parametrize("name", list(symmetric()))
def test_small_eigenproblems_are_solved_to_rounding(name: str):
    A = symmetric()[name].to(DEVICE)
    values, vectors = cuda.small_eigh(A)
    expected, _ = torch_kernels.small_eigh(A)
    scale = float(A.abs().max()) or 1.0
    assert float((values - expected).abs().max()) < 1e-13 * scale
    assert bool((values.diff(dim=1) >= 0).all())
    assert float((A @ vectors - vectors * values[:, None]).abs().max()) < 1e-13 * scale
    identity = torch.eye(A.shape[1], dtype=A.dtype, device=DEVICE)
    assert float((vectors.mT @ vectors - identity).abs().max()) < 1e-13


def test_a_small_eigenproblem_has_the_same_solution_in_any_company():
    A = (random(2, 5, 5) + random(2, 5, 5).mT).to(DEVICE)
    for together, alone in zip(cuda.small_eigh(A), cuda.small_eigh(A[1:]), strict=True):
        assert torch.equal(together[1:], alone)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_full_batch_on_the_device_matches_the_cpu_and_itself_alone():
    n, flat = 64 * 64, flat_stencil(LARGE, 64, 64)
    arguments = (flat.shifts, flat.across, flat.base, flat.width, flat.pad)
    image = colours(130, n, torch.float32)
    weights, degree = cuda.edge_weights(image, *arguments)
    expected, _ = torch_kernels.edge_weights(image.cpu(), *arguments)
    assert error(weights.cpu(), expected) <= 1e-6
    X = random(130, 4, n).to(DEVICE, torch.float32)
    labels = (torch.arange(n, device=DEVICE) // 32).expand(130, n)
    product = cuda.apply(weights, flat.shifts, flat.pad, X)
    sums = cuda.galerkin_sums(weights, flat.shifts, flat.pad, labels, 128)
    for row in (0, 77, 129):
        one = slice(row, row + 1)
        alone = cuda.edge_weights(image[one], *arguments)
        assert torch.equal(alone[0], weights[one])
        assert torch.equal(alone[1], degree[one])
        assert torch.equal(cuda.apply(alone[0], flat.shifts, flat.pad, X[one]), product[one])
        again = cuda.galerkin_sums(alone[0], flat.shifts, flat.pad, labels[one], 128)
        assert torch.equal(again, sums[one])
