"""What one request costs alone, as measured on the idle service, and the capacity that follows."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.arrivals import Contours, Kind, Request, sample
from benchmarks.load.outcome import Outcome
from worker.wire.messages import Hello

FILE = Path(__file__).with_name("costs.json")  # of the last run that wrote the page
SAMPLED, SEED = 4000, 1  # requests of the mix that means are taken over
ROUNDS = {256: 5, 512: 3, 1024: 2, 2048: 1}
"""How often a size is measured; a larger one is scaled by its pixels."""
SOURCES = 256, 512  # pixels of a side


@dataclass(frozen=True)
class Lone:
    """A request that had the service for itself."""

    outcome: Outcome
    after_s: float  # seconds of the worker's processor after the answer: the field's arrays

    @property
    def beside_s(self) -> float:
        """What was neither waiting nor counted as work: handing over."""
        o = self.outcome
        assert o.answer_s is not None
        return max(0.0, o.answer_s - o.queue_s - o.field_s - o.shade_s - o.encode_s)


@dataclass(frozen=True)
class SideCosts:
    """Of a square picture in seconds, of the device where nothing else is said.

    Attributes:
        first_s: the field of the first pass.
        later_s: the field of a later pass, which begins with what is known.
        outline_s: finding the outlines, once.
        shade_s: the shader of a pass, and what is told of it.
        conclude_s: handing over.
        coloured_s: handing over the picture of a field.
        before_s: by the clock, from the end of the upload until the worker begins.
        encode_s: by the clock, the answer.
        arrays_s: making the field's arrays, after the answer.
    """

    first_s: float
    later_s: float
    outline_s: float
    shade_s: float
    conclude_s: float
    coloured_s: float
    before_s: float
    encode_s: float
    arrays_s: float

    def times(self, factor: float) -> "SideCosts":
        """Of a picture with so many times the pixels; outlines are those of a small copy."""
        scaled = {name: value * factor for name, value in vars(self).items()}
        return SideCosts(**(scaled | {"outline_s": self.outline_s}))


@dataclass(frozen=True)
class Costs:
    """Of everything in the mix; by the pixels of a side."""

    sides: dict[int, SideCosts]
    sources: dict[int, float]  # device seconds to find strokes in a source whose field is there
    hello: Hello  # what the worker said of itself
    cores: int  # that all processes share

    @property
    def lanes(self) -> int:
        """Cores that solving takes; on a GPU none."""
        return self.cores if self.hello.device == "cpu" else 0

    @property
    def coarse_share(self) -> float:
        """Of a field, until every tile has a vector."""
        return self.hello.coarse_s_per_mp / self.hello.field_s_per_mp

    def lone_s(self, request: Request) -> float:
        """Device seconds of all that a request asks for."""
        costs = self.sides[request.side]
        if request.kind == "field":
            return costs.first_s + costs.coloured_s
        source_s = 0.0
        if request.source_side:
            source_s = self.sources[request.source_side] + self.sides[request.source_side].first_s
        fields_s = costs.first_s + (request.passes - 1) * costs.later_s
        shading_s = costs.outline_s + request.passes * costs.shade_s
        return source_s + fields_s + shading_s + costs.conclude_s

    def worth_s(self, request: Request) -> float:
        """Device seconds that it takes alone: no more than its deadline leaves."""
        costs = self.sides[request.side]
        left_s = request.deadline_s - costs.before_s - costs.encode_s
        return min(self.lone_s(request), max(0.0, left_s)) + costs.arrays_s

    def capacity(self, most_side: int) -> float:
        """Requests a second at which what they take alone adds up to one device."""
        mix = sample(SEED, SAMPLED, most_side)
        return 1 / statistics.fmean(self.worth_s(each) for each in mix)


def lone_requests(most_side: int, deadline_s: float) -> list[Request]:
    """What is to be measured one by one."""
    shapes: list[tuple[Kind, int, int, Contours]] = []
    for side, rounds in ROUNDS.items():
        if side <= most_side:
            shapes += [("self", side, 1, "auto")] * rounds
            shapes += [("self", side, 1, "local"), ("self", side, 2, "local")] * rounds
    shapes += [("cross", side, 1, "local") for side in SOURCES] * 3
    shapes += [("field", 512, 1, "auto")] * 3
    return [
        Request(index, 0.0, kind, side, passes, deadline_s, contours=contours)
        for index, (kind, side, passes, contours) in enumerate(shapes)
    ]


def costs_of(lone: Sequence[Lone], sides: Iterable[int], hello: Hello, cores: int) -> Costs:
    """What the measurements come to; a side that was not measured is scaled from the largest."""
    of = _Measured(lone)
    known = {side: _side(of, side) for side in sorted(of.sides)}
    largest = max(known)
    found = {
        side: known[side] if side in known else known[largest].times((side / largest) ** 2)
        for side in sides
    }
    return Costs(found, {side: _search_s(of, side) for side in SOURCES}, hello, cores)


class _Measured:
    """Medians over the measurements of a class."""

    def __init__(self, lone: Sequence[Lone]) -> None:
        self.sides = {each.outcome.request.side for each in lone}
        self._by_class: dict[tuple[object, ...], list[Lone]] = {}
        for each in lone:
            r = each.outcome.request
            self._by_class.setdefault((r.kind, r.side, r.passes, r.contours), []).append(each)

    def __call__(
        self, value: Callable[[Lone], float], kind: Kind, side: int, *more: object
    ) -> float:
        """Of a value: kind, side, passes, contours."""
        return statistics.median(map(value, self._by_class[kind, side, *more]))


def _side(of: _Measured, side: int) -> SideCosts:
    def local(value: Callable[[Lone], float], passes: int = 1) -> float:
        return of(value, "self", side, passes, "local")

    told_s = max(0.0, local(_beside, 2) - local(_beside))
    coloured_s = of(_beside, "field", 512, 1, "auto") * side**2 / 512**2
    outlined_s = of(_work, "self", side, 1, "auto")
    return SideCosts(
        first_s=local(_field),
        later_s=max(0.0, local(_field, 2) - local(_field)),
        outline_s=max(0.0, outlined_s - local(_work)),
        shade_s=local(_shade, 2) / 2 + told_s,
        conclude_s=max(0.0, local(_beside) - told_s),
        coloured_s=coloured_s,
        before_s=local(lambda lone: lone.outcome.queue_s),
        encode_s=local(lambda lone: lone.outcome.encode_s),
        arrays_s=local(lambda lone: lone.after_s),
    )


def _search_s(of: _Measured, side: int) -> float:
    target_s = of(_work, "self", side, 1, "local")
    source_s = of(_field, "self", side, 1, "local")
    return max(0.0, of(_work, "cross", side, 1, "local") - target_s - source_s)


def _field(lone: Lone) -> float:
    return lone.outcome.field_s


def _shade(lone: Lone) -> float:
    return lone.outcome.shade_s


def _work(lone: Lone) -> float:
    return lone.outcome.field_s + lone.outcome.shade_s


def _beside(lone: Lone) -> float:
    return lone.beside_s
