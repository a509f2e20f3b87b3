"""Which stages of which passes a shading job does by its deadline; pure.

A pass is a coarse field, its refinement and the shading. What it adds halves from pass to pass; a
refinement adds six tenths of its pass. Passes build on each other, and a pass may do without its
refinement: so it is the late passes and the dear refinements that are left out first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from worker.planner import Stage, plan

Work: TypeAlias = Literal["coarse", "refine", "shade"]

REFINEMENT = 0.6  # of what its pass adds
LATE = "the deadline came first"


@dataclass(frozen=True)
class PassCosts:
    """Seconds of the device for the stages of one pass, or what is left of them; estimated."""

    coarse_s: float
    refine_s: float
    shade_s: float


class Itinerary:
    """The plan of one job; everything, until `replan` finds that it does not fit."""

    def __init__(self, passes: int) -> None:
        self._passes = passes
        self._dropped: dict[int, str] = {}  # pass -> why, of those that are not planned
        self._unrefined: dict[int, str] = {}  # pass -> why its refinement is not planned
        self._current = 1  # the pass under way
        self._ends = False

    @property
    def refines(self) -> bool:
        """Whether the pass under way is refined before it is shaded."""
        return self._current not in self._unrefined

    @property
    def ends(self) -> bool:
        """Whether the job is over before its last pass: a pass is complete, and no other fits."""
        return self._ends

    def replan(
        self, passes_done: int, stage: Work, costs: Sequence[PassCosts], expected_s: float
    ) -> None:
        """Decide anew, at the start of `stage` of the pass under way or within it.

        Args:
            passes_done: complete passes, fewer than there are.
            costs: of each pass that is not complete; of the first one, what is left of it.
            expected_s: seconds of the device that the job can expect.
        """
        self._current = passes_done + 1
        begun = stage != "coarse"
        # Without any complete pass there is nothing to hand over, and a pass whose field is there
        # is shaded as far as the time goes: of both no less can be done.
        stages = _stages(self._current, costs, mandatory=passes_done == 0 or begun)
        if stage == "shade":
            stages = [each for each in stages if each.id != _id(self._current, "refine")]
        skipped = plan(stages, expected_s).skipped
        kept = {p: why for p, why in self._unrefined.items() if p < self._current}
        if stage == "shade" and not self.refines:
            kept[self._current] = self._unrefined[self._current]
        self._unrefined = kept | self._reasons("refine", skipped)
        self._dropped = self._reasons("shade", skipped)
        self._ends = self._current in self._dropped

    def work_s(self, costs: Sequence[PassCosts]) -> float:
        """Seconds of all that is planned, of `costs` as for `replan`."""
        first = self._passes - len(costs) + 1
        return sum(
            each.coarse_s + each.shade_s + (0.0 if index in self._unrefined else each.refine_s)
            for index, each in enumerate(costs, first)
            if index not in self._dropped
        )

    def skipped(self, passes_done: int) -> list[tuple[str, str]]:
        """What was not done, and why, for a job that ends after so many complete passes."""
        refinements = [
            (f"refinement of pass {index}", why)
            for index, why in sorted(self._unrefined.items())
            if index <= passes_done
        ]
        missing = range(passes_done + 1, self._passes + 1)
        return refinements + [(f"pass {i}", self._dropped.get(i, LATE)) for i in missing]

    def _reasons(self, work: Work, skipped: dict[str, str]) -> dict[int, str]:
        passes = range(self._current, self._passes + 1)
        return {i: skipped[_id(i, work)] for i in passes if _id(i, work) in skipped}


def _stages(first: int, costs: Sequence[PassCosts], *, mandatory: bool) -> list[Stage]:
    """The stages of the passes from `first` on; whether the first is shaded in any case."""
    stages = []
    for index, cost in enumerate(costs, first):
        coarse, refine, shade = _id(index, "coarse"), _id(index, "refine"), _id(index, "shade")
        before = () if index == first else (_id(index - 1, "shade"),)
        value = 0.5 ** (index - 1)
        must = mandatory and index == first
        stages += [
            Stage(coarse, cost.coarse_s, 0.0, before),
            Stage(shade, cost.shade_s, value, (coarse,), must),
            Stage(refine, cost.refine_s, REFINEMENT * value, (shade,)),  # else nobody sees it
        ]
    return stages


def _id(index: int, work: Work) -> str:
    return f"{work} {index}"
