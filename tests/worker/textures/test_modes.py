from collections.abc import Generator

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg
import torch
from torch import Tensor

from worker.shader.stages import result_of
from worker.textures import modes as module
from worker.textures.carriers import CARRIERS, carrier, checkerboard
from worker.textures.dissection import Dissection
from worker.textures.grid import Grid, grid_of
from worker.textures.modes import Modes, image_modes

K = 6


def solved(grey: Tensor, count: int = K, threshold: float = 0.1) -> Modes:
    return result_of(image_modes(grey, count, threshold))


def laplacian(grid: Grid) -> scipy.sparse.csr_array:
    crow, col, weight = (part.numpy() for part in grid.csr())
    W = scipy.sparse.csr_array((weight, col, crow))
    assert abs(W - W.T).max() == 0
    assert np.all(
        np.diff(col)[np.diff(np.repeat(np.arange(len(crow) - 1), np.diff(crow))) == 0] > 0
    )
    return scipy.sparse.csr_array(scipy.sparse.diags_array(W.sum(1)) - W)


def exact(grid: Grid, count: int) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = scipy.sparse.linalg.eigsh(laplacian(grid).tocsc(), k=count + 1, sigma=-1e-6)
    order = values.argsort()[1:]
    return values[order], vectors[:, order]


@pytest.mark.parametrize("threshold", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("name", CARRIERS)
def test_every_carrier_as_scipy(name: str, threshold: float):
    image = carrier(name, 40)
    modes = solved(image, threshold=threshold)
    values, vectors = exact(grid_of(image, threshold), K + 2)
    np.testing.assert_allclose(modes.values, values[:K], rtol=1e-5)
    assert modes.converged == K
    found = modes.vectors.flatten(1).numpy().T
    for i in range(K):
        cluster = np.abs(values - values[i]) < 2e-2 * values[i]
        if not cluster[-1]:
            angles = scipy.linalg.subspace_angles(found[:, [i]], vectors[:, cluster])
            assert angles.max() < 0.03


def test_strong_edges_leave_tiny_and_equal_eigenvalues():
    image = checkerboard(64).float()
    modes = solved(image)
    assert float(modes.values[0]) == pytest.approx(8.6e-7, abs=5e-9)
    assert float(modes.values[1]) == pytest.approx(float(modes.values[0]), rel=1e-6)
    np.testing.assert_allclose(modes.values, exact(grid_of(image, 0.1), K)[0], rtol=1e-5)


def test_residuals_are_those_of_the_vectors():
    image = carrier("noise", 48)
    modes = solved(image)
    X = torch.nn.functional.normalize(modes.vectors.flatten(1), dim=1)
    R = X.numpy() @ laplacian(grid_of(image, 0.1)) - modes.values[:, None].numpy() * X.numpy()
    residuals = np.linalg.norm(R, axis=1) / modes.values.numpy()
    np.testing.assert_allclose(residuals, modes.residuals, rtol=1e-4)
    assert residuals.max() <= 1e-3


def test_the_grid_is_applied_as_the_matrix():
    grid = grid_of(torch.rand(7, 9, generator=torch.Generator().manual_seed(3)), 0.3)
    X = torch.rand(4, 63, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    np.testing.assert_allclose(grid.apply(X).numpy(), X.numpy() @ laplacian(grid), atol=1e-14)
    np.testing.assert_allclose(grid.degree.numpy(), laplacian(grid).diagonal())


@pytest.mark.parametrize("shape", [(1, 2), (2, 2), (1, 300), (300, 1), (3, 500), (50, 33)])
@pytest.mark.parametrize("blank", [False, True])
def test_any_shape(shape: tuple[int, int], blank: bool):
    random = torch.Generator().manual_seed(2)
    image = torch.full(shape, 0.5) if blank else torch.rand(shape, generator=random)
    modes = solved(image)
    count = min(K, image.numel() - 1)
    assert modes.vectors.shape == (count, *shape)
    assert modes.converged == count
    assert bool(modes.vectors.isfinite().all())
    assert torch.allclose(modes.vectors.flatten(1).amax(1), torch.ones(count).double())
    assert float(modes.vectors.flatten(1).mean(1).abs().max()) < 1e-6


def test_one_pixel_is_refused():
    with pytest.raises(ValueError, match="one pixel"):
        solved(torch.ones(1, 1))


@pytest.mark.parametrize("p", [40, 64])
def test_a_flat_image_has_the_modes_of_a_grid(p: int):
    modes = solved(torch.zeros(p, 30))
    assert float(modes.values[0]) == pytest.approx(2 - 2 * np.cos(np.pi / p), rel=1e-5)


def test_a_square_has_a_definite_first_mode():
    """Its two lowest are equal: any rotation of them would do."""
    modes = solved(torch.zeros(40, 40))
    y = torch.arange(40.0)[:, None]
    slopes = torch.stack((y.expand(40, 40).flatten(), y.T.expand(40, 40).flatten()))
    along = [
        float(torch.corrcoef(torch.stack((s, modes.vectors[0].flatten())))[0, 1]) for s in slopes
    ]
    assert along[0] / along[1] == pytest.approx(2, rel=0.01)


def test_it_can_be_stopped_anywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "DENSE", 4)
    seen = [m for m in image_modes(carrier("dragon", 40), K, 0.1) if m is not None]
    assert len(seen) >= 3
    assert all(bool(m.vectors.isfinite().all()) and m.vectors.shape == (K, 40, 40) for m in seen)
    assert seen[0].converged < seen[-1].converged
    assert seen[-1].first(0).converged == 0


@pytest.mark.parametrize("shape", [(140, 30), (1, 300), (300, 2)])
def test_a_large_image_begins_with_a_small_one(shape: tuple[int, int]):
    y, x = (torch.arange(float(n)) / n for n in shape)
    image = ((4 * y[:, None]).floor() + (3 * x).floor()) / 6
    seen = [m for m in image_modes(image, K, 0.3) if m is not None]
    last = solved(image, threshold=0.3)
    assert last.converged == K
    first, final = (
        torch.nn.functional.normalize(m.vectors[0].flatten(), dim=0) for m in (seen[0], last)
    )
    assert float((first @ final).abs()) > 0.9
    np.testing.assert_allclose(last.values, exact(grid_of(image, 0.3), K)[0], rtol=1e-5)


def test_the_first_modes_come_long_before_the_last(monkeypatch: pytest.MonkeyPatch):
    """The dearest thing is to solve with the image's Laplacian: counted, not timed."""
    monkeypatch.setattr(module, "LARGE", 64)
    solved_for, solve = [0], Dissection.solve

    def counted(self: Dissection, R: Tensor) -> Generator[None, None, Tensor]:
        if R.shape[1] == 64 * 64:
            solved_for[0] += len(R)
        return solve(self, R)

    monkeypatch.setattr(Dissection, "solve", counted)
    at = [
        (modes.converged, solved_for[0])
        for modes in image_modes(carrier("bean", 64), 32, 0.1)
        if modes is not None
    ]
    first = next(solves for converged, solves in at if converged)
    assert first <= 4 * module.AT_ONCE
    assert first < 0.5 * at[-1][1]
    assert at[-1] == (32, solved_for[0])
    assert [converged for converged, _ in at] == sorted(converged for converged, _ in at)


def test_the_written_out_problem_gives_the_same(monkeypatch: pytest.MonkeyPatch):
    image = carrier("bean", 30)
    dense = solved(image)
    monkeypatch.setattr(module, "DENSE", 4)
    stepwise = solved(image)
    np.testing.assert_allclose(dense.values, stepwise.values, rtol=1e-5)
    assert float((dense.vectors[0] - stepwise.vectors[0]).abs().max()) < 1e-2
