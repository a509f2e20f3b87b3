import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.worker.numerics.exact import cluster_size, spectrum
from tests.worker.numerics.samples import (
    KINDS,
    art,
    dots,
    halves,
    noise,
    photo,
    settings,
    tensor,
)
from worker.numerics import global_solver, multigrid, strips
from worker.numerics.field_state import FieldState, TileStatus
from worker.numerics.global_solver import GlobalSolver
from worker.numerics.strips import StripGraph

TOLERANCE = 0.1
SETTINGS = replace(settings(), tolerance=TOLERANCE)
ALL = [0, 1, 2, 3]


def solved(image: Tensor, previous: FieldState | None = None, modes: int = 4) -> GlobalSolver:
    solver = GlobalSolver(image, SETTINGS, previous, modes)
    while not solver.finished:
        solver.step()
    return solver


def angle_sine(vector: Tensor, space: np.ndarray) -> float:
    """Between a unit vector and the span of orthonormal rows."""
    outside = vector.double().numpy() - space.T @ (space @ vector.double().numpy())
    return float(np.linalg.norm(outside))


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_holds_for_every_kind_of_image(kind: str):
    pixels = KINDS[kind](64)
    solver = solved(tensor(pixels))
    values, vectors = spectrum(pixels / 255, 18)
    cluster = cluster_size(values)
    assert solver.status.tolist() == [TileStatus.CONVERGED]
    assert float(solver.bound[0]) <= TOLERANCE
    assert angle_sine(solver.vectors[0, 0], vectors[:cluster]) <= float(solver.bound[0]) + 1e-5
    assert float(solver.theta[0, 0]) == pytest.approx(values[:cluster].mean(), rel=0.05)


def test_a_photograph_on_three_levels_in_many_strips_matches_the_exact_vectors(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(multigrid, "COARSEST", 200)
    monkeypatch.setattr(strips, "STRIP_ROWS", 16)
    pixels = photo(120)
    solver = solved(tensor(pixels))
    values, vectors = spectrum(pixels / 255, 4)
    cosines = np.abs((solver.vectors[0].double().numpy() * vectors).sum(1))
    assert cosines[0] >= 0.999
    assert cosines.min() >= 0.98
    np.testing.assert_allclose(solver.theta[0].numpy(), values, rtol=1e-2)
    assert bool((solver.residuals < 0.2 * solver.theta[0]).all())


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 2), (1, 300), (300, 1), (100, 3), (3, 90), (17, 17), (70, 65)]
)
@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize("modes", [1, 9])
def test_any_shape_gives_finite_results(shape: tuple[int, int], blank: bool, modes: int):
    image = torch.ones(3, *shape) if blank else tensor(noise(300))[:, : shape[0], : shape[1]]
    solver = solved(image, modes=modes)
    assert solver.vectors.shape == (1, modes, shape[0] * shape[1])
    assert solver.converged == 1
    for structure_weight in (False, True):
        field = solver.blend("sign", structure_weight, list(range(modes)))
        assert field.shape == (modes, *shape)
        assert bool(field.isfinite().all())
    assert bool(solver.lambda2_map().isfinite().all())
    assert bool(solver.theta.isfinite().all())
    assert not bool(solver.bound.isnan().any())


def test_one_pixel_has_no_fiedler_vector():
    solver = solved(torch.ones(3, 1, 1))
    assert solver.status.tolist() == [TileStatus.DEGENERATE]
    assert not solver.vectors.any()


def test_one_colour_shows_nothing_but_has_modes():
    solver = solved(torch.full((3, 80, 80), 0.3))
    assert solver.structure().tolist() == [0]
    assert not solver.blend("sign", True, ALL).any()
    assert float(solver.theta[0, 0]) == pytest.approx(float(solver.theta[0, 1]), rel=1e-3)
    ramp = torch.arange(80.0)[:, None] * 2 + torch.arange(80.0)
    field = solver.blend("ramp", False, [0])[0]
    assert float(torch.corrcoef(torch.stack([ramp.flatten(), field.flatten()]))[0, 1]) > 0.98


def test_two_halves_are_told_apart():
    solver = solved(tensor(halves(100)))
    field = solver.blend("none", False, [0])[0]
    left, right = field[:, :49], field[:, 51:]
    assert float(left.mean()) * float(right.mean()) < 0
    assert float(left.std() + right.std()) < 0.05 * float((left.mean() - right.mean()).abs())
    assert 0 < float(solver.theta[0, 0]) < 1e-3


def test_many_equal_modes_grow_the_block_and_the_precision():
    solver = solved(tensor(dots(96)))
    assert solver.status.tolist() == [TileStatus.CONVERGED]


def test_more_equal_modes_than_the_largest_block_are_degenerate():
    image = torch.ones(3, 64, 64)
    image[:, 8:52:7, 8:52:7] = 0
    solver = solved(image)
    assert solver.status.tolist() == [TileStatus.DEGENERATE]
    assert float(solver.bound[0]) == float("inf")
    assert bool(solver.vectors.isfinite().all())


def test_statuses_only_rise_and_signs_keep():
    solver = GlobalSolver(tensor(photo(120)), SETTINGS)
    assert not bool(solver.usable.any())
    status, vectors, better = 0, solver.vectors.clone(), 0
    while not solver.finished:
        changed = solver.step()
        if not changed:
            continue
        assert changed == [0]
        if better:
            assert bool(((solver.vectors * vectors).sum(2) >= 0).all())
        else:
            assert solver.status.tolist() == [TileStatus.COARSE]
        assert int(solver.status[0]) >= status
        status, vectors, better = int(solver.status[0]), solver.vectors.clone(), better + 1
    assert better >= 3
    assert solver.step() == []


def test_the_first_vectors_are_near_the_last():
    solver = GlobalSolver(tensor(photo(200)), SETTINGS)
    while not solver.step():
        pass
    first = solver.vectors[0, 0].clone()
    while not solver.finished:
        solver.step()
    assert float(first @ solver.vectors[0, 0]) > 0.95


def test_nine_modes_are_fit_to_be_drawn():
    pixels = photo(100)
    solver = solved(tensor(pixels), modes=9)
    values, _ = spectrum(pixels / 255, 9)
    np.testing.assert_allclose(solver.theta[0].numpy(), values, rtol=5e-3)
    limit = global_solver.DRAWN_RESIDUAL * solver.theta[0]
    assert bool((solver.residuals <= limit).all())
    lengths = solver.vectors[0].norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(9), rtol=1e-4, atol=0)


def test_a_changed_image_starts_from_the_vectors_before():
    image = tensor(photo(150))
    before = solved(image)
    vectors = before.vectors.clone()
    image = image.clone()
    image[:, 40:44, 30:60] = 0
    cold, warm = solved(image), solved(image, before)
    assert int(warm.iterations[0]) < int(cold.iterations[0])
    assert float(warm.bound[0]) <= TOLERANCE
    assert abs(float(warm.vectors[0, 0] @ cold.vectors[0, 0])) > 0.995
    assert float(warm.vectors[0, 0] @ vectors[0, 0]) > 0
    assert torch.equal(before.vectors, vectors)


def test_an_unchanged_image_is_taken_over():
    before = solved(tensor(photo(100)))
    after = GlobalSolver(before.image.clone(), SETTINGS, before)
    assert after.step() == [0]
    assert after.step() == []
    assert after.finished
    assert torch.equal(after.vectors, before.vectors)
    assert torch.equal(after.theta, before.theta)
    assert after.converged == 1


def test_a_state_of_another_size_lends_nothing():
    before = solved(tensor(photo(80)))
    image = tensor(photo(100))
    assert torch.equal(solved(image, before).vectors, solved(image).vectors)


def test_what_is_dropped_keeps_what_it_has_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    graphs: list[weakref.ref[StripGraph]] = []

    def made(*args: object) -> StripGraph:
        graph = StripGraph(*args)
        graphs.append(weakref.ref(graph))
        return graph

    monkeypatch.setattr(global_solver, "StripGraph", made)
    solver = GlobalSolver(tensor(photo(100)), SETTINGS)
    while not bool(solver.usable.any()):
        solver.step()
    before = solver.vectors.clone()
    assert graphs[0]() is not None
    solver.drop()
    gc.collect()
    assert graphs[0]() is None
    assert torch.equal(solver.vectors, before)


def test_the_same_bytes_on_every_run_in_any_number_of_lanes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(strips, "STRIP_ROWS", 16)
    image = tensor(art(100))
    first = solved(image)
    monkeypatch.setattr(strips, "PAUSE_PIXELS", 1)
    solver = GlobalSolver(image, replace(SETTINGS, lanes=2))
    pauses = 0
    while not solver.finished:
        pauses += not solver.step()
    assert torch.equal(solver.vectors, first.vectors)
    assert torch.equal(solver.theta, first.theta)
    assert torch.equal(solver.bound, first.bound)
    assert pauses > 10
