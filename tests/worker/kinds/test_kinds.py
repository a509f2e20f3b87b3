"""Building runs is cheap: nothing is solved before the first step."""

from typing import Any

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from tests.worker.kinds.jobs import FIELD, SHADE, Story, conclude, drawing, random_pixels, start
from worker.kinds.field import FieldRun
from worker.kinds.shade import ShadeRun
from worker.wire.params import JobParams


class Operations(TorchDispatchMode):
    """Counts what torch is asked to do."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def test_each_kind_has_its_run():
    assert isinstance(start(drawing(), SHADE), ShadeRun)
    assert isinstance(start(drawing(), FIELD), FieldRun)


@pytest.mark.parametrize("params", [SHADE, FIELD], ids=["shade", "field"])
def test_building_a_run_solves_nothing(params: JobParams):
    counts = []
    for side in (40, 400):
        image = random_pixels(side, side)
        with Operations() as operations:
            run = start(image, params)
        counts.append(operations.count)
        assert conclude(run, Story()).end.tiles_done == 0
    assert counts[0] == counts[1] < 60  # however many tiles there are
    with Operations() as operations:
        run.step()
    assert operations.count > counts[1]


@pytest.mark.parametrize("params", [SHADE, FIELD], ids=["shade", "field"])
def test_the_input_is_not_written_to(params: JobParams):
    image = drawing(40, 40)
    kept = image.copy()
    run = start(image, params)
    for _ in range(5):
        run.step()
    assert (image == kept).all()
