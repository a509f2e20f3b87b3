"""Results that are no numbers never leave the worker."""

import pytest
import torch

from tests.worker.kinds.jobs import (
    Story,
    advance,
    conclude,
    drawing,
    field_params,
    shade_params,
    start,
)
from worker.device import choose
from worker.kinds.pixels import check_finite, eight_bit, to_pixels
from worker.runs import Poisoned
from worker.shader.picture import Picture
from worker.wire.params import JobParams

NOT_FINITE = [torch.nan, torch.inf, -torch.inf]


@pytest.mark.parametrize("value", NOT_FINITE)
def test_one_value_is_enough(value: float):
    values = torch.zeros(3, 700, 900)
    check_finite(values)
    values[1, 650, 3] = value
    for look in (check_finite, lambda v: to_pixels(Picture(v, None))):
        with pytest.raises(Poisoned):
            look(values)
    with pytest.raises(Poisoned):
        eight_bit(Picture(values, None))


@pytest.mark.parametrize("params", [shade_params(), field_params()])
def test_a_tile_that_is_none_ends_the_run_and_the_worker(params: JobParams):
    run = start(drawing(), params)
    story = advance(run, Story(), lambda: False)
    solver = run._telling.solver if hasattr(run, "_telling") else run._solver
    solver.theta[3, 0] = torch.nan
    with pytest.raises(Poisoned) as raised:
        conclude(run, story)
    assert not choose("cpu").healthy(raised.value)


def test_without_memory_the_worker_is_begun_anew():
    assert not choose("cpu").healthy(torch.OutOfMemoryError("CUDA out of memory"))
