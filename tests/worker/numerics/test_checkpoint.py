"""Fields that are stopped, saved and taken up again end as if nothing had happened."""

import dataclasses
import io
from collections.abc import Callable

import numpy as np
import pytest
import torch

from tests.worker.numerics.samples import photo, settings, solved, tensor
from tests.worker.numerics.test_together import assert_same, picture
from worker.numerics.checkpoint import Array
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import FieldState
from worker.numerics.global_solver import GlobalSolver
from worker.numerics.lanczos_field import LanczosSolver

MADE = settings(tiles_in_batch=5)


def through_a_file(arrays: dict[str, Array]) -> dict[str, Array]:
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        return dict(read)


def steps(solver: FieldState, count: int) -> FieldState:
    for _ in range(count):
        solver.step()
    return solver


def finish(solver: FieldState) -> FieldState:
    while not solver.finished:
        solver.step()
    return solver


@pytest.mark.parametrize("stop", [0, 1, 3, 6, 9, 15, 25, 60])
@pytest.mark.parametrize("warm", [False, True])
def test_a_field_goes_on_wherever_it_was_stopped(stop: int, warm: bool):
    former = solved(picture(y=20), MADE) if warm else None
    whole = solved(picture(), MADE, former)
    stopped = steps(FieldSolver(picture(), MADE, former), stop)
    resumed = FieldSolver(picture(), MADE)
    resumed.restore(through_a_file(stopped.checkpoint()))
    assert torch.equal(resumed.status >= 3, stopped.status >= 3)
    assert_same(finish(resumed), whole)


def test_a_field_can_be_stopped_twice():
    whole = solved(picture(), MADE)
    solver: FieldState = FieldSolver(picture(), MADE)
    while not solver.finished:
        arrays = steps(solver, 8).checkpoint()
        resumed = FieldSolver(picture(), MADE)
        resumed.restore(arrays)
        solver = resumed
        steps(solver, 8)
    assert_same(solver, whole)


@pytest.mark.parametrize("stop", [0, 3, 8, 1000])
@pytest.mark.parametrize("warm", [False, True])
def test_a_whole_image_goes_on_from_its_start_or_its_end(stop: int, warm: bool):
    image = tensor(photo(64))
    former = finish(GlobalSolver(1 - image, MADE)) if warm else None
    whole = finish(GlobalSolver(image, MADE, former))
    stopped = steps(GlobalSolver(image, MADE, former), stop)
    resumed = GlobalSolver(image, MADE)
    resumed.restore(through_a_file(stopped.checkpoint()))
    finish(resumed)
    assert_same(resumed, whole)
    assert torch.equal(resumed.residuals, whole.residuals)


def test_the_reference_mode_goes_on():
    made = dataclasses.replace(MADE, lanes=1)
    whole = finish(LanczosSolver(picture(), made))
    stopped = steps(LanczosSolver(picture(), made), 9)
    assert 0 < int(stopped.usable.sum()) < stopped.tiling.count
    resumed = LanczosSolver(picture(), made)
    resumed.restore(stopped.checkpoint())
    assert_same(finish(resumed), whole)


def test_a_finished_field_has_nothing_left_to_do():
    whole = solved(picture(), MADE)
    resumed = FieldSolver(picture(), MADE)
    resumed.restore(whole.checkpoint())
    assert resumed.step() == []
    assert resumed.finished
    assert_same(resumed, whole)


def test_the_residuals_of_a_whole_image_must_be_there():
    arrays = finish(GlobalSolver(tensor(photo(64)), MADE)).checkpoint()
    del arrays["residuals"]
    with pytest.raises(ValueError, match="residuals"):
        GlobalSolver(tensor(photo(64)), MADE).restore(arrays)


def dropped(name: str) -> Callable[[dict[str, Array]], None]:
    return lambda arrays: arrays.pop(name)


def changed(name: str, change: Callable[[Array], Array]) -> Callable[[dict[str, Array]], None]:
    return lambda arrays: arrays.update({name: change(arrays[name])})


@pytest.mark.parametrize(
    "spoil",
    [
        dropped("tiles"),
        dropped("vectors"),
        dropped("status"),
        changed("tiles", lambda a: a + 1000),
        changed("tiles", lambda a: a - 1000),
        changed("tiles", lambda a: 0 * a),
        changed("tiles", lambda a: a.astype(np.float64)),
        changed("tiles", lambda a: a[:-1]),
        changed("vectors", lambda a: a[:, :, :-1]),
        changed("vectors", lambda a: a.astype(np.float64)),
        changed("vectors", lambda a: a * np.nan),
        changed("starts", lambda a: a[:-1]),
        changed("status", lambda a: 0 * a),
        changed("status", lambda a: a + 9),
    ],
)
def test_arrays_of_something_else_are_refused(spoil: Callable[[dict[str, Array]], None]):
    former = solved(picture(y=20), MADE)
    stopped = steps(FieldSolver(picture(), MADE, former), 20)
    arrays = through_a_file(stopped.checkpoint())
    assert len(arrays["tiles"])
    assert len(arrays["starts"])
    spoil(arrays)
    resumed = FieldSolver(picture(), MADE)
    with pytest.raises(ValueError, match=r"^\w+: "):
        resumed.restore(arrays)
    assert not bool(resumed.usable.any())
