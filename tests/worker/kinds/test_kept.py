"""A job that was cut short and resumed gives the very bytes of one that was not."""

import io

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    Story,
    advance,
    conclude,
    drawing,
    field_params,
    finish,
    photo,
    random_pixels,
    shade_params,
    start,
)
from worker.kinds import FieldRun, ShadeRun
from worker.kinds.kept import PREFIX
from worker.wire.params import JobParams


def work_of(run: ShadeRun | FieldRun) -> bytes:
    """What a partial job leaves, as the service keeps it."""
    arrays = dict(filter(None, run.arrays()))
    kept = {name.removeprefix(PREFIX): a for name, a in arrays.items() if name.startswith(PREFIX)}
    assert kept
    file = io.BytesIO()
    np.savez(file, **kept)
    return file.getvalue()


def cut(image: npt.NDArray[np.uint8], params: JobParams, steps: int, work: bytes = b"") -> bytes:
    """The work of a job that is stopped after so many steps."""
    run, story = start(image, params, work=work, keep_work=True), Story()
    conclude(run, advance(run, story, lambda: story.steps >= steps))
    assert story.end.state == "partial"
    return work_of(run)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 12, 20, 26])
def test_a_drawing_cut_at_any_step(steps: int):
    params = shade_params(passes=2)
    whole = finish(start(drawing(), params))
    resumed = finish(start(drawing(), params, work=cut(drawing(), params, steps)))
    assert resumed.end.state == "complete"
    assert resumed.pixels == whole.pixels
    assert resumed.end.tiles_done == whole.end.tiles_done


@pytest.mark.parametrize("steps", [2, 9, 25, 45])
def test_a_photograph_whose_outlines_are_drawn(steps: int):
    params = shade_params(passes=3, contours="spectral")
    whole = finish(start(photo(), params))
    resumed = finish(start(photo(), params, work=cut(photo(), params, steps)))
    assert resumed.pixels == whole.pixels


def test_cut_again_and_again():
    params, work = shade_params(passes=2), b""
    for _ in range(3):
        work = cut(drawing(), params, 7, work)
    assert (
        finish(start(drawing(), params, work=work)).pixels
        == finish(start(drawing(), params)).pixels
    )


@pytest.mark.parametrize("steps", [1, 4, 9])
@pytest.mark.parametrize("scope", ["tiles", "image"])
def test_a_field(steps: int, scope: str):
    params = field_params(scope=scope)
    whole, run = (
        start(drawing(), params),
        start(drawing(), params, work=cut(drawing(), params, steps)),
    )
    assert finish(run).pixels == finish(whole).pixels
    arrays = zip(filter(None, whole.arrays()), filter(None, run.arrays()), strict=True)
    for (name, before), (_, after) in arrays:
        np.testing.assert_array_equal(before, after, err_msg=name)


@pytest.mark.parametrize("damage", [b"no npz", b""])
def test_damaged_work_is_begun_anew(damage: bytes):
    work = cut(drawing(), shade_params(), 9)
    broken = damage or work[: len(work) // 2]
    whole = finish(start(drawing(), shade_params()))
    assert finish(start(drawing(), shade_params(), work=broken)).pixels == whole.pixels


def test_work_of_another_picture_is_begun_anew():
    work = cut(drawing(64, 64), shade_params(), 30)
    story = finish(start(random_pixels(90, 100), shade_params(), work=work))
    assert story.pixels == finish(start(random_pixels(90, 100), shade_params())).pixels


def test_what_was_left_out_is_made_up_for():
    """Passes that were shaded without refinement are not gone on from."""
    params = shade_params(passes=3)
    run, story = start(drawing(), params, keep_work=True), Story()
    run.forecast(0.0)  # no time for anything: the first pass is shaded as soon as it may be
    while run.forecast(0.0).offer is not None:
        story.emissions += run.step()
    conclude(run, story)
    assert story.end.state == "partial"
    assert story.end.passes_done >= 1
    assert story.end.skipped
    resumed = finish(start(drawing(), params, work=work_of(run)))
    assert resumed.pixels == finish(start(drawing(), params)).pixels


def test_a_complete_job_leaves_nothing():
    run = start(drawing(), shade_params(passes=1), keep_work=True)
    finish(run)
    assert not [name for name, _ in filter(None, run.arrays()) if name.startswith(PREFIX)]


@pytest.mark.parametrize("params", [shade_params(passes=2), field_params()])
def test_each_try_gets_further_however_short_it_is(params: JobParams):
    work = cut(drawing(), params, 2)
    for _ in range(40):
        run = start(drawing(), params, work=work, keep_work=True)
        for _ in range(25):
            run.forecast(0.0)  # no time for a pass, none for the field
            run.step()
            if run.finished:
                break
        if run.finished:
            break
        conclude(run, Story())
        work = work_of(run)
    assert run.finished
    assert conclude(run, Story()).pixels == finish(start(drawing(), params)).pixels
