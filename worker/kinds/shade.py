"""Jobs of kind `shade`: what is told of the passes, what they cost, and the end by the deadline."""

import time
from collections.abc import Iterator, Sequence

import torch

from worker.kinds.borrowing import Borrowing
from worker.kinds.costs import HANDING_OVER, OUTLINING, SHADING, Pace
from worker.kinds.pixels import to_picture, to_pixels
from worker.kinds.progress import FieldProgress, image_preview
from worker.kinds.settings import shader_settings
from worker.kinds.shading import Shading, Stage
from worker.kinds.solving import bounds, field_arrays
from worker.runs import Array, Emission
from worker.shader.picture import seen
from worker.wire.messages import Finished, PassDone, Submit
from worker.wire.params import ShadeParams

LEAST_ROWS = 8  # pixels; a narrower strip is not worth the operators' fixed cost


class ShadeRun:
    """Passes of solving and shading; the last state of the image is there at any time."""

    def __init__(
        self, submit: Submit, params: ShadeParams, pixels: bytes, device: torch.device
    ) -> None:
        self._submit, self._params = submit, params
        self._settings = shader_settings(params)
        shape = submit.target
        self._pixels = memoryview(pixels)[: shape.nbytes]  # of the last pass, as they are sent
        self._borrowing: Borrowing | None = None
        if submit.source is not None:
            rest = memoryview(pixels)[shape.nbytes :]
            self._borrowing = Borrowing(submit, submit.source, rest, params, self._settings, device)
        picture = to_picture(self._pixels, shape.height, shape.width, shape.channels, device)
        lender = self._borrowing.lender if self._borrowing else None
        self._shading = Shading(picture, params, self._settings, lender)
        self._area = shape.height * shape.width
        self._operators_s = 0.0  # of the pass that is being shaded
        self._field_s = self._shade_s = 0.0
        self._pace = Pace()
        self._follow()

    @property
    def finished(self) -> bool:
        """Whether all passes are done."""
        return self._shading.finished

    def step(self) -> Sequence[Emission]:
        """One step of a field, or one operator of the shader once the pass has its field."""
        started = time.perf_counter()
        told = self._borrowing.begin(self._tiles_total) if self._borrowing else []
        stage, passes = self._shading.stage, self._shading.passes_done
        changed = self._shading.step()
        self._took(stage, time.perf_counter() - started)
        told += self._told_of_source(stage, changed)
        if self._shading.passes_done > passes:
            return told + self._told_of_pass()
        if self._solver is not self._shading.spectrum.solver:  # it had to leave its device
            self._follow()
        if stage == "field":
            told += self._progress.report(changed, self._tiles_before, self._tiles_total)
        return told

    def next_step_s(self) -> float | None:
        """An operator of the shader: about a third of the pass; else as the longest of late."""
        stage = self._shading.stage
        if self.finished or stage in ("source", "field"):
            return self._pace.next_s
        if stage == "strokes" and self._borrowing is not None:
            return self._borrowing.search_s() / 3
        return SHADING.estimate(self._area) / 3

    def conclude_s(self) -> float:
        """Hand over the picture, and shade what has a field by then."""
        rows = 0 if self.finished else self._shading.spectrum.rows_solved()
        shading = max(0.0, rows * self._row_s - self._operators_s)
        return HANDING_OVER.estimate(self._area) + shading

    def conclude(self, within_s: float) -> tuple[Finished, memoryview]:
        """The last complete pass, and beyond it what field and time allow of the next."""
        solver = self._solver
        within_s -= HANDING_OVER.estimate(self._area)
        payload = self._pixels if self.finished else self._shaded_within(within_s)
        median, largest = bounds(solver)
        skipped = self._borrowing.skipped() if self._borrowing else []
        finished = Finished(
            job=self._submit.job,
            state="complete" if self.finished and not skipped else "partial",
            channels=self._submit.channels,
            pass_tiles_converged=solver.converged,
            pass_tiles_total=solver.tiling.count,
            passes_done=self._shading.passes_done,
            passes_total=self._params.passes,
            tiles_done=self._tiles_before + solver.converged,
            tiles_total=self._tiles_total,
            angle_bound_median=median,
            angle_bound_max=largest,
            field_s=self._field_s,
            shade_s=self._shade_s,
            oom_retries=self._shading.oom_retries,
            skipped=skipped,
            arrays=bool(solver.usable.any()),
        )
        return finished, payload

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """The field of the last pass that was reached."""
        return field_arrays(self._solver, self._params.field)

    # --- progress -----------------------------------------------------------------------------

    def _follow(self) -> None:
        """Tell of the field of the pass under way from now on."""
        self._solver = self._shading.spectrum.solver
        index = self._shading.passes_done + (not self.finished)
        channel = self._params.field.channel
        self._progress = FieldProgress(self._submit.job, self._solver, channel, index)

    @property
    def _tiles_before(self) -> int:
        """Tiles that are done besides those of the pass that was reached."""
        passes = self._shading.passes_done - self.finished
        lent = self._borrowing.lender.converged if self._borrowing else 0
        return lent + passes * self._solver.tiling.count

    @property
    def _tiles_total(self) -> int:
        lent = self._borrowing.lender.count if self._borrowing else 0
        return lent + self._params.passes * self._solver.tiling.count

    def _took(self, stage: Stage, seconds: float) -> None:
        """Note what a step has cost, and whom."""
        if stage == "shader":
            self._operators_s += seconds
        elif stage == "strokes":
            self._shade_s += seconds
        else:
            self._field_s += seconds
            self._pace.took(seconds)

    def _told_of_source(self, stage: Stage, changed: list[int]) -> list[Emission]:
        if self._borrowing is None or stage not in ("source", "strokes"):
            return []
        if stage == "source":
            return self._borrowing.solved(changed, self._tiles_total)
        self._borrowing.searched()
        self._pace = Pace()  # the steps of the target's field may be far shorter
        return []

    def _told_of_pass(self) -> list[Emission]:
        picture, index = self._shading.picture, self._shading.passes_done
        self._pixels = to_pixels(picture)
        SHADING.learn(self._operators_s, self._area)
        self._shade_s += self._operators_s
        self._operators_s = 0.0
        self._follow()
        job = self._submit.job
        done = PassDone(job=job, index=index, of=self._params.passes)
        look = image_preview(job, index, seen(picture, self._settings.background))
        return [(done, self._pixels), look]

    # --- the end ------------------------------------------------------------------------------

    @property
    def _row_s(self) -> float:
        """Seconds for a row of the pass under way, whose operators have not begun; estimated."""
        width = self._submit.width
        outlining = OUTLINING.estimate(width) if self._shading.spectrum.unsketched else 0.0
        return SHADING.estimate(width) + outlining

    def _shaded_within(self, seconds: float) -> memoryview:
        """The picture with as much of the pass under way as the time allows."""
        shading, width = self._shading, self._submit.width
        left_s = SHADING.estimate(self._area) - self._operators_s
        whole = shading.shading and left_s <= seconds
        rows = min(shading.spectrum.rows_solved(), int(seconds / self._row_s))
        outlined = shading.spectrum.unsketched
        if not whole and rows < LEAST_ROWS:
            SHADING.relax()
            return self._pixels
        started = time.perf_counter()
        top = to_pixels(shading.rest_of_pass() if whole else shading.top_of_pass(rows))
        took_s = time.perf_counter() - started
        if whole:
            SHADING.learn(self._operators_s + took_s, self._area)
        elif not outlined:
            SHADING.learn(took_s, rows * width)
        self._shade_s += self._operators_s + took_s
        return memoryview(b"".join((top, self._pixels[len(top) :])))
