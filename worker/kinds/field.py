"""Jobs of kind `field`: the Fiedler field of one image."""

from collections.abc import Iterator, Sequence
from typing import Final

import structlog
import torch
from torch import Tensor

from worker.drawing.paint import line_picture
from worker.fibers import worked
from worker.kinds.checkpoints import Checkpoints
from worker.kinds.colours import viridis
from worker.kinds.costs import (
    DRAWING,
    RENDERING,
    TAKING,
    Pace,
    Price,
    TileCosts,
)
from worker.kinds.drawing import MOST_PIXELS, Drawing, drawing, drawn
from worker.kinds.field_costs import field_left, learn_whole
from worker.kinds.kept import kept_of
from worker.kinds.pixels import interleaved, to_picture
from worker.kinds.progress import FieldProgress
from worker.kinds.solving import (
    batch_offer,
    bounds,
    field_arrays,
    make_solver,
    modes_of,
    on_cpu,
    rendered,
)
from worker.numerics.field_state import FieldState
from worker.numerics.memory import OutOfMemory
from worker.numerics.tile_queue import TileQueue
from worker.planner import MARGIN
from worker.runs import Alone, Array, Emission, Forecast, Tiles, Work
from worker.shader.picture import Picture, seen
from worker.wire.messages import Finished, Submit
from worker.wire.params import FieldParams

WHITE = (1.0, 1.0, 1.0)
_log = structlog.get_logger()


class FieldRun:
    """Solves tiles until all are certified; the picture of what there is at any time."""

    def __init__(
        self, submit: Submit, params: FieldParams, pixels: bytes, device: torch.device
    ) -> None:
        self._submit, self._params = submit, params
        rest = memoryview(pixels)
        shape = submit.target
        picture = to_picture(
            rest[: shape.nbytes], shape.height, shape.width, shape.channels, device
        )
        self._take(make_solver(seen(picture, WHITE), params, modes=modes_of(params)))
        self._field_s = 0.0
        self._costs = TileCosts()
        self._pace = Pace(TAKING.estimate(shape.area))
        self._drawing: Drawing | None = None  # that was answered
        self._checkpoints = Checkpoints()
        if rest[shape.nbytes :]:
            self._go_on_from(rest[shape.nbytes :], picture)

    def _go_on_from(self, work: memoryview, picture: Picture) -> None:
        """Begin where another job over the same picture has ended."""
        try:
            self._solver.restore(kept_of(work, picture, 0).field)
        except ValueError as error:
            _log.warning("partial work is begun anew", job=self._submit.job, reason=str(error))

    def _take(self, solver: FieldState) -> None:
        self._solver = solver
        self._progress = FieldProgress(self._submit.job, solver, self._params.channel, 1)

    def forecast(self, expected_s: float) -> Forecast:
        """The rest of the field; its coarse state is what no load may take away."""
        left = field_left(self.size, self._params, self._costs, self._solver, self._field_s)
        # A resumed one too: each try begins further on, however short they are.
        self._solver.straight = MARGIN * sum(left) <= expected_s or self._submit.work_bytes > 0
        return Forecast(
            offer=None if self.finished else self._offer(),
            conclude_s=self.conclude_s(),
            floor_s=left.coarse_s,
            work_s=left.coarse_s + left.refine_s,
        )

    def _offer(self) -> Tiles | Alone:
        waiting = self._solver.waiting()
        if waiting is not None:
            return batch_offer(self._solver, waiting, self._costs)
        return Alone(self._pace.next_s)

    @property
    def queue(self) -> TileQueue:
        """Where the tiles wait that were offered."""
        assert isinstance(self._solver, TileQueue)
        return self._solver

    @property
    def tile_costs(self) -> TileCosts:
        """What its tiles cost."""
        return self._costs

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture (H, W)."""
        return self._submit.height, self._submit.width

    def step(self) -> Sequence[Emission]:
        """One step of the field."""
        started = worked()
        try:
            changed = self._solver.step()
        except OutOfMemory:
            self._take(on_cpu(self._solver, self._params))
            changed = []
        took_s = worked() - started
        self._pace.took(took_s)
        if self._solver.finished:
            learn_whole(self.size, self._params, self._field_s + took_s)
        return self.solved(self.stage, changed, took_s)

    stage: Final = "field"

    def solved(self, stage: str, changed: list[int], seconds: float) -> Sequence[Emission]:  # noqa: ARG002 - there is one
        """After tiles that were offered have been solved in a batch."""
        self._field_s += seconds
        return list(self._progress.report(changed, 0, self._solver.tiling.count))

    def drop(self) -> None:
        """Let go of what further steps would need."""
        self._solver.drop()

    @property
    def finished(self) -> bool:
        """Whether every tile is as good as it gets."""
        return self._solver.finished

    def conclude_s(self) -> float:
        """Blend and colour, or draw, and hand over: also while there is nothing to show yet.

        The first step would make it dear all at once.
        """
        return self._price.estimate(self._priced_pixels)

    def conclude(self, within_s: float) -> list[Emission]:  # noqa: ARG002
        """The field's picture; it cannot be had for less."""
        solver = self._solver
        started = worked()
        picture = self._picture() if self._known else self._blank()
        payload = interleaved(picture)
        if self._known:
            self._price.learn(worked() - started, self._priced_pixels)
        median, largest = bounds(solver)
        finished = Finished(
            job=self._submit.job,
            state="complete" if self.finished else "partial",
            channels=len(picture),
            pass_tiles_converged=solver.converged,
            pass_tiles_total=solver.tiling.count,
            tiles_done=solver.converged,
            tiles_total=solver.tiling.count,
            angle_bound_median=median,
            angle_bound_max=largest,
            field_s=self._field_s,
            oom_retries=solver.memory.retries,
            arrays=True,
        )
        return [(finished, payload)]

    def _picture(self) -> Tensor:
        """(3, H, W) uint8, or with opacity (4, H, W)."""
        solver, params = self._solver, self._params
        if params.render == "contours":
            lines = drawing(solver)
            self._drawing = Drawing(lines, drawn(lines, solver, params.background))
            return self._drawing.picture
        field = solver.blend(params.align, params.structure_weight, [params.channel - 1])[0]
        return rendered(field, params)

    def _blank(self) -> Tensor:
        """The picture before there is any field: one colour, for next to no time."""
        solver, params = self._solver, self._params
        size = (solver.tiling.height, solver.tiling.width)
        if params.render != "contours":
            return viridis(torch.full((1, 1), 0.5)).expand(-1, *size)
        lines = drawing(solver)
        paper = line_picture(lines, 1, 1, params.background).expand(-1, *size)
        self._drawing = Drawing(lines, paper)
        return paper

    @property
    def _known(self) -> bool:
        """Whether there is any field to show."""
        return bool(self._solver.usable.any())

    @property
    def _price(self) -> Price:
        return DRAWING if self._params.render == "contours" else RENDERING

    @property
    def _priced_pixels(self) -> int:
        pixels = self._submit.height * self._submit.width
        return min(pixels, MOST_PIXELS) if self._params.render == "contours" else pixels

    def checkpoint(self, *, last: bool = False) -> Work | None:
        """The tiles that are new."""
        if self.finished:
            return None
        return self._checkpoints.work(self._solver, self._field_s, last=last)

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """The arrays of the npz."""
        yield from field_arrays(self._solver, self._params, self._drawing)
