import dataclasses
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from tests.worker.numerics.samples import (
    TOLERANCE,
    art,
    dots,
    noise,
    photo,
    settings,
    solved,
    tensor,
)
from worker.numerics import field
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import TileStatus

ALL = [0, 1, 2, 3]


def picture(height: int, width: int) -> Tensor:
    """A photograph with drawn parts and blank paper."""
    image = tensor(photo(256, 0, 120))[:, :height, :width].clone()
    image[:, :40, :40] = tensor(art(64))[:, : min(40, height), : min(40, width)]
    image[:, height // 2 :, width // 2 :] = 1
    return image


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 2), (1, 300), (300, 1), (100, 3), (3, 90), (17, 17), (70, 65)]
)
@pytest.mark.parametrize("blank", [False, True])
def test_any_shape_gives_finite_results(shape: tuple[int, int], blank: bool):
    image = torch.ones(3, *shape) if blank else tensor(noise(300))[:, : shape[0], : shape[1]]
    solver = solved(image, settings())
    assert solver.blend("sign", False, ALL).shape == (4, *shape)
    for align in ("sign", "ramp", "none"):
        for structure_weight in (False, True):
            assert bool(solver.blend(align, structure_weight, ALL).isfinite().all())
    assert bool(solver.lambda2_map().isfinite().all())
    assert bool(solver.theta.isfinite().all())
    assert not bool(solver.bound.isnan().any())
    assert solver.converged == solver.tiling.count


def test_one_pixel_has_no_fiedler_vector():
    solver = solved(torch.ones(3, 1, 1), settings())
    assert solver.status.tolist() == [TileStatus.DEGENERATE]
    assert float(solver.blend("sign", False, [0])) == 0


def test_the_same_bytes_on_every_run():
    first, second = (solved(picture(150, 170), settings()) for _ in range(2))
    assert torch.equal(first.blend("sign", True, ALL), second.blend("sign", True, ALL))
    assert torch.equal(first.theta, second.theta)
    assert torch.equal(first.bound, second.bound)


def test_a_tile_alone_is_the_same_as_in_an_image():
    image, exact = picture(128, 192), settings(overlap=0)
    whole = solved(image, exact)
    assert whole.tiling.count == 6
    for t, (y, x) in enumerate(whole.tiling.origins):
        alone = solved(image[:, y : y + 64, x : x + 64], exact)
        cosine = alone.vectors[0, 0] @ whole.vectors[t, 0]
        assert abs(float(cosine)) == pytest.approx(1, abs=1e-3)
        assert float(alone.theta[0, 0]) == pytest.approx(float(whole.theta[t, 0]), rel=1e-3)
        assert int(alone.status[0]) == int(whole.status[t])


def test_statuses_only_rise_bounds_hold_and_the_steps_end():
    solver = FieldSolver(picture(200, 200), settings())
    status = solver.status.clone()
    assert not bool(solver.usable.any())
    steps = 0
    while not solver.finished:
        changed = solver.step()
        assert bool((solver.status >= status).all())
        touched = set((solver.status != status).nonzero()[:, 0].tolist())
        assert touched <= set(changed)
        status = solver.status.clone()
        steps += 1
        assert steps < 100
    assert solver.step() == []
    converged = solver.status == TileStatus.CONVERGED
    assert bool(converged.all())
    assert bool((solver.bound[converged] <= TOLERANCE).all())


def test_statuses_only_rise_when_batches_are_made_twice():
    chosen = dataclasses.replace(settings(tiles_in_batch=4), open_bytes=0)
    solver = FieldSolver(picture(200, 200), chosen)
    status = solver.status.clone()
    while not solver.finished:
        solver.step()
        assert bool((solver.status >= status).all())
        status = solver.status.clone()
    assert solver.converged == solver.tiling.count


def first_states(solver: FieldSolver) -> list[list[int]]:
    """The statuses of all tiles after every step."""
    states = []
    while not solver.finished:
        solver.step()
        states.append(solver.status.tolist())
    return states


def test_the_whole_image_is_coarse_before_any_tile_is_refined():
    states = first_states(FieldSolver(tensor(photo(200)), settings(tiles_in_batch=4)))
    waiting = [s for s in states if TileStatus.WAITING in s]
    assert waiting
    assert all(set(s) <= {TileStatus.WAITING, TileStatus.COARSE} for s in waiting)
    assert set(states[-1]) == {TileStatus.CONVERGED}


def test_large_images_go_row_by_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field, "WHOLE_PIXELS", 200 * 200 - 1)
    monkeypatch.setattr(field, "STRIP_TILES", 1)
    solver = FieldSolver(tensor(photo(200)), settings())
    columns = solver.tiling.columns
    for state in first_states(solver):
        rows = [state[i : i + columns] for i in range(0, len(state), columns)]
        for upper, lower in pairwise(rows):
            if any(lower):
                assert all(s >= TileStatus.CONVERGED for s in upper)
    assert solver.converged == solver.tiling.count


def test_unfinished_tiles_leave_the_field_at_zero():
    solver = FieldSolver(tensor(photo(200)), settings(tiles_in_batch=1))
    solver.vectors.fill_(torch.nan)  # memory as it may be found
    assert not solver.blend("sign", False, ALL).any()
    solver.step()
    values = solver.blend("sign", False, ALL)
    assert bool(values[0, :64, :64].any())
    assert not values[:, 64:].any()


@pytest.mark.parametrize("rows", [1, 60, 150])
def test_the_top_of_a_field_is_a_field(rows: int):
    solver = solved(picture(150, 170), settings())
    top = solver.top(rows)
    assert top.tiling.count == len(top.theta) == len(top.status) == len(top.vectors)
    for align in ("ramp", "none"):
        whole = solver.blend(align, True, [0, 2])
        assert torch.allclose(top.blend(align, True, [0, 2])[:, :rows], whole[:, :rows], atol=1e-6)
    assert solver.tiling.height == 150


def test_refined_tiles_keep_the_sign_of_their_coarse_vectors():
    solver = FieldSolver(tensor(photo(200)), settings())
    before = solver.vectors.clone()
    while not solver.finished:
        known = solver.usable
        solver.step()
        assert bool(((solver.vectors * before).sum(2)[known] >= 0).all())
        before = solver.vectors.clone()


def test_one_colour_is_solved_once_for_all_tiles():
    solver = FieldSolver(torch.full((3, 200, 200), 0.3), settings())
    assert solver.step() == list(range(solver.tiling.count))
    assert bool((solver.vectors == solver.vectors[0]).all())
    assert float(solver.flat.theta[0, 0]) == pytest.approx(0.35361, abs=1e-5)
    assert not solver.structure().any()
    assert not solver.blend("sign", True, ALL).any()
    assert bool(solver.blend("sign", False, [0]).any())


def test_structure_tells_paper_from_drawing():
    image = torch.ones(3, 64, 112)
    image[:, 10:30, 10:30] = 0
    solver = solved(image, settings(overlap=16))
    drawn, blank = solver.structure().tolist()
    assert drawn > 0.99
    assert blank == 0
    assert not solver.blend("sign", True, [0])[0, :, 64:].any()


def test_more_equal_modes_than_the_largest_block_are_degenerate():
    image = torch.ones(3, 64, 64)
    image[:, 8:52:7, 8:52:7] = 0  # 49 dots out of reach of each other and of the border
    solver = solved(image, settings())
    assert solver.status.tolist() == [TileStatus.DEGENERATE]
    assert float(solver.bound[0]) == float("inf")
    assert solver.converged == 1
    assert bool(solver.vectors.isfinite().all())


def test_sixteen_equal_dots_grow_the_block():
    solver = solved(tensor(dots(64)), settings())
    assert solver.status.tolist() == [TileStatus.CONVERGED]


def test_unchanged_tiles_are_taken_over_bit_for_bit():
    image = picture(200, 200)
    before = solved(image, settings())
    image = image.clone()
    image[:, 150:160, 20:30] = 0
    after = FieldSolver(image, settings(), before)
    kept = after.step()
    hit = {
        t for t, (y, x) in enumerate(after.tiling.origins) if y + 64 > 150 and x < 30 and y < 160
    }
    assert hit
    assert set(kept) == set(range(after.tiling.count)) - hit
    while not after.finished:
        after.step()
    assert torch.equal(after.vectors[kept], before.vectors[kept])
    assert torch.equal(after.theta[kept], before.theta[kept])
    assert not torch.equal(after.vectors[list(hit)], before.vectors[list(hit)])
    fresh = solved(image, settings())
    cosine = (after.vectors[:, 0] * fresh.vectors[:, 0]).sum(1).abs()
    assert float(cosine.min()) > 0.998
    assert after.converged == after.tiling.count


def test_the_previous_field_is_left_alone():
    image = tensor(photo(100))
    before = solved(image, settings())
    vectors = before.vectors.clone()
    solved(1 - image, settings(), before)
    assert torch.equal(before.vectors, vectors)


def test_alignment():
    solver = solved(tensor(photo(150)), settings())
    assert torch.equal(solver.signs("none", 0), torch.ones(solver.tiling.count))
    before = solver.blend("sign", False, [0]), solver.blend("ramp", False, [0])
    solver.vectors[::2] *= -1
    assert torch.equal(solver.blend("sign", False, [0]), before[0])
    assert torch.equal(solver.blend("ramp", False, [0]), before[1])
