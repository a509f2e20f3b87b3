"""All that a device computes for jobs: making their runs, and solving their tiles together."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import torch

from worker.fibers import Fiber
from worker.kinds import make_run
from worker.kinds.costs import HANDING_OVER, SHADING, TAKING, TileCosts
from worker.kinds.data import DataRun, foresee_data
from worker.kinds.field import FieldRun
from worker.kinds.field_costs import field_left
from worker.kinds.shade import ShadeRun
from worker.numerics.together import solve_together
from worker.runs import Alone, Emission, Forecast
from worker.wire.messages import Submit
from worker.wire.params import DataParams, ShadeParams

T = TypeVar("T")
LONG_S = 0.1
"""A batch of tiles that are harder than the others stops then, and goes on in another turn."""


class DeviceRuns:
    """As `worker.runs.Runs`, on one device."""

    def __init__(
        self, device: torch.device, entered: Callable[[], AbstractContextManager[object]]
    ) -> None:
        """`entered` is what torch wants to be told in a thread before it computes there."""
        self._device, self._entered = device, entered

    def foresee(self, submit: Submit) -> Forecast:
        """By the sizes of its pictures alone."""
        area, params, passes, shade_s = submit.target.area, submit.params, 1, 0.0
        if isinstance(params, DataParams):
            return foresee_data(submit, params)
        if isinstance(params, ShadeParams):
            passes, shade_s = params.passes, SHADING.mean(area)
        field = params.field if isinstance(params, ShadeParams) else params
        left = field_left((submit.height, submit.width), field, TileCosts())
        taking_s = TAKING.estimate(sum(each.area for each in submit.shapes))
        return Forecast(
            offer=Alone(taking_s, closing=True),  # the run is there to conclude, too
            conclude_s=taking_s + HANDING_OVER.estimate(area),
            floor_s=taking_s + left.coarse_s + shade_s,
            work_s=taking_s + passes * (left.coarse_s + left.refine_s + shade_s),
        )

    def make(self, submit: Submit, payload: bytes) -> ShadeRun | FieldRun | DataRun:
        """Build the run of a job; cheap, the work is in its steps."""
        return make_run(submit, payload, self._device)

    def solve(self, shares: Sequence[tuple[ShadeRun | FieldRun, int]]) -> list[Sequence[Emission]]:
        """One batch, or a few in a row, of tiles of several jobs."""
        queues = [(run, run.queue, count) for run, count in shares]
        stages = [run.stage for run, _ in shares]  # before the last tiles of one end it
        queue = queues[0][1]
        waiting = queue.waiting()
        assert waiting is not None  # it was offered
        started = time.perf_counter()
        changed = solve_together([(queue, count) for _, queue, count in queues], LONG_S)
        seconds = time.perf_counter() - started
        pixels = queue.tiling.tile_height * queue.tiling.tile_width
        each_s = seconds / max(1, sum(map(len, changed)))
        told = []
        for (run, _, _), stage, tiles in zip(queues, stages, changed, strict=True):
            spent_s, area = each_s * len(tiles), len(tiles) * pixels
            run.tile_costs.learn(waiting.key, waiting.stage, spent_s, area)
            told.append(run.solved(stage, tiles, spent_s))
        return told

    def interruptible(self, call: Callable[[], T]) -> Fiber[T]:
        """The call, not begun yet, in pieces."""
        return Fiber(call, self._entered)
