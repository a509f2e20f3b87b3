from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.worker.kinds.jobs import CPU, drawing, shade_params
from worker.kinds import solving
from worker.kinds.lender import Lender
from worker.kinds.pixels import to_picture
from worker.kinds.settings import shader_settings
from worker.kinds.spectrum import Spectrum
from worker.shader.picture import Picture

SIZE = (120, 200)


def lender(image: Any = None, **changes: Any) -> Lender:
    """Of a drawing, or of another picture (H, W, c)."""
    image = drawing(*SIZE) if image is None else image
    size, params = image.shape[:2], shade_params(**changes)
    make = partial(to_picture, image.tobytes(), *image.shape, CPU)
    return Lender(make, size, params, shader_settings(params))


def finish(lender: Lender, most: int = 500) -> Lender:
    for _ in range(most):
        if lender.source is not None:
            return lender
        lender.step()
    raise AssertionError("a lender without an end")


def covered(usable: Tensor, origins: Any, side: int = 32) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    for known, (y, x) in zip(usable.tolist(), origins, strict=True):
        mask[y : y + side, x : x + side] |= known
    return mask


def test_the_picture_is_asked_for_with_the_first_step():
    asked = []

    def make() -> Picture:
        asked.append(1)
        return Picture(torch.ones(3, 40, 40), None)

    params = shade_params()
    one = Lender(make, (40, 40), params, shader_settings(params))
    assert (one.count, one.converged, one.solving, asked) == (4, 0, True, [])
    one.step()
    assert asked == [1]
    finish(one)
    assert asked == [1]


def test_all_of_the_field_then_the_strokes():
    one = finish(lender())
    assert one.converged == one.count == 5 * 8
    assert not one.solving
    assert not one.cut
    assert one.source.strokes.count > 3
    assert one.source.described.shape == (one.source.strokes.count, 4)
    assert one.source.rgb.shape == (3, *SIZE)
    assert one.solved.field.shape == SIZE


def test_up_to_twice_as_many_strokes_as_segments_are_wanted():
    lines = np.full((*SIZE, 3), 255, np.uint8)
    lines[4::8, 5:195] = 0
    assert finish(lender(lines, max_segments=2)).source.strokes.count == 4


def test_given_up_it_lends_what_lies_in_solved_tiles(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(solving.BATCH_PIXELS, "cpu", 6 * 32 * 32)
    shares = []
    for steps in range(6):
        one = lender()
        for _ in range(steps):
            one.step()
        known = np.zeros(SIZE, bool)
        if one.spectrum is not None:
            known = covered(one.spectrum.solver.usable, one.spectrum.solver.tiling.origins)
        one.give_up()
        one.give_up()
        assert one.cut
        source = finish(one).source
        assert bool(torch.from_numpy(known).flatten()[source.strokes.pixels].all())
        assert one.solved is None
        shares.append((known.mean(), source.strokes.count))
    assert shares[0] == (0, 0)
    assert any(0 < share < 1 and count > 0 for share, count in shares)


def test_solved_tiles_lend_the_same_strokes_wherever_the_rest_is():
    """The part that is searched is judged by the tones of the whole picture."""
    one = lender()
    while not (one.spectrum and one.spectrum.ready):
        one.step()
    whole = finish(one).source
    again = lender()
    while not (again.spectrum and bool(again.spectrum.solver.usable.all())):
        again.step()
    again.give_up()
    part = finish(again).source
    assert torch.equal(part.rgb, whole.rgb)
    assert abs(part.strokes.count - whole.strokes.count) <= 3  # of coarse vectors


def test_to_give_up_what_is_complete_changes_nothing():
    one = lender()
    while one.solving:
        one.step()
    one.give_up()
    assert not one.cut
    finish(one)
    one.give_up()
    assert not one.cut


def test_a_field_from_before_lends_the_same():
    first = finish(lender())
    second = lender()
    second.recall(first.solved)
    assert not second.solving
    assert second.converged == second.count
    finish(second, most=10)
    for one, other in zip(
        first.source.strokes.__dict__.values(), second.source.strokes.__dict__.values(), strict=True
    ):
        assert torch.equal(one, other)
    assert torch.equal(first.source.described, second.source.described)
    assert torch.equal(first.source.rgb, second.source.rgb)


def test_for_shadows_only_colours_are_lent():
    one = lender(low_gate="shadow")
    assert (one.count, one.solving) == (0, False)
    finish(one, most=3)
    assert one.source.strokes.count == 0
    assert one.source.rgb.shape == (3, *SIZE)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 4), (9, 1, 3), (40, 40, 4)])
def test_a_plain_picture_lends_nothing(shape: tuple[int, int, int]):
    source = finish(lender(np.full(shape, 90, np.uint8))).source
    assert source.strokes.count == 0
    assert source.described.shape == (0, 4)
    assert bool(source.rgb.isfinite().all())


def test_lengths_in_the_rows_of_a_tall_source_are_relative_to_the_whole_of_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(Spectrum, "rows_solved", lambda _: 150)
    px, relative = (
        lender(drawing(512, 64), scale=scale, percentile=90) for scale in ("px", "relative")
    )
    for one in (px, relative):  # of 512 pixels the two scales are the same
        while one.solving:
            one.step()
        one.cut = True
        finish(one)
    assert px.source.strokes.count > 0
    assert torch.equal(px.source.strokes.pixels, relative.source.strokes.pixels)
