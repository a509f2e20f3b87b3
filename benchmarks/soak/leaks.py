"""Whether what a process holds grows with the jobs that it has done.

Only the floor counts: the least that was held in each of a dozen stretches of the time. Caches,
pools and bursts go up and down above it, a leak lifts it. The slope of the floor is the median of
the slopes between all its pairs (Theil and Sen), which a few odd stretches cannot bend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

STRETCHES = 12
WARM_UP = 0.25  # share of the samples in which everything may still be filling up
LEAST = 2  # samples in a stretch


@dataclass(frozen=True)
class Bound:
    """What is no leak.

    Attributes:
        per_thousand: growth over 1000 jobs.
        noise: growth over the whole time that says nothing, however few the jobs were.
    """

    per_thousand: float
    noise: float


@dataclass(frozen=True)
class Trend:
    """The floor of what is held."""

    per_thousand: float  # jobs
    rise: float  # over the whole time, by that slope
    last: float

    def leaks(self, bound: Bound) -> bool:
        """Whether it grows by more than is allowed, and by more than chance."""
        return self.per_thousand > bound.per_thousand and self.rise > bound.noise


class TooShort(Exception):
    """There are too few samples to say anything."""


def trend(jobs: Sequence[float], held: Sequence[float]) -> Trend:
    """How the floor of `held` goes with the number of jobs done, sample by sample.

    Raises:
        TooShort: fewer than two samples in a stretch after the warm-up, or no jobs in that time.
    """
    pairs = list(zip(jobs, held, strict=True))
    pairs = pairs[round(WARM_UP * len(pairs)) :]
    size, rest = divmod(len(pairs), STRETCHES)
    if size < LEAST or pairs[-1][0] == pairs[0][0]:
        raise TooShort(f"{len(held)} samples over {jobs[-1] - jobs[0] if jobs else 0:g} jobs")
    starts = range(rest, len(pairs), size)  # the first few go with the warm-up
    floors = [min(pairs[start : start + size], key=lambda pair: pair[1]) for start in starts]
    slopes = [
        (later[1] - one[1]) / (later[0] - one[0])
        for one, later in combinations(floors, 2)
        if later[0] > one[0]
    ]
    slope = median(slopes) if slopes else 0.0
    span = floors[-1][0] - floors[0][0]
    return Trend(1000 * slope, slope * span, floors[-1][1])
