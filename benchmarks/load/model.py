"""A job as the scheduler sees it, without pictures: parts that cost what was measured.

    self    take, then for each pass: coarse, refine, (first pass) outline, shade
    cross   take, coarse, refine and search of the source, then the passes
    field   take, coarse, refine

What is estimated by the worker with a margin is so here, and costs less.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.load.arrivals import Request
from benchmarks.load.costs import Costs, SideCosts
from worker.passes import Itinerary, PassCosts, Work
from worker.planner import MARGIN as PLANNED
from worker.runs import Alone, Forecast, Tiles

TILE, STEP = 64, 48  # pixels, of a tile and between two
OPERATORS = 3  # steps of the shader in a pass
# As `worker.kinds.costs` has them, which cannot be had without torch.
MARGIN = 1.3
CROSSING_S_PER_PIXEL = 2e-8
Name: TypeAlias = Literal["take", "coarse", "refine", "search", "outline", "shade"]


def tile_count(side: int) -> int:
    """How many tiles a square picture has."""
    return (math.ceil(max(0, side - TILE) / STEP) + 1) ** 2


@dataclass
class Part:
    """Tiles for a batch, or a step that is done alone.

    Attributes:
        index: 1-based pass; 0: before the passes.
        seconds: of the device, all of it.
        tiles: how many; 0: it is done alone.
        left: of it, 1..0.
    """

    name: Name
    index: int
    seconds: float
    tiles: int = 0
    left: float = 1.0

    @property
    def left_s(self) -> float:
        """Seconds of the device that it still takes."""
        return self.left * self.seconds

    @property
    def left_tiles(self) -> int:
        """Tiles that are not done."""
        return round(self.left * self.tiles)

    @property
    def each_s(self) -> float:
        """Of a tile."""
        return self.seconds / self.tiles


class Job:
    """What is left of a request, and what of it is planned."""

    def __init__(self, request: Request, costs: Costs) -> None:
        self.request = request
        self.costs = costs.sides[request.side]
        self.parts = [part for part in _parts(request, costs) if part.seconds > 0]
        self.passes_done = 0
        self.tiles = 0  # that are finished, of all fields
        self.skipped = False
        self._area = request.side**2
        self._all_tiles = sum(part.tiles for part in self.parts if part.name == "refine")
        self._itinerary = None if request.kind == "field" else Itinerary(request.passes)
        self._at: tuple[int, Work] | None = None

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is done."""
        return not self.parts and not self.skipped

    @property
    def share_done(self) -> float:
        """Tiles that are done, as a share of all."""
        return self.tiles / self._all_tiles

    @property
    def has_field(self) -> bool:
        """Whether there are arrays to hand over after the answer."""
        coarse = next((part for part in self.parts if part.name == "coarse"), None)
        return coarse is None or coarse.left < 1 or self.passes_done > 0

    # --- what lies ahead ----------------------------------------------------------------------

    def forecast(self, expected_s: float | None) -> Forecast:
        """Plan at the border of a stage, for so many seconds of the device; and tell.

        None: nothing is planned before the worker has taken the job.
        """
        if expected_s is not None:
            self._plan(expected_s)
        return Forecast(
            offer=None if self.ends else self.offer,
            conclude_s=MARGIN * (CROSSING_S_PER_PIXEL * self._area + self._shading_s()),
            floor_s=self._floor_s(),
            work_s=self._work_s(),
        )

    @property
    def ends(self) -> bool:
        """Whether nothing is left but to conclude."""
        return not self.parts or (self._itinerary is not None and self._itinerary.ends)

    @property
    def offer(self) -> Tiles | Alone:
        """What it would do next."""
        part = self.parts[0]
        if part.tiles:
            return Tiles(part.name, part.left_tiles, part.each_s)
        if part.name == "shade":
            return Alone(MARGIN * part.seconds / OPERATORS, closing=True)
        return Alone(part.left_s)

    def conclude_s(self) -> float:
        """What handing over takes, with the shading of what has a field."""
        if self.request.kind == "field":
            return self.costs.coloured_s
        return self.costs.conclude_s + self._shading_s()

    def _shading_s(self) -> float:
        """Of the pass under way, when it is concluded now."""
        shade = next((part for part in self.parts if part.name == "shade"), None)
        if shade is None or (self.passes_done and shade.left == 1):
            return 0.0
        coarse = [part.left for part in self.parts if part.name == "coarse" and part.index == 1]
        return shade.left_s * (1 - coarse[0] if coarse else 1.0)

    def _floor_s(self) -> float:
        if self.passes_done:
            return 0.0
        first = {part.name: part.left_s for part in self.parts if part.index == 1}
        shade_s = max(0.0, first.get("shade", 0.0) - MARGIN * self._shading_s())
        return self._before_s() + first.get("coarse", 0.0) + shade_s

    def _work_s(self) -> float:
        if self.ends:
            return 0.0
        before_s = self._before_s()
        if self._itinerary is None:
            return before_s + sum(part.left_s for part in self.parts if part.index)
        return before_s + self._itinerary.work_s(self._pass_costs())

    def _before_s(self) -> float:
        return sum(part.left_s for part in self.parts if part.index == 0)

    def _plan(self, expected_s: float) -> None:
        now = next((part for part in self.parts if part.index), None)
        if now is None or self._itinerary is None:
            return
        work: Work = now.name if now.name in ("coarse", "refine") else "shade"
        if self._at == (self.passes_done, work):
            return
        self._at = self.passes_done, work
        left_s = max(0.0, expected_s - self._before_s())
        self._itinerary.replan(self.passes_done, work, self._pass_costs(), left_s)
        if work == "refine" and not self._itinerary.refines:
            self._leave_out("refine")
            self._plan(expected_s)
        elif work == "shade":
            shade_s = sum(part.left_s for part in self.parts if part.index == self.passes_done + 1)
            if now.name == "outline" and PLANNED * shade_s > left_s:
                self._leave_out("outline")

    def _leave_out(self, name: Name) -> None:
        """Make the pass under way without this."""
        self.skipped, index = True, self.passes_done + 1
        self.parts = [p for p in self.parts if not (p.name == name and p.index == index)]

    def concluded(self) -> None:
        """By its deadline: the pass under way, if its shading has begun or all has a vector."""
        first = [part.name for part in self.parts if part.index == self.passes_done + 1]
        coarse = not first or first[0] != "coarse"
        begun = any(part.name == "shade" and part.left < 1 for part in self.parts)
        if first and "shade" in first and (begun or (coarse and not self.passes_done)):
            self.passes_done += 1
            self.skipped = True
            self.parts = [p for p in self.parts if p.index > self.passes_done]

    def _pass_costs(self) -> list[PassCosts]:
        found = []
        for index in range(self.passes_done + 1, self.request.passes + 1):
            parts = [part for part in self.parts if part.index == index]
            sums = dict.fromkeys(("coarse", "refine", "shade", "outline"), 0.0)
            for part in parts:
                sums[part.name] += part.left_s
            shade_s = sums["shade"] + sums["outline"]
            found.append(PassCosts(sums["coarse"], sums["refine"], shade_s))
        return found

    # --- what has been done -------------------------------------------------------------------

    def solved(self, tiles: int) -> None:
        """So many tiles of the offer are done."""
        part = self.parts[0]
        if part.name == "refine":
            self.tiles += tiles
        part.left = (part.left_tiles - tiles) / part.tiles
        self._next()

    def worked(self, seconds: float) -> None:
        """So much of the step under way is done."""
        part = self.parts[0]
        part.left = max(0.0, part.left - seconds / max(part.seconds, 1e-9))
        self._next()

    def _next(self) -> None:
        if self.parts[0].left > 1e-9:
            return
        if self.parts.pop(0).name == "shade":
            self.passes_done += 1


def _parts(request: Request, costs: Costs) -> Iterator[Part]:
    side = costs.sides[request.side]
    yield Part("take", 0, CROSSING_S_PER_PIXEL * request.side**2)
    if request.source_side:
        source = costs.sides[request.source_side]
        yield from _field(0, request.source_side, source.first_s, costs)
        yield Part("search", 0, costs.sources[request.source_side])
    for index in range(1, request.passes + 1):
        yield from _field(index, request.side, _field_s(side, index), costs)
        if request.kind != "field":
            if index == 1:
                yield Part("outline", index, side.outline_s)
            yield Part("shade", index, side.shade_s)


def _field(index: int, side: int, seconds: float, costs: Costs) -> Iterator[Part]:
    share = costs.coarse_share
    yield Part("coarse", index, share * seconds, tile_count(side))
    yield Part("refine", index, (1 - share) * seconds, tile_count(side))


def _field_s(side: SideCosts, index: int) -> float:
    return side.first_s if index == 1 else side.later_s
