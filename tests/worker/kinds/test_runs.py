"""Jobs as the engine runs them: tiles of several in one batch."""

from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
import pytest

from tests.worker.kinds.jobs import (
    CPU,
    FIELD,
    SHADE,
    Story,
    check_story,
    conclude,
    drawing,
    finish,
    photo,
    seconds_ahead,
    shade_params,
    start,
)
from worker.kinds import FieldRun, ShadeRun
from worker.kinds.runs import DeviceRuns
from worker.runs import Alone, Tiles
from worker.wire.messages import Submit
from worker.wire.params import JobParams

RUNS = DeviceRuns(CPU, nullcontext)


def together(*runs: ShadeRun | FieldRun, each: int) -> list[Story]:
    """The stories of jobs that share every batch they can, `each` tiles of a job at a time."""
    stories = [Story() for _ in runs]
    for _ in range(5000):
        ahead = [run.forecast(60.0).offer for run in runs]
        keys = [offer.key for offer in ahead if isinstance(offer, Tiles)]
        if not any(ahead):
            break
        shares = [
            (run, min(each, offer.count))
            for run, offer in zip(runs, ahead, strict=True)
            if isinstance(offer, Tiles) and offer.key == keys[0]
        ]
        if len(shares) > 1:
            mixed.append([count for _, count in shares])
        told = iter(RUNS.solve(shares)) if shares else iter(())
        for run, offer, story in zip(runs, ahead, stories, strict=True):
            if isinstance(offer, Tiles) and offer.key == keys[0]:
                story.emissions += next(told)
            elif isinstance(offer, Alone):
                story.emissions += run.step()
    return [conclude(run, story) for run, story in zip(runs, stories, strict=True)]


mixed: list[list[int]] = []  # tiles of each job in the batches that had several


@pytest.mark.parametrize("each", [1, 3, 100])
def test_jobs_that_share_batches_give_the_bytes_they_give_alone(each: int):
    params = shade_params(passes=2)
    images = [drawing(), drawing(64, 120), photo()]
    alone = [finish(start(image, params)).pixels for image in images]
    mixed.clear()
    stories = together(*(start(image, params) for image in images), each=each)
    assert [story.pixels for story in stories] == alone
    assert all(story.end.state == "complete" for story in stories)
    assert mixed
    for story in stories:
        check_story(story, passes=2)


def test_a_field_and_a_source_share_batches_too():
    shaded, field = start(drawing(), SHADE, drawing(70, 120)), start(photo(), SHADE.field)
    mixed.clear()
    first, second = together(shaded, field, each=4)
    assert first.pixels == finish(start(drawing(), SHADE, drawing(70, 120))).pixels
    assert second.pixels == finish(start(photo(), SHADE.field)).pixels
    assert mixed


def submit(image: npt.NDArray[np.uint8], params: JobParams) -> Submit:
    height, width, channels = image.shape
    return Submit(
        job="job-0001", width=width, height=height, channels=channels, budget_s=9.0, params=params
    )


@pytest.mark.parametrize("params", [FIELD, SHADE])
def test_what_is_foreseen_before_a_job_begins(params: JobParams):
    small = RUNS.foresee(submit(drawing(64, 64), params))
    large = RUNS.foresee(submit(drawing(256, 256), params))
    assert 0 < small.conclude_s < large.conclude_s
    assert 0 < small.floor_s < large.floor_s < large.work_s
    assert isinstance(small.offer, Alone)
    run = RUNS.make(submit(drawing(), params), drawing().tobytes())
    assert seconds_ahead(run)


def test_a_call_in_pieces():
    piece = RUNS.interruptible(lambda: finish(start(drawing(), FIELD)).pixels)
    pauses = 0
    while not piece.resume(0.0):
        pauses += 1
    assert pauses > 10
    assert piece.result() == finish(start(drawing(), FIELD)).pixels
