"""What lies before a shading job, in seconds of the device, and what of it is planned."""

from worker.kinds.borrowing import Borrowing
from worker.kinds.costs import EDGING, SHADING, SKETCHING, Price, TileCosts
from worker.kinds.field_costs import FieldLeft, field_left, learn_whole
from worker.kinds.outlines import MOST_PIXELS
from worker.kinds.shading import PlannedStage, Shading, Stage
from worker.kinds.spectrum import Spectrum
from worker.passes import LATE, Itinerary, PassCosts
from worker.planner import MARGIN
from worker.wire.messages import Skipped
from worker.wire.params import ShadeParams


class Prospects:
    """Plans the passes of one job, and says what they cost.

    Attributes:
        size: of the picture (H, W).
        tiles: what its tiles cost.
        field_s, sketching_s, operators_s: that the pass under way has taken.
    """

    def __init__(
        self,
        shading: Shading,
        borrowing: Borrowing | None,
        params: ShadeParams,
        *,
        resumed: bool = False,
    ) -> None:
        """Nothing is planned before `plan`.

        A `resumed` job does tile after tile until its deadline: however short that is, whoever
        goes on from there begins further on.
        """
        self._resumed = resumed
        self._shading, self._borrowing, self._params = shading, borrowing, params
        height, width = shading.picture.rgb.shape[1:]
        self.size, self._area = (height, width), height * width
        self._itinerary = Itinerary(params.passes)
        self._late: dict[str, str] = {}  # what passes had to do without, and why
        self._made: set[str] = set()  # what was left out of the plan, and done all the same
        self._at: tuple[int, PlannedStage] | None = None  # the border at which the plan was made
        self.tiles = TileCosts()
        self.field_s = self.sketching_s = self.operators_s = 0.0

    def plan(self, expected_s: float) -> None:
        """At the border of a stage: what to do of the rest in so many seconds of the device."""
        shading, solver = self._shading, self._shading.spectrum.solver
        at, left_s = (shading.passes_done, shading.planned_stage), expected_s - self.source_s
        if shading.finished or shading.over:
            return
        if at != self._at:
            self._at = at
            self._replan(max(0.0, left_s))
        if at[1] == "coarse":
            # There may be less time than at the border, when others have come.
            pass_s = sum(self._field_left()) + self._sketching_s + self._shade_left_s
            fits = self._itinerary.refines and MARGIN * pass_s <= left_s
            solver.straight = fits or self._resumed
        else:
            # Whether to refine is decided when all tiles have a vector, by what time there is.
            solver.refining = self._itinerary.refines or self._resumed

    def _replan(self, left_s: float) -> None:
        assert self._at is not None
        passes_done, stage = self._at
        late = MARGIN * (self._sketching_s + self._shade_left_s) > left_s
        if stage == "shade" and late and not self._resumed:
            self._shading.spectrum.sketchy = True
        self._itinerary.replan(passes_done, stage, self._costs(), left_s)

    @property
    def ends(self) -> bool:
        """Whether nothing is left to do, or time for nothing that would be seen."""
        return self._shading.finished or (self._itinerary.ends and not self._resumed)

    @property
    def skipped(self) -> list[Skipped]:
        """What was left out for time."""
        left_out = dict(self._itinerary.skipped(self._shading.passes_done)) | self._late
        return [Skipped(what=w, why=why) for w, why in left_out.items() if w not in self._made]

    def made(self, spectrum: Spectrum, index: int) -> None:
        """Note what a pass had, and what it had to do without."""
        refinement = f"refinement of pass {index}"
        if spectrum.solver.converged == spectrum.solver.tiling.count:
            self._made.add(refinement)
        elif not spectrum.solver.finished:
            self._late[refinement] = LATE
        if spectrum.lacks_outlines:
            self._late["outlines"] = LATE

    @property
    def work_s(self) -> float:
        """All that is planned."""
        return 0.0 if self.ends else self.source_s + self._itinerary.work_s(self._costs())

    def floor_s(self, concluding_s: float) -> float:
        """From here to the coarse field and one pass; 0 once there is a pass.

        Without what concluding would take to shade: that is reserved in any case.
        """
        if self._shading.passes_done:
            return 0.0
        shade_s = max(0.0, self._shade_left_s - concluding_s)
        return self.source_s + self._field_left().coarse_s + shade_s

    @property
    def source_s(self) -> float:
        """What the source still takes."""
        borrowing = self._borrowing
        if borrowing is None or borrowing.lender.source is not None:
            return 0.0
        return borrowing.left_s(self.tiles) + borrowing.search_s()

    def took(self, stage: Stage, seconds: float) -> None:
        """Note what a step has cost, and whom."""
        if stage == "shader":
            self.operators_s += seconds
        elif stage == "outlines":
            self.sketching_s += seconds
        elif stage == "source" and self._borrowing is not None:
            self._borrowing.field_s += seconds
        elif stage == "field":
            self.field_s += seconds

    def pass_done(self, *, edged: bool) -> None:
        """Learn from what the pass has taken, which had edges of the tone for want of outlines."""
        (EDGING if edged else SHADING).learn(self.operators_s, self._area)
        if self.sketching_s:
            SKETCHING.learn(self.sketching_s, min(self._area, MOST_PIXELS))
        learn_whole(self.size, self._params.field, self.field_s)
        self.field_s = self.sketching_s = self.operators_s = 0.0

    def _costs(self) -> list[PassCosts]:
        """Of every pass that is left, the one under way first."""
        field, tiles = self._params.field, self.tiles
        left = self._params.passes - self._shading.passes_done
        now = self._field_left()
        first = PassCosts(now.coarse_s, now.refine_s, self._sketching_s + self._shade_left_s)
        whole = field_left(self.size, field, tiles)
        later = PassCosts(whole.coarse_s, whole.refine_s, SHADING.mean(self._area))
        return [first, *[later] * (left - 1)]

    def _field_left(self) -> FieldLeft:
        solver = self._shading.spectrum.solver
        return field_left(self.size, self._params.field, self.tiles, solver, self.field_s)

    @property
    def _shade_left_s(self) -> float:
        """The operators of the pass under way."""
        return max(0.0, self.shading.mean(self._area) - self.operators_s)

    @property
    def shading(self) -> Price:
        """Of the operators of the pass under way."""
        return EDGING if self._shading.spectrum.unsketched else SHADING

    @property
    def _sketching_s(self) -> float:
        """Finding outlines by modes, once a job, if they are wanted."""
        spectrum = self._shading.spectrum
        if not spectrum.unsketched or spectrum.ready:
            return 0.0
        return max(0.0, SKETCHING.mean(min(self._area, MOST_PIXELS)) - self.sketching_s)
