"""A device without enough memory, played by batches that refuse to open."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.worker.numerics.samples import TOLERANCE, art, photo, settings, solved, tensor
from worker.numerics import chunk
from worker.numerics.batches import Batch, open_batch
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import TileStatus
from worker.numerics.memory import OutOfMemory


def picture() -> Tensor:
    image = tensor(photo(208)).clone()
    image[:, :64, :64] = tensor(art(64))
    return image


def run_to_the_end(solver: FieldSolver) -> None:
    while not solver.finished:
        solver.step()


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], list[int]]:
    """Let so many tiles fit, from the n-th batch on; returns the sizes that were asked for."""

    def limit(tiles: int, after: int = 0) -> list[int]:
        sizes: list[int] = []

        def opened(rgb: Tensor, *rest: object) -> Batch:
            sizes.append(len(rgb))
            if len(sizes) > after and len(rgb) > tiles:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            return open_batch(rgb, *rest)

        monkeypatch.setattr(chunk, "open_batch", opened)
        return sizes

    return limit


@pytest.mark.parametrize(("tiles", "after"), [(4, 0), (3, 1), (1, 1)])
def test_a_field_is_solved_in_the_batches_that_fit(
    fits: Callable[[int, int], list[int]], tiles: int, after: int
):
    sizes = fits(tiles, after)
    solver = solved(picture(), settings(tiles_in_batch=8))
    assert solver.converged == solver.tiling.count
    assert solver.memory.retries == sum(size > tiles for size in sizes[after:]) > 0
    exact = solved(picture(), settings())
    assert bool(((solver.theta - exact.theta)[:, 0].abs() <= 0.01 * exact.theta[:, 0]).all())


def test_where_not_one_tile_fits_what_there_is_stays_readable(
    fits: Callable[[int, int], list[int]],
):
    fits(0, 1)
    solver = FieldSolver(picture(), settings(tiles_in_batch=8))
    assert solver.step()  # eight coarse tiles
    with pytest.raises(OutOfMemory):
        run_to_the_end(solver)
    assert int(solver.usable.sum()) == 8
    assert bool(solver.blend("sign", False, [0]).isfinite().all())


def test_another_solver_goes_on_from_there(fits: Callable[[int, int], list[int]]):
    fits(0, 1)
    stuck = FieldSolver(picture(), settings(tiles_in_batch=8))
    stuck.vectors.fill_(torch.nan)  # memory as it may be found
    with pytest.raises(OutOfMemory):
        run_to_the_end(stuck)
    fits(100, 0)
    solver = solved(picture(), settings(), stuck)
    assert bool((solver.status == TileStatus.CONVERGED).all())
    assert float(solver.bound.max()) <= TOLERANCE
