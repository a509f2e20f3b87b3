"""What holds for any picture."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.worker.numerics.exact import sparse_laplacian, spectrum
from tests.worker.numerics.samples import STENCIL, TAU, Pixels, settings, solved, tensor
from worker.numerics.field import CHANNELS, TileStatus
from worker.numerics.tile_batch import TileBatch, solve_dense

few = examples(max_examples=25, deadline=None, derandomize=True, database=None)

levels = st.sampled_from([0, 1, 2, 127, 128, 254, 255]) | st.integers(0, 255)


def pictures(shortest: int, longest: int) -> st.SearchStrategy[Pixels]:
    side = st.integers(shortest, longest)
    shapes = st.tuples(side, side, st.just(3))
    return arrays(np.uint8, shapes, elements=levels)


@given(pictures(1, 24))
@few
def test_finite_with_a_verdict_for_every_tile(pixels: Pixels):
    solver = solved(tensor(pixels), settings(tile_size=20, overlap=5))
    for align in ("sign", "ramp"):
        assert bool(solver.blend(align, True, list(range(CHANNELS))).isfinite().all())
    assert bool(solver.lambda2_map().isfinite().all())
    assert bool((solver.theta >= 0).all())
    assert not bool(solver.bound.isnan().any())
    assert bool((solver.status >= TileStatus.REFINING).all())
    converged = solver.status == TileStatus.CONVERGED
    assert bool((solver.bound[converged] <= settings().tolerance).all())


@given(pictures(17, 22), st.integers(0, 5))
@few
def test_orthonormal_vectors_free_of_the_constant(pixels: Pixels, steps: int):
    batch = TileBatch(tensor(pixels)[None].double(), STENCIL, TAU, CHANNELS)
    for _ in range(steps):
        batch.step()
    X = batch.certify().vectors[0]
    torch.testing.assert_close(X @ X.mT, torch.eye(CHANNELS).double(), rtol=0, atol=1e-5)
    assert X.sum(1).abs().max() < 1e-5


@given(pictures(17, 22), st.integers(0, 3))
@few
def test_the_residual_is_that_of_the_definition(pixels: Pixels, steps: int):
    batch = TileBatch(tensor(pixels)[None].double(), STENCIL, TAU, CHANNELS)
    for _ in range(steps):
        batch.step()
    found = batch.certify()
    X = found.vectors[0].numpy()
    inside = X[: int(found.cluster[0])]
    image = (sparse_laplacian(pixels / 255) @ inside.T).T
    # Within a cluster the basis is turned: the subspace's residual does not notice.
    defect = np.linalg.norm(image - (image @ inside.T) @ inside)
    assert float(found.residual[0]) == pytest.approx(defect, rel=1e-3, abs=1e-7)


@given(pictures(17, 22), st.integers(0, 6))
@few
def test_ritz_values_lie_above_the_eigenvalues_and_within_a_residual_of_one(
    pixels: Pixels, steps: int
):
    batch = TileBatch(tensor(pixels)[None].double(), STENCIL, TAU, CHANNELS)
    for _ in range(steps):
        batch.step()
    found = batch.certify()
    exact = spectrum(pixels / 255, 20)[0]
    theta = found.theta[0].sort().values.numpy()
    spread = 0.01 * theta[0] * (int(found.cluster[0]) - 1)
    assert bool((theta >= exact[:CHANNELS] - spread - 1e-6).all())
    assert np.abs(exact - theta[0]).min() <= float(found.residual[0]) + spread + 1e-6


@given(pictures(3, 12))
@few
def test_dense_solutions_are_eigenpairs(pixels: Pixels):
    found = solve_dense(tensor(pixels)[None].double(), STENCIL, TAU, CHANNELS)
    X, size = found.vectors[0].numpy(), int(found.cluster[0])
    theta = found.theta[0].numpy()
    image = (sparse_laplacian(pixels / 255) @ X[size:].T).T
    np.testing.assert_allclose(image, theta[size:, None] * X[size:], atol=1e-6)
