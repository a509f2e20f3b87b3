"""The passes of one job, without wire, clock and messages: field, gate, growth, and again."""

from collections.abc import Generator
from typing import Literal, NamedTuple, TypeAlias

from worker.fibers import undivided
from worker.kinds.kept import Kept
from worker.kinds.lender import Lender
from worker.kinds.pixels import eight_bit
from worker.kinds.spectrum import Spectrum
from worker.numerics.lanes import single_threaded
from worker.shader.explanation import Explanation, explanation_of
from worker.shader.picture import Picture
from worker.shader.settings import ShaderSettings
from worker.shader.shader import Shaded, shade, shade_stages
from worker.shader.source import Source
from worker.shader.stages import result_of
from worker.wire.params import ShadeParams

Stage: TypeAlias = Literal["source", "strokes", "field", "outlines", "shader"]
PlannedStage: TypeAlias = Literal["coarse", "refine", "shade"]


class _Pass(NamedTuple):
    """What the operators of a pass lead to."""

    shaded: Shaded
    explanation: Explanation | None


class Shading:
    """First the source, if there is one, then pass after pass; in steps of about 50 ms.

    Attributes:
        picture: the result of the last complete pass; before the first one the input.
        passes_done: complete passes.
        spectrum: the field of the pass under way; after the last pass that of the last one.
        lender: the source in cross mode.
        over: whether the last pass was made, with the field as it was.
        explanation: how the last complete pass came about, where that is asked for.
    """

    def __init__(
        self,
        picture: Picture,
        params: ShadeParams,
        settings: ShaderSettings,
        lender: Lender | None = None,
        *,
        explain: bool = False,
    ) -> None:
        """Plan; the work is in the steps."""
        self._params, self._settings, self._explains = params, settings, explain
        self.explanation: Explanation | None = None
        self.picture = picture
        self.lender = lender
        self.passes_done, self.over = 0, False
        self.spectrum = Spectrum(picture, params, settings)
        self._operators: Generator[None, None, _Pass] | None = None

    def restore(self, kept: Kept) -> None:
        """Go on from what another job over the same picture has left, before the first step.

        Raises:
            ValueError: the field is that of another picture.
        """
        spectrum = self.spectrum
        if kept.picture is not None:
            spectrum = spectrum.after(kept.picture, kept.sketch)
        if kept.field:
            spectrum.solver.restore(kept.field)
        self.spectrum, self.picture, self.passes_done = spectrum, spectrum.picture, kept.passes

    @property
    def finished(self) -> bool:
        """Whether all passes are done."""
        return self.passes_done == self._params.passes

    @property
    def stage(self) -> Stage:
        """What the next step works on."""
        if self.lender is not None and self.lender.source is None:
            return "source" if self.lender.solving else "strokes"
        if self.spectrum.ready:
            return "shader"
        return "outlines" if self.spectrum.solver.finished else "field"

    @property
    def planned_stage(self) -> PlannedStage:
        """Where the pass under way stands: a plan is made anew at each of these borders."""
        solver = self.spectrum.solver
        if solver.finished:
            return "shade"
        waiting = solver.waiting()
        refines = waiting is not None and waiting.stage == "refine"
        if solver.straight:  # now and then a tile that takes longer
            refines &= bool(solver.usable.all())
        return "refine" if refines else "coarse"

    @property
    def solving(self) -> Spectrum | None:
        """The picture whose field is solved in the next step."""
        if self.stage == "source" and self.lender is not None:
            return self.lender.spectrum
        return self.spectrum if self.stage == "field" else None

    @property
    def shading(self) -> bool:
        """Whether operators of the pass under way have begun."""
        return self._operators is not None

    @property
    def oom_retries(self) -> int:
        """How often the device had no memory left."""
        lent = self.lender.spectrum if self.lender is not None else None
        return (lent or self.spectrum).solver.memory.retries

    def step(self) -> list[int]:
        """A step of a field, or an operator once the field is there; the tiles that got better."""
        if self.finished:
            return []
        if self.lender is not None and self.lender.source is None:
            return self._borrow(self.lender)
        if not self.spectrum.ready:
            return self.spectrum.step()
        if self._operators is None:
            self._operators = self._shade()
        try:
            with single_threaded():
                next(self._operators)
        except StopIteration as end:
            self._end_pass(end.value)
        except BaseException:  # abandoned in the middle
            self._operators = None
            raise
        return []

    @single_threaded()
    def last_pass(self) -> None:
        """Bring the pass under way to its end, with the field as it is; the end of all steps."""
        shaded, self.explanation = result_of(self._operators or self._shade())
        self._operators, self.over = None, True
        self.picture = eight_bit(shaded.picture)
        self.passes_done += 1

    @single_threaded()
    def top_of_pass(self, rows: int) -> Picture:
        """The first rows after the pass under way; unchanged where there is no field yet."""
        before, field, rule, sketch = self.spectrum.top(rows)
        index = self.passes_done + 1
        settings = self._settings.rows_of(self.picture.rgb.shape[1:])
        shaded = shade(before, field, settings, rule, index, sketch, self._source)
        covered = self.spectrum.covered()[:rows]
        opacity = None
        if before.alpha is not None and shaded.alpha is not None:
            opacity = shaded.alpha.where(covered, before.alpha)
        return Picture(shaded.rgb.where(covered, before.rgb), opacity)

    @property
    def _source(self) -> Source | None:
        return None if self.lender is None else self.lender.source

    def _borrow(self, lender: Lender) -> list[int]:
        changed = lender.step()
        if lender.source is not None and lender.spectrum is not None:
            self.spectrum.inherit_memory(lender.spectrum)
            lender.forget()  # its vectors are as large as those of the passes
        return changed

    def _shade(self) -> Generator[None, None, _Pass]:
        picture, field, rule, sketch = self.spectrum.ground()
        yield
        index = self.passes_done + 1
        shaded = yield from shade_stages(
            picture, field, self._settings, rule, index, sketch, self._source
        )
        if not self._explains:
            return _Pass(shaded, None)
        yield
        return _Pass(shaded, explanation_of(shaded.trace, field.shape))

    def _end_pass(self, made: _Pass) -> None:
        with undivided():
            shaded, self.explanation = made
            # What is stored is what the next pass starts from.
            picture, spectrum = eight_bit(shaded.picture), self.spectrum
            if self.passes_done + 1 < self._params.passes:
                sketch = shaded.sketch
                spectrum = Spectrum(picture, self._params, self._settings, spectrum, sketch)
            self._operators = None
            self.picture, self.spectrum = picture, spectrum
            self.passes_done += 1
