"""Jobs of kind `shade`: what is told of the passes, what they cost, and the end by the deadline."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog
import torch

from worker.fibers import undivided, worked
from worker.kinds.borrowing import Borrowing
from worker.kinds.checkpoints import Checkpoints
from worker.kinds.costs import HANDING_OVER, TAKING, Pace, TileCosts
from worker.kinds.kept import kept_of, passes_arrays
from worker.kinds.pixels import to_picture, to_pixels
from worker.kinds.prospects import Prospects
from worker.kinds.settings import shader_settings
from worker.kinds.shading import Shading, Stage
from worker.kinds.solving import batch_offer, bounds, field_arrays
from worker.kinds.spectrum import Spectrum
from worker.kinds.telling import Telling
from worker.numerics.tile_queue import TileQueue
from worker.runs import Alone, Array, Emission, Forecast, Tiles, Work
from worker.shader.picture import Picture
from worker.wire.messages import Finished, Submit
from worker.wire.params import ShadeParams

LEAST_ROWS = 8  # pixels; a narrower strip is not worth the operators' fixed cost
OPERATORS = 3  # about as many steps has a pass of the shader
_log = structlog.get_logger()


class _Border(NamedTuple):
    """Between two passes."""

    passes: int
    picture: Picture
    spectrum: Spectrum  # of the next pass


class ShadeRun:
    """Passes of solving and shading; the last state of the image is there at any time."""

    def __init__(
        self, submit: Submit, params: ShadeParams, pixels: bytes, device: torch.device
    ) -> None:
        self._submit, self._params = submit, params
        self._settings = shader_settings(params)
        shape, rest = submit.target, memoryview(pixels)
        self._pixels = rest[: shape.nbytes]  # of the last pass, as they are sent
        rest = rest[shape.nbytes :]
        self._borrowing: Borrowing | None = None
        if submit.source is not None:
            of_source, rest = rest[: submit.source.nbytes], rest[submit.source.nbytes :]
            self._borrowing = Borrowing(
                submit, submit.source, of_source, params, self._settings, device
            )
        picture = to_picture(self._pixels, shape.height, shape.width, shape.channels, device)
        lender = self._borrowing.lender if self._borrowing else None
        self._shading = Shading(picture, params, self._settings, lender, explain=submit.explain)
        self._area = shape.height * shape.width
        self._prospects = Prospects(
            self._shading, self._borrowing, params, resumed=submit.work_bytes > 0
        )
        self._field_s = self._shade_s = 0.0
        self._pace = Pace(TAKING.estimate(self._area))
        self._checkpoints = Checkpoints()
        self._exact: _Border | None = None  # the last one before something was left out
        if rest:
            self._go_on_from(rest)
        self._telling = Telling(submit, params, self._shading, self._borrowing)

    def _go_on_from(self, work: memoryview) -> None:
        """Begin where another job over the same picture has ended."""
        try:
            self._shading.restore(kept_of(work, self._shading.picture, self._params.passes))
        except ValueError as error:
            _log.warning("partial work is begun anew", job=self._submit.job, reason=str(error))
        if self._shading.passes_done:
            self._pixels = to_pixels(self._shading.picture)

    @property
    def finished(self) -> bool:
        """Whether all passes are done."""
        return self._shading.finished

    # --- the work ------------------------------------------------------------------------------

    def forecast(self, expected_s: float) -> Forecast:
        """As planned at the last border of a stage."""
        with undivided():
            return self._forecast(expected_s)

    def _forecast(self, expected_s: float) -> Forecast:
        prospects = self._prospects
        prospects.plan(expected_s)
        conclude_s = self.conclude_s()
        shaded_s = max(0.0, conclude_s - HANDING_OVER.estimate(self._area))
        return Forecast(
            offer=None if prospects.ends else self._offer(),
            conclude_s=conclude_s,
            floor_s=prospects.floor_s(shaded_s),
            work_s=prospects.work_s,
        )

    def _offer(self) -> Tiles | Alone:
        stage, solving = self._shading.stage, self._shading.solving
        waiting = None if solving is None else solving.waiting()
        if solving is not None and waiting is not None:
            return batch_offer(solving.solver, waiting, self._prospects.tiles)
        if stage == "strokes" and self._borrowing is not None:
            return Alone(self._borrowing.search_s() / OPERATORS)
        if stage == "shader":
            return Alone(self._prospects.shading.estimate(self._area) / OPERATORS, closing=True)
        return Alone(self._pace.next_s)

    @property
    def queue(self) -> TileQueue:
        """Where the tiles wait that were offered."""
        solving = self._shading.solving
        assert solving is not None
        assert isinstance(solving.solver, TileQueue)
        return solving.solver

    @property
    def tile_costs(self) -> TileCosts:
        """What its tiles cost."""
        return self._prospects.tiles

    def step(self) -> Sequence[Emission]:
        """One step of a field, or one operator of the shader once the pass has its field."""
        started = worked()
        told = self._telling.began()
        shading, stage = self._shading, self._shading.stage
        border = _Border(shading.passes_done, shading.picture, shading.spectrum)
        changed = shading.step()
        seconds = worked() - started
        self._pace.took(seconds)
        told += self._after(stage, changed, seconds)
        if shading.passes_done > border.passes:
            with undivided():
                self._keep(border)
                told += self._told_of_pass(border)
        return told

    @property
    def stage(self) -> Stage:
        """What the next step, or batch, works on."""
        return self._shading.stage

    def solved(self, stage: Stage, changed: list[int], seconds: float) -> Sequence[Emission]:
        """After tiles that were offered at a `stage` have been solved in a batch."""
        return self._after(stage, changed, seconds)

    def _after(self, stage: Stage, changed: list[int], seconds: float) -> list[Emission]:
        self._prospects.took(stage, seconds)
        if stage == "strokes":
            self._shade_s += seconds
            self._pace = Pace(TAKING.estimate(self._area))  # of the target's steps
        elif stage != "shader":
            self._field_s += seconds
        return self._telling.solved(stage, changed)

    def drop(self) -> None:
        """Let go of what further steps would need."""
        lender = self._shading.lender
        for spectrum in (self._shading.spectrum, lender.spectrum if lender else None):
            if spectrum is not None:
                spectrum.solver.drop()

    # --- the end -------------------------------------------------------------------------------

    def conclude_s(self) -> float:
        """Hand over the picture; before the first pass also shade what has a field by then."""
        handing_s, shading = HANDING_OVER.estimate(self._area), self._shading
        if shading.shading:
            left_s = self._prospects.shading.estimate(self._area) - self._prospects.operators_s
            return handing_s + max(0.0, left_s)
        if shading.passes_done:
            return handing_s
        return handing_s + shading.spectrum.rows_solved() * self._row_s

    def conclude(self, within_s: float) -> list[Emission]:
        """With the last complete pass, or what field and time allow of the first one."""
        told = (
            [] if self.finished else self._last_pass(within_s - HANDING_OVER.estimate(self._area))
        )
        skipped = self._borrowing.skipped() if self._borrowing else []
        skipped += self._prospects.skipped
        state = "complete" if self.finished and not skipped else "partial"
        solver, telling = self._telling.solver, self._telling
        median, largest = bounds(solver)
        finished = Finished(
            job=self._submit.job,
            state=state,  # type: ignore[arg-type]
            channels=self._submit.channels,
            pass_tiles_converged=solver.converged,
            pass_tiles_total=solver.tiling.count,
            passes_done=self._shading.passes_done,
            passes_total=self._params.passes,
            tiles_done=telling.tiles_before + solver.converged,
            tiles_total=telling.tiles_total,
            angle_bound_median=median,
            angle_bound_max=largest,
            field_s=self._field_s,
            shade_s=self._shade_s,
            oom_retries=self._shading.oom_retries,
            skipped=skipped,
            arrays=bool(solver.usable.any()) or (self._submit.keep_work and state == "partial"),
        )
        return [*told, (finished, self._pixels)]

    def checkpoint(self, *, last: bool = False) -> Work | None:
        """The last complete pass and the tiles after it, or of these what is new."""
        if not last and (self._exact is not None or self.finished):
            return None
        passes, picture, spectrum = self._border()
        return self._checkpoints.work(
            spectrum.solver,
            self._field_s + self._shade_s,
            passes,
            lambda: passes_arrays(passes, picture, spectrum.sketch),
            last=last,
        )

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """The field of the last pass that was reached."""
        if bool(self._telling.solver.usable.any()):
            yield from field_arrays(self._telling.solver, self._params.field)

    def _border(self) -> _Border:
        """Where to go on: nothing before it would differ without a deadline."""
        shading = self._shading
        now = _Border(shading.passes_done, shading.picture, shading.spectrum)
        return self._exact or now

    def _keep(self, before: _Border) -> None:
        """After a pass: if something was left out of it, remember how it was before."""
        spectrum, lender = before.spectrum, self._shading.lender
        whole = spectrum.solver.refining and not spectrum.lacks_outlines
        whole &= not (lender and lender.cut)
        if self._submit.keep_work and self._exact is None and not whole:
            self._exact = before

    def _told_of_pass(self, before: _Border) -> list[Emission]:
        self._pixels = to_pixels(self._shading.picture)
        self._prospects.made(before.spectrum, self._shading.passes_done)
        before.spectrum.solver.drop()  # what is kept open for it is of no use any more
        self._shade_s += self._prospects.operators_s
        self._prospects.pass_done(edged=before.spectrum.unsketched)
        return self._telling.of_pass(self._pixels, self._settings.background)

    # --- shading by the deadline -----------------------------------------------------------------

    @property
    def _row_s(self) -> float:
        """Seconds for a row of the pass under way, whose operators have not begun; estimated."""
        return self._prospects.shading.estimate(self._submit.width)

    def _last_pass(self, seconds: float) -> list[Emission]:
        """What the time allows of the pass under way; what is told of it if it is whole.

        Only of the first pass are there parts: half a picture of two strokes would be none.
        """
        shading = self._shading
        before = _Border(shading.passes_done, shading.picture, shading.spectrum)
        started = worked()
        if self._whole_within(seconds):
            shading.last_pass()
            self._prospects.took("shader", worked() - started)
            self._exact = self._exact or before
            return self._told_of_pass(before)
        rows = 0
        if not shading.passes_done:
            rows = min(shading.spectrum.rows_solved(), int(seconds / self._row_s))
        if rows < LEAST_ROWS:
            self._prospects.shading.relax()
        else:
            self._shade_top(rows)
        return []

    def _whole_within(self, seconds: float) -> bool:
        """Whether there is time for all of the pass under way, with the field as it is."""
        shading = self._shading
        if shading.shading:
            left_s = self._prospects.shading.estimate(self._area) - self._prospects.operators_s
            return left_s <= seconds
        known = bool(shading.spectrum.solver.usable.all())
        return known and not shading.passes_done and self._submit.height * self._row_s <= seconds

    def _shade_top(self, rows: int) -> None:
        price, started = self._prospects.shading, worked()
        top = to_pixels(self._shading.top_of_pass(rows))
        took_s = worked() - started
        price.learn(took_s, rows * self._submit.width)
        self._shade_s += took_s
        self._pixels = memoryview(b"".join((top, self._pixels[len(top) :])))
