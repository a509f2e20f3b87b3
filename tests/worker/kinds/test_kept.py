"""A job that was cut short and resumed gives the very bytes of one that was not."""

import io

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    CPU,
    Clock,
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
from worker.kinds import FieldRun, ShadeRun, checkpoints, shade
from worker.kinds.checkpoints import PRICE_S, SHARE, Checkpoints
from worker.kinds.kept import kept_of
from worker.kinds.pixels import to_picture
from worker.runs import Work
from worker.shader.picture import Picture
from worker.wire.params import JobParams


def work_of(run: ShadeRun | FieldRun) -> bytes:
    """What a partial job leaves, as the service keeps it."""
    work = run.checkpoint(last=True)
    assert work is not None
    assert work.whole
    return packed([work])


def packed(works: list[Work]) -> bytes:
    """Checkpoints as the service hands them to another worker."""
    file = io.BytesIO()
    arrays = {f"{n}/{name}": a for n, work in enumerate(works) for name, a in work.arrays.items()}
    np.savez(file, **arrays)
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
    run = start(drawing(), field_params(), keep_work=True)
    finish(run)
    assert run.checkpoint(last=True) is None


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


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints cost nothing: there is one after every step that brings something new."""
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)
    monkeypatch.setattr(checkpoints, "EVERY_S", 0.0)


def made(run: ShadeRun | FieldRun, steps: int) -> list[Work]:
    """The checkpoints of so many steps that are needed to go on from the last one."""
    works: list[Work] = []

    def keep() -> bool:
        work = run.checkpoint()
        if work is not None:
            works[:] = [] if work.whole else works
            works.append(work)
        return False

    story = Story()
    advance(run, story, lambda: keep() or story.steps >= steps)
    return works


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("params", "image"),
    [
        (shade_params(passes=3), drawing()),
        (shade_params(passes=3, contours="spectral"), photo()),
        (field_params(), drawing()),
        (field_params(scope="image"), drawing()),
        (field_params(solver="lanczos"), drawing()),
    ],
    ids=["drawing", "photo", "field", "image", "lanczos"],
)
def test_any_checkpoint_on_the_way_leads_to_the_same(
    params: JobParams, image: npt.NDArray[np.uint8]
):
    whole = finish(start(image, params))
    further = 0
    for steps in (3, 7, 11, 16, 22, 29, 37):
        works = made(start(image, params, keep_work=True), steps)
        if works:
            assert [each.whole for each in works] == [True, *[False] * (len(works) - 1)]
            run = start(image, params, work=packed(works))
            resumed = finish(run)
            assert resumed.pixels == whole.pixels
            assert resumed.end.tiles_done == whole.end.tiles_done
            further += resumed.steps < whole.steps
    assert further or getattr(params, "scope", "") == "image"  # that has one tile, at the end


@pytest.mark.usefixtures("eager")
def test_checkpoints_that_got_lost_cost_tiles_and_not_the_result():
    params = shade_params(passes=2)
    works = made(start(drawing(), params, keep_work=True), 16)
    assert len(works) > 3
    whole = finish(start(drawing(), params))
    for some in ([works[0], works[2]], [works[0], works[-1], works[1]], [works[0]], works[1:]):
        assert finish(start(drawing(), params, work=packed(some))).pixels == whole.pixels


@pytest.mark.usefixtures("eager")
def test_of_two_passes_the_later_is_gone_on_from():
    params = shade_params(passes=3)
    one, two = (made(start(drawing(), params, keep_work=True), steps) for steps in (12, 40))
    whole = finish(start(drawing(), params))
    kept = kept_of(memoryview(packed([*one, *two])), run_picture(), 3)
    assert kept.passes > kept_of(memoryview(packed(one)), run_picture(), 3).passes
    assert finish(start(drawing(), params, work=packed([*one, *two]))).pixels == whole.pixels


def run_picture() -> Picture:
    height, width, channels = drawing().shape
    return to_picture(drawing().tobytes(), height, width, channels, CPU)


def test_a_short_job_makes_no_checkpoint_and_a_long_one_pays_for_them(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(shade, "worked", Clock(0.001))
    run = start(drawing(), shade_params(passes=1), keep_work=True)
    assert made(run, 4) == []
    solver, few = start(drawing(), field_params())._solver, Checkpoints()
    solver.step()
    price_s = PRICE_S / SHARE
    assert few.work(solver, 0.9 * price_s) is None
    while not solver.finished:
        solver.step()
    assert few.work(solver, 0.9 * price_s) is None
    assert few.work(solver, 60.0) is not None
    assert few.work(solver, 120.0) is None  # nothing is new


def test_what_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 1000)
    run = start(drawing(), field_params(), keep_work=True)
    advance(run, Story(), lambda: run._solver.converged > 1)
    assert run.checkpoint() is None
    assert run.checkpoint(last=True) is None
