import numpy as np
import pytest
import torch

from tests.worker.kinds.jobs import CPU, FIELD, check_preview, drawing
from tests.worker.shader.drawings import noise
from worker.kinds.pixels import to_picture
from worker.kinds.progress import FieldProgress, certificates_of, shrunk, status_name
from worker.kinds.solving import bounds, field_settings
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import TileStatus
from worker.wire.messages import Preview, Tiles


def solver_of(height: int = 90, width: int = 100) -> FieldSolver:
    image = to_picture(drawing(height, width).tobytes(), height, width, 3, CPU).rgb
    return FieldSolver(image, field_settings(FIELD, CPU))


def test_every_status_has_a_name():
    names = [status_name(s) for s in TileStatus]
    assert names == ["coarse", "coarse", "refining", "converged", "degenerate"]


def test_a_tile_without_a_bound_says_none():
    solver = solver_of()
    waiting = certificates_of(solver, [3])[0]
    assert waiting.angle_bound is None
    assert (waiting.height, waiting.width) == (32, 32)
    assert (waiting.y, waiting.x) == solver.tiling.origins[3]
    assert bounds(solver) == (None, None)


def test_bounds_are_those_of_the_tiles_that_have_a_vector():
    solver = solver_of()
    while not solver.finished:
        solver.step()
    known = solver.bound.numpy()
    assert bounds(solver) == pytest.approx((np.sort(known)[(len(known) - 1) // 2], known.max()))


def test_a_patch_lies_around_the_tiles_that_changed():
    solver = solver_of()
    while not solver.finished:
        solver.step()
    progress = FieldProgress("job-0001", solver, 1, 1)
    (told, _), (preview, payload) = progress.report([5, 6], 0, 16)
    assert isinstance(told, Tiles)
    assert isinstance(preview, Preview)
    assert [(c.y, c.x) for c in told.certificates] == [solver.tiling.origins[t] for t in (5, 6)]
    assert (preview.y, preview.x, preview.height, preview.width) == (24, 24, 32, 56)
    check_preview(preview, payload)


def test_nothing_new_tells_nothing():
    assert list(FieldProgress("job-0001", solver_of(), 1, 1).report([], 0, 16)) == []


def test_held_back_tiles_are_in_the_next_preview():
    solver = solver_of()
    progress = FieldProgress("job-0001", solver, 1, 1)
    assert len(list(progress.report([0], 0, 16))) == 2
    held = list(progress.report([1], 0, 16))  # at once after the first
    while not solver.finished:
        solver.step()
    last = list(progress.report([2], 0, 16))[-1][0]
    assert isinstance(last, Preview)
    if len(held) == 1:  # unless this machine took a tenth of a second
        assert (last.x, last.width) == (24, 56)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3, 100, 512), (3, 100, 512)),
        ((3, 1024, 512), (3, 512, 256)),
        ((1, 1, 5000), (1, 1, 512)),
        ((3, 513, 1), (3, 512, 1)),
    ],
)
def test_shrinking_keeps_the_shape_and_the_mean(
    shape: tuple[int, int, int], expected: tuple[int, int, int]
):
    image = noise(*shape)
    small = shrunk(image, 512)
    assert small.shape == expected
    assert torch.allclose(small.mean(), image.mean(), atol=5e-3)
    if shape == expected:
        assert small is image
