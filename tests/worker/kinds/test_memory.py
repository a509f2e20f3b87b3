"""A device that runs out of memory, played by batches that refuse to open so many times."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.worker.kinds.jobs import FIELD, SHADE, check_story, drawing, finish, start
from worker.numerics import field
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

        monkeypatch.setattr(field, "open_batch", refusing)

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


def test_with_enough_memory_nothing_is_said():
    assert finish(start(drawing(), FIELD)).end.oom_retries == 0
