"""What a load came to, measured or simulated, in figures that can be set side by side."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.load.outcome import ANSWERED, ENDS, GRACE_S, End, Outcome

RATIO_LEAST = 1e-3  # seconds or passes; what is smaller is the same


@dataclass(frozen=True)
class Figures:
    """Of all requests of a load.

    Attributes:
        counts: by how they ended; failed and lost ones are bugs.
        late: answered after the deadline and its grace.
        answers_s: how long the answered ones took, ascending.
        overs_s: how long after their deadlines, ascending; mostly negative.
        passes: complete ones per answered request of kind shade.
        passes_share: of those asked for.
        bound: median over answered requests of the median bound of the angles, a sine.
        retry_after_s: mean of what refused ones were told.
    """

    counts: dict[End, int]
    late: int
    answers_s: list[float]
    overs_s: list[float]
    passes: float
    passes_share: float
    bound: float | None
    retry_after_s: float | None

    @property
    def total(self) -> int:
        """Requests."""
        return sum(self.counts.values())

    def share(self, end: End) -> float:
        """Of all requests, 0..1."""
        return self.counts[end] / max(1, self.total)


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of a load."""
    answered = [each for each in outcomes if each.end in ANSWERED]
    shaded = [each for each in answered if each.request.kind != "field"]
    overs = sorted(each.over_s for each in answered if each.over_s is not None)
    return Figures(
        counts={end: sum(each.end == end for each in outcomes) for end in ENDS},
        late=sum(over > GRACE_S for over in overs),
        answers_s=sorted(each.answer_s for each in answered if each.answer_s is not None),
        overs_s=overs,
        passes=_mean(each.passes for each in shaded) or 0.0,
        passes_share=_mean(each.passes / each.request.passes for each in shaded) or 0.0,
        bound=_median(each.bound for each in answered if each.bound is not None),
        retry_after_s=_mean(o.retry_after_s for o in outcomes if o.retry_after_s is not None),
    )


def quantile(ascending: Sequence[float], share: float) -> float:
    """The least value that at least this share (0..1) does not exceed; nan of nothing."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def differences(measured: Figures, simulated: Figures) -> dict[str, float]:
    """How far the simulation is off, by name.

    Shares of all requests differ by so much of all (0..1); the others by so much of the measured.
    """
    ends: tuple[End, ...] = ("complete", "partial", "refused")
    found = {f"{end}, of all": abs(measured.share(end) - simulated.share(end)) for end in ends}
    for name, share in (("median latency", 0.5), ("90 % latency", 0.9)):
        found[name] = _off(
            quantile(measured.answers_s, share), quantile(simulated.answers_s, share)
        )
    found["passes done"] = _off(measured.passes, simulated.passes)
    return found


def _off(measured: float, simulated: float) -> float:
    return abs(simulated - measured) / max(measured, RATIO_LEAST)


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.fmean(known) if known else None


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None
