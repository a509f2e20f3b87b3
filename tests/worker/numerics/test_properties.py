"""What holds for any picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.worker.numerics import exact
from tests.worker.numerics.exact import sparse_laplacian, spectrum
from tests.worker.numerics.graphs import Graph
from tests.worker.numerics.samples import STENCIL, TAU, Pixels, settings, solved, tensor
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import CHANNELS, FieldSettings, TileStatus
from worker.numerics.tile_batch import TileBatch, solve_dense

few = examples(max_examples=25, derandomize=True, database=None)
many = examples(few, max_examples=40)

levels = st.sampled_from([0, 1, 2, 127, 128, 254, 255]) | st.integers(0, 255)


def pictures(shortest: int, longest: int) -> st.SearchStrategy[Pixels]:
    side = st.integers(shortest, longest)
    shapes = st.tuples(side, side, st.just(3))
    return arrays(np.uint8, shapes, elements=levels)


@st.composite
def drawings(draw: st.DrawFn, height: int, width: int) -> Pixels:
    """Squares of a few colours, noise on top, and lonely pixels of any colour."""
    palette = np.array(draw(st.lists(st.tuples(levels, levels, levels), min_size=1, max_size=9)))
    square = draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    coarse = random.integers(0, len(palette), (height // square + 1, width // square + 1))
    tile = np.kron(palette[coarse], np.ones((square, square, 1), np.int64))[:height, :width]
    strength = draw(st.sampled_from([0, 0, 1, 20]))
    tile = np.clip(tile + random.integers(-strength, strength + 1, tile.shape), 0, 255)
    for _ in range(draw(st.integers(0, 9))):
        y, x = random.integers(0, 8, 2)  # many in one block of aggregates
        tile[y, x] = random.integers(0, 256, 3)
    return tile.astype(np.uint8)


def side_by_side(tiles: list[Pixels], chosen: FieldSettings) -> FieldSolver:
    """A field of which each tile is one of `tiles`."""
    return FieldSolver(tensor(np.concatenate(tiles, 1)), chosen)


graphs = st.builds(
    Graph,
    height=st.integers(17, 22),
    width=st.just(22),
    tau=st.sampled_from([0.02, 0.05, 0.15, 0.4, 1]),
    reach=st.sampled_from([1, 2, 6]),
)


def of_graph(g: Graph) -> FieldSettings:
    return replace(settings(max(g.height, g.width), 0), tau=g.tau, stencil=g.stencil)


@given(graphs, st.data())
@many
def test_the_lambda_2_eigenspace_of_dense_eigh(g: Graph, data: st.DataObject):
    pixels = data.draw(drawings(g.height, g.width) | arrays(np.uint8, (g.height, g.width, 3)))
    solver = solved(tensor(pixels), of_graph(g))
    L = exact.sparse_laplacian(pixels / 255, g.tau, g.radii).toarray()
    values, vectors = np.linalg.eigh(L)
    x = solver.vectors[0, 0].double().numpy()
    sine = exact.sine(x, values[1:], vectors.T[1:])
    assert solver.status[0] == TileStatus.CONVERGED or exact.cluster_size(values[1:]) >= 16
    assert sine <= min(float(solver.bound[0]), 1) + 1e-4
    assert float(solver.theta[0, 0]) == pytest.approx(values[1], rel=0.01, abs=1e-9)


@given(graphs, st.data())
@few
def test_the_same_bytes_alone_and_in_a_batch(g: Graph, data: st.DataObject):
    tiles = [data.draw(drawings(g.height, g.width)) for _ in range(3)]
    together = side_by_side(tiles, of_graph(g))
    while not together.finished:
        together.step()
    for t, tile in enumerate(tiles):
        alone = solved(tensor(tile), of_graph(g))
        for name in ("vectors", "theta", "bound", "iterations", "status"):
            assert torch.equal(getattr(alone, name)[0], getattr(together, name)[t]), name


@given(graphs, st.data())
@few
def test_a_vector_keeps_its_sign_while_it_is_refined(g: Graph, data: st.DataObject):
    tiles = [data.draw(drawings(g.height, g.width)) for _ in range(3)]
    solver = side_by_side(tiles, of_graph(g))
    while not solver.finished:
        known, before = solver.usable.clone(), solver.vectors.clone()
        solver.step()
        assert bool(((solver.vectors * before).sum(2)[known] >= 0).all())


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
