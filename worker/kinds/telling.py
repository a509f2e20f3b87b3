"""What a shading job tells of its source, its fields and its passes."""

from worker.kinds.borrowing import Borrowing
from worker.kinds.explaining import explained
from worker.kinds.progress import FieldProgress, image_preview
from worker.kinds.shading import Shading, Stage
from worker.numerics.field_state import FieldState
from worker.runs import Emission
from worker.shader.picture import seen
from worker.wire.messages import PassDone, Submit
from worker.wire.params import ShadeParams

Background = tuple[float, float, float]


class Telling:
    """Follows the passes of one job.

    Attributes:
        solver: the field of the pass under way, after the last pass that of the last one.
    """

    def __init__(
        self, submit: Submit, params: ShadeParams, shading: Shading, borrowing: Borrowing | None
    ) -> None:
        """Begin with the pass under way."""
        self._job, self._params = submit.job, params
        self._shading, self._borrowing = shading, borrowing
        self.solver: FieldState
        self._progress: FieldProgress
        self._follow()

    @property
    def tiles_before(self) -> int:
        """Tiles that are done besides those of the pass that was reached."""
        shading = self._shading
        passes = shading.passes_done - (shading.finished or shading.over)
        lent = self._borrowing.lender.converged if self._borrowing else 0
        return lent + passes * self.solver.tiling.count

    @property
    def tiles_total(self) -> int:
        """Of all passes and the source together."""
        lent = self._borrowing.lender.count if self._borrowing else 0
        return lent + self._params.passes * self.solver.tiling.count

    def began(self) -> list[Emission]:
        """With every step: the field of the source may be known from another job."""
        return self._borrowing.begin(self.tiles_total) if self._borrowing else []

    def solved(self, stage: Stage, changed: list[int]) -> list[Emission]:
        """After a step of a stage: tiles that got better."""
        told: list[Emission] = []
        if self._borrowing is not None and stage == "source":
            return self._borrowing.solved(changed, self.tiles_total)
        if self._borrowing is not None and stage == "strokes":
            self._borrowing.searched()
        if stage == "field":
            if self.solver is not self._shading.spectrum.solver:
                self._follow()  # it had to leave its device
            told += self._progress.report(changed, self.tiles_before, self.tiles_total)
        return told

    def of_pass(self, pixels: memoryview, background: Background) -> list[Emission]:
        """After a pass, whose picture has these pixels."""
        self._follow()
        index, picture = self._shading.passes_done, self._shading.picture
        done = PassDone(job=self._job, index=index, of=self._params.passes)
        preview = image_preview(self._job, index, seen(picture, background))
        explanation = self._shading.explanation
        told = [] if explanation is None else [explained(self._job, index, explanation)]
        return [*told, (done, pixels), preview]

    def _follow(self) -> None:
        self.solver = self._shading.spectrum.solver
        shading = self._shading
        index = shading.passes_done + (not (shading.finished or shading.over))
        channel = self._params.field.channel
        self._progress = FieldProgress(self._job, self.solver, channel, index)
