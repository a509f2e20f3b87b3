import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from numpy.typing import NDArray

from tests.worker.numerics.exact import cluster_size, sparse_laplacian, spectrum
from tests.worker.numerics.samples import KINDS, STENCIL, TAU, Pixels, tensor
from tests.worker.numerics.test_properties import pictures
from worker.numerics.lanczos import Lanczos, lanczos
from worker.numerics.laplacian import Laplacian, image_laplacian
from worker.numerics.stencil import half_stencil

Matrix = NDArray[np.float64]


def laplacian(*tiles: Pixels, dtype: torch.dtype = torch.float32) -> Laplacian:
    return image_laplacian(torch.stack([tensor(t) for t in tiles]).to(dtype), STENCIL, TAU)


def plain_lanczos(pixels: Pixels, iterations: int, k: int) -> tuple[Matrix, Matrix]:
    """The definition, one tile in float64: Gram and Schmidt, T written out, Ritz values picked."""
    L = sparse_laplacian(pixels / 255)
    n = L.shape[0]
    start = torch.randn(n, generator=torch.Generator().manual_seed(42 + n % 10000))
    q = start.double().numpy()
    q = (q - q.mean()) / np.linalg.norm(q - q.mean())
    Q = [q]
    for _ in range(iterations - 1):
        w = L @ Q[-1]
        for _ in range(2):
            w = w - w.mean()
            for q in Q:
                w = w - (q @ w) * q
        Q.append(w / np.linalg.norm(w))
    basis = np.stack(Q)
    theta, S = np.linalg.eigh(basis @ (L @ basis.T))
    kept = np.flatnonzero(theta > 1e-6)[:k]
    return theta[kept], S.T[kept] @ basis


@pytest.mark.parametrize("name", ["photo", "coffee", "art", "dither", "noise", "gradient"])
@pytest.mark.parametrize("iterations", [15, 30])
def test_the_vectors_of_the_definition(name: str, iterations: int):
    pixels = KINDS[name](48)
    found = lanczos(laplacian(pixels), iterations, 4)
    theta, vectors = plain_lanczos(pixels, iterations, 4)
    cosine = np.abs((found.vectors[0].double().numpy() * vectors).sum(1))
    assert cosine[0] >= 0.999
    np.testing.assert_allclose(found.theta[0], theta, rtol=1e-3)
    assert (np.diff(found.theta[0]) > 0).all()


def test_thirty_steps_are_not_enough_for_a_photograph_and_the_bound_says_so():
    pixels = KINDS["photo"](64)
    values, vectors = spectrum(pixels / 255, 4)
    found = lanczos(laplacian(pixels), 30, 4)
    assert abs(vectors[0] @ found.vectors[0, 0].double().numpy()) < 0.9
    assert float(found.bound[0]) > 1
    assert float(found.theta[0, 0]) > values[0]


@pytest.mark.parametrize("name", ["photo", "coffee", "art", "noise"])
def test_enough_steps_find_the_fiedler_vector(name: str):
    pixels = KINDS[name](32)
    values, vectors = spectrum(pixels / 255, 6)
    found = lanczos(laplacian(pixels, dtype=torch.float64), 200, 4)
    inside = vectors[: cluster_size(values)] @ found.vectors[0, 0].numpy()
    assert float(found.bound[0]) < 0.03
    assert np.linalg.norm(inside) > 0.9995
    np.testing.assert_allclose(found.theta[0], values[:4], rtol=1e-4)


def test_unit_orthogonal_vectors_with_the_residual_they_claim():
    pixels = KINDS["art"](32)
    found = lanczos(laplacian(pixels), 40, 4)
    X = found.vectors[0].double().numpy()
    np.testing.assert_allclose(X @ X.T, np.eye(4), atol=1e-5)
    np.testing.assert_allclose(X.sum(1), 0, atol=1e-4)
    R = (sparse_laplacian(pixels / 255) @ X.T).T - found.theta[0].numpy()[:, None] * X
    inside = np.linalg.norm(R[: int(found.cluster[0])])
    assert float(found.residual[0]) == pytest.approx(inside, rel=1e-3, abs=1e-5)


def test_the_same_bytes_alone_and_in_a_batch():
    tiles = [KINDS[name](40) for name in ("photo", "art", "outlier", "checkerboard 2", "noise")]
    together = lanczos(laplacian(*tiles), 30, 4)
    for row, tile in enumerate(tiles):
        alone = lanczos(laplacian(tile), 30, 4)
        assert torch.equal(alone.vectors[0], together.vectors[row])
        assert float(alone.bound[0]) == float(together.bound[row])


def test_readable_after_every_step():
    run = Lanczos(laplacian(KINDS["photo"](32)), 12)
    lowest = []
    while not run.finished:
        run.step()
        found = run.certify(4)
        assert int((found.vectors[0].norm(dim=1) > 0).sum()) == min(4, run.steps)
        lowest.append(float(found.theta[0, 0]))
    assert run.steps == 12
    assert lowest == sorted(lowest, reverse=True)
    before = Lanczos(laplacian(KINDS["photo"](32)), 12).certify(4)
    assert not before.vectors.any()
    assert float(before.bound[0]) == float("inf")


def test_a_full_krylov_space_ends_early():
    # Symmetries leave few different eigenvalues: the space of a blank square is soon full.
    blank = np.full((5, 5, 3), 255, np.uint8)
    run = Lanczos(laplacian(blank, KINDS["photo"](5), dtype=torch.float64), 24)
    while not run.finished:
        run.step()
    found = run.certify(4)
    lowest = [spectrum(tile / 255, 4)[0][0] for tile in (blank, KINDS["photo"](5))]
    np.testing.assert_allclose(found.theta[:, 0], lowest, rtol=1e-6)
    # The square's second lambda_2 does not show in a Krylov space, nor is a third one certain.
    assert float(found.bound[1]) < 1e-6


@pytest.mark.parametrize(
    ("shape", "count"), [((1, 1), 0), ((1, 2), 1), ((2, 2), 3), ((1, 5), 4), ((3, 7), 4)]
)
@pytest.mark.parametrize("blank", [False, True])
def test_tiles_of_few_pixels(shape: tuple[int, int], count: int, blank: bool):
    pixels = KINDS["noise"](8)[: shape[0], : shape[1]]
    found = lanczos(laplacian(pixels * (not blank)), 30, 4)
    assert bool(found.vectors.isfinite().all())
    assert bool(found.theta.isfinite().all())
    assert not bool(found.bound.isnan().any())
    lengths = found.vectors[0].norm(dim=1)
    there = int((lengths > 0).sum())
    assert there == count or (blank and there <= count)
    torch.testing.assert_close(lengths[:there], torch.ones(there))
    assert not lengths[there:].any()


def test_ritz_values_below_the_floor_count_as_the_constant():
    # Two rooms of three pixels joined by one edge of 1e-6: lambda_2 is 2/3 of that.
    pixels = np.zeros((6, 1, 3), np.uint8)
    pixels[3:] = 255
    four_neighbours = half_stencil((1,), (1.0,))
    found = lanczos(image_laplacian(tensor(pixels)[None].double(), four_neighbours, 0.02), 30, 4)
    assert float(found.theta[0, 0]) == pytest.approx(1, abs=1e-3)


@given(pictures(1, 12))
@examples(max_examples=40, derandomize=True, database=None)
def test_never_a_nan(pixels: Pixels):
    found = lanczos(laplacian(pixels), 15, 4)
    for values in (found.vectors, found.theta, found.residual):
        assert bool(values.isfinite().all())
    assert not bool(found.bound.isnan().any())
    assert bool((found.cluster >= 1).all())
