"""The source beside its job: how long it may take, what is remembered of it and told."""

from functools import partial
from time import perf_counter

import torch

from worker.kinds.costs import SHADING, TileCosts
from worker.kinds.field_costs import field_left
from worker.kinds.lender import Lender
from worker.kinds.pixels import to_picture
from worker.kinds.progress import tiles_message
from worker.kinds.sources import SOURCES, source_key
from worker.runs import Emission
from worker.shader.settings import ShaderSettings
from worker.wire.messages import Shape, Skipped, Submit, Tiles
from worker.wire.params import ShadeParams

SHARE = 0.5
"""Of a job's time at most, so that a large source leaves some for the passes."""


class Borrowing:
    """Watches over the lender of one job."""

    def __init__(
        self,
        submit: Submit,
        shape: Shape,
        pixels: memoryview,  # of the source
        params: ShadeParams,
        settings: ShaderSettings,
        device: torch.device,
    ) -> None:
        self._submit, self._shape, self._pixels, self._params = submit, shape, pixels, params
        size = (shape.height, shape.width)
        make = partial(to_picture, pixels, *size, shape.channels, device)
        self.lender = Lender(make, size, params, settings)
        self.field_s = 0.0  # that the field has taken
        self._key: bytes | None = None  # once the first step has looked
        self._ends = 0.0  # on the clock, once it has begun

    def begin(self, total: int) -> list[Emission]:
        """With the first step: perhaps the field is known from another job. `total`: tiles."""
        if self._key is not None or not self.lender.solving:
            return []
        self._ends = perf_counter() + SHARE * self._submit.budget_s
        self._key = source_key(self._pixels, self._shape, self._params)
        solved = SOURCES.get(self._key)
        if solved is None:
            return []
        self.lender.recall(solved)
        count = self.lender.count
        message = Tiles(
            job=self._submit.job,
            pass_index=0,
            done=count,
            total=total,
            pass_done=count,
            pass_total=count,
            certificates=[],
        )
        return [(message, b"")]

    def solved(self, changed: list[int], total: int) -> list[Emission]:
        """After a step of the field, which is given up when its time is over."""
        lender = self.lender
        if perf_counter() + self.search_s() > self._ends:
            lender.give_up()
        if lender.spectrum is None or not changed:
            return []
        solver = lender.spectrum.solver
        return [(tiles_message(self._submit.job, 0, solver, changed, 0, total), b"")]

    def left_s(self, costs: TileCosts) -> float:
        """Seconds that the field still takes, estimated: no more than it may."""
        lender = self.lender
        if not lender.solving:
            return 0.0
        solver = None if lender.spectrum is None else lender.spectrum.solver
        left = field_left(lender.size, self._params.field, costs, solver, self.field_s)
        now = perf_counter()
        within_s = (self._ends or now + SHARE * self._submit.budget_s) - now
        return min(left.coarse_s + left.refine_s, max(0.0, within_s))

    def search_s(self) -> float:
        """Seconds that the search for strokes takes, estimated: about half of a pass."""
        return SHADING.estimate(self.lender.pixels) / 2

    def searched(self) -> None:
        """After a step of the search for strokes: a complete field is kept for other jobs."""
        if self._key is not None and self.lender.solved is not None:
            SOURCES.put(self._key, self.lender.solved)

    def skipped(self) -> list[Skipped]:
        """What was left out for time."""
        lender = self.lender
        if not lender.cut:
            return []
        reached = f"{lender.converged} of {lender.count} tiles"
        why = f"half of the time was over before its field was complete: {reached}"
        return [Skipped(what="source", why=why)]
