"""A device that runs out of memory, played by batches that refuse to open so many times."""

import importlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from tests.worker.kinds.jobs import (
    FIELD,
    SHADE,
    check_story,
    conclude,
    drawing,
    finish,
    start,
    steps_of,
)
from worker.numerics import chunk
from worker.numerics.batches import Batch, open_batch
from worker.wire.params import FieldParams, ShadeParams

TRIES = 10  # more than the halvings of 16 tiles: 8, 4, 2, 1


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Let batches number `first` to `last` find no memory."""

    def between(first: int, last: int) -> None:
        opened = 0

        def refusing(rgb: Tensor, *rest: object) -> Batch:
            nonlocal opened
            opened += 1
            if first <= opened <= last:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            return open_batch(rgb, *rest)

        monkeypatch.setattr(chunk, "open_batch", refusing)

    return between


@pytest.mark.parametrize("params", [FIELD, SHADE])
@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("times", [1, 2])
def test_a_job_goes_on_in_smaller_batches_and_says_so(
    full: Callable[[int, int], None], params: FieldParams | ShadeParams, first: int, times: int
):
    full(first, first + times - 1)
    story = finish(start(drawing(), params))
    check_story(story, passes=1 if params is FIELD else 2)
    assert story.end.state == "complete"
    assert story.end.oom_retries == times


@pytest.mark.parametrize("params", [FIELD, SHADE])
def test_where_not_one_tile_fits_the_job_goes_on_on_the_cpu(
    full: Callable[[int, int], None], params: FieldParams | ShadeParams
):
    full(1, TRIES)
    story = finish(start(drawing(), params))
    check_story(story, passes=1 if params is FIELD else 2)
    assert story.end.state == "complete"
    assert story.end.oom_retries == TRIES


@pytest.mark.parametrize(("first", "times"), [(1, 1), (3, 2), (1, TRIES)])
def test_the_field_of_a_source_goes_on_too(
    full: Callable[[int, int], None], first: int, times: int
):
    full(first, first + times - 1)
    story = finish(start(drawing(), SHADE, drawing(70, 120)))
    check_story(story, passes=2, of_source=3 * 5)
    assert story.end.state == "complete"
    assert story.end.oom_retries == times


def test_concluded_while_the_source_is_solved_its_retries_are_told(
    full: Callable[[int, int], None],
):
    full(1, 1)
    run = start(drawing(), SHADE, drawing(70, 120))
    assert conclude(run, steps_of(run, 3)).end.oom_retries == 1


def test_with_enough_memory_nothing_is_said():
    assert finish(start(drawing(), FIELD)).end.oom_retries == 0


@pytest.mark.parametrize("params", [FIELD, SHADE])
@pytest.mark.parametrize(
    ("place", "times", "field"),
    [
        ("worker.numerics.global_solver.StripGraph", 1, {"scope": "image"}),
        ("worker.numerics.lanczos_field.image_laplacian", 1, {"solver": "lanczos"}),
        ("worker.numerics.lanczos_field.image_laplacian", 7, {"solver": "lanczos"}),
    ],
)
def test_the_whole_image_and_the_reference_mode_go_on_too(
    monkeypatch: pytest.MonkeyPatch,
    params: FieldParams | ShadeParams,
    place: str,
    times: int,
    field: dict[str, Any],
):
    refuse(monkeypatch, place, times)
    story = finish(start(drawing(), changed(params, **field)))
    assert story.end.state == "complete"
    assert 1 <= story.end.oom_retries <= times


def test_outlines_that_do_not_fit_come_from_the_cpu(monkeypatch: pytest.MonkeyPatch):
    refuse(monkeypatch, "worker.numerics.global_solver.StripGraph", 1)
    params = msgspec.structs.replace(SHADE, contours="spectral")
    story = finish(start(drawing(), params))
    check_story(story, passes=2)
    assert story.end.state == "complete"
    monkeypatch.undo()
    assert finish(start(drawing(), params)).pixels == story.pixels


def refuse(monkeypatch: pytest.MonkeyPatch, place: str, times: int) -> None:
    """Let a function find no memory the first so many times."""
    module, _, name = place.rpartition(".")
    real, left = getattr(importlib.import_module(module), name), times

    def refusing(*args: object) -> object:
        nonlocal left
        left -= 1
        if left >= 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return real(*args)

    monkeypatch.setattr(place, refusing)


def changed(params: FieldParams | ShadeParams, **field: Any) -> FieldParams | ShadeParams:
    """The parameters with another field."""
    if isinstance(params, FieldParams):
        return msgspec.structs.replace(params, **field)
    return msgspec.structs.replace(params, field=msgspec.structs.replace(params.field, **field))
