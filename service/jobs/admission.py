"""Who gets in, and the quote: decided from the image's header, before a pixel is decoded.

Two bounds: how many jobs there are, and the work that must be done in time. A job reserves what
concludes it, and its floor: the coarse field and one pass. It gets in when, the earliest deadline
first, all that is reserved can be done. Later passes never keep anybody out.

A floor that even an idle worker could not reach in time is none. Such jobs take what the others
leave, and keep no other kind out; of each other they leave themselves at least a share.
Pure: the caller brings the time.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from service.jobs.work import Correction, DataWork, Work
from service.problems import Busy, NotReady
from worker.wire.messages import Hello

__all__ = ["Admission", "Place", "Quote", "Work"]

HOPELESS_SHARE = 0.25  # of its time that a job must get which is too large for its floor
MARGIN = 1.15  # work that is promised to be complete fits with so much to spare
_ROUNDING = 1e-9
WARM_UP_S = 3.0  # until a worker that was started anew is likely to be ready


@dataclass(frozen=True)
class Quote:
    """What a job that got in may expect, if nobody else comes."""

    position: int  # jobs before it
    seconds: float  # until its end, waiting included
    expected: Literal["complete", "partial"]
    passes: int  # that are likely to be complete; 0 for a field


class Place:
    """A job's place, given back when the block around its computation ends."""

    def __init__(
        self, admission: "Admission", work: Work | DataWork, hello: Hello, now: float
    ) -> None:
        self.quote = Quote(0, 0.0, "partial", 0)
        self.deadline = work.deadline
        self._admission = admission
        self._correction = admission.corrections[work.kind]
        self._estimate = work.cost(hello)
        self.cost = cost = self._estimate.corrected(self._correction.factor)
        self._done = 0.0
        self.hopeless = cost.mandatory + cost.floor > max(0.0, work.deadline - now)

    def progress(self, share: float) -> None:
        """Note that this share (0..1) of the work is done."""
        self._done = min(1.0, max(self._done, share))

    def left_s(self, now: float) -> float:
        """Seconds of the worker that it may still take: no job runs beyond its deadline."""
        left_s = self.cost.mandatory + self.cost.full * (1 - self._done)
        return min(left_s, max(0.0, self.deadline - now))

    def reserved_s(self, now: float, share: float = 0.0) -> float:
        """Seconds of the worker that are kept for it; such a share of its time if hopeless."""
        cost, time_s = self.cost, max(0.0, self.deadline - now)
        if self.hopeless:
            return max(min(cost.mandatory, time_s), share * time_s)
        return min(time_s, cost.mandatory + max(0.0, cost.floor - cost.full * self._done))

    def learn(self, actual_s: float) -> None:
        """Note the seconds of the worker that it took, from nothing to completion."""
        self._correction.learn(self._estimate.full, actual_s)

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let somebody else in; harmless when that was done already."""
        self._admission.places.discard(self)


class Admission:
    """The places that are taken."""

    def __init__(self, max_jobs: int) -> None:
        self.places: set[Place] = set()
        self.corrections = defaultdict(Correction, shade=Correction(), field=Correction())
        self._max_jobs = max_jobs

    def reserve(self, work: Work | DataWork, hello: Hello | None, now: float) -> Place:
        """Take a place.

        Raises:
            NotReady: no worker is ready.
            Busy: too many jobs, or too much work; says when to come back.
        """
        if hello is None:
            raise NotReady(
                "The worker is warming up; send the request again.", retry_after=WARM_UP_S
            )
        place = Place(self, work, hello, now)
        self._check(place, now)
        place.quote = self._quote(place, work.quoted_passes, now)
        self.places.add(place)
        return place

    def _check(self, place: Place, now: float) -> None:
        if len(self.places) >= self._max_jobs:
            wait_s = min(each.left_s(now) for each in self.places)
            raise _busy(f"All {self._max_jobs} places are taken", wait_s)
        share = HOPELESS_SHARE if place.hopeless else 0.0
        taken = [(each.deadline - now, each.reserved_s(now, share)) for each in self.places]
        wait_s = first_fit(taken, (place.deadline - now, place.reserved_s(now, share)))
        if wait_s > 0:
            raise _busy("The jobs before this one leave it no time for a first pass", wait_s)

    def _quote(self, place: Place, passes: int, now: float) -> Quote:
        cost, time_s = place.cost, max(0.0, place.deadline - now)
        others = [each.left_s(now) for each in self.places]
        share_s = fair_share(time_s - cost.mandatory, others)
        complete = MARGIN * cost.full <= share_s
        needs_s = cost.mandatory + cost.full + sum(min(each, cost.full) for each in others)
        likely = passes if complete else min(passes, cost.passes_in(share_s))
        return Quote(
            position=len(self.places),
            seconds=min(needs_s, time_s),
            expected="complete" if complete else "partial",
            passes=likely,
        )


def first_fit(taken: Iterable[tuple[float, float]], new: tuple[float, float]) -> float:
    """Seconds until the new work fits in beside the work that is there, to 0.1 s; 0: now.

    Work is (seconds until its deadline, seconds of the worker), and what is there fits by itself;
    the worker does what is due first. The new one's deadline moves with the waiting.
    """
    known = sorted(taken)
    waits = (
        0.1 * step for step in range(1 + math.ceil(10 * max((d for d, _ in known), default=0)))
    )
    return next((wait for wait in waits if _fits([*_after(known, wait), new])), 0.0)


def fair_share(time_s: float, others: Iterable[float]) -> float:
    """Seconds of the worker that one gets of so many, beside others that want so much each."""
    left_s, waiting = max(0.0, time_s), sorted(others)
    for index, each in enumerate(waiting):
        sharers = len(waiting) + 1 - index
        if each * sharers > left_s:
            return left_s / sharers
        left_s -= each
    return left_s


def _after(taken: Sequence[tuple[float, float]], wait_s: float) -> list[tuple[float, float]]:
    """What is left after so many seconds of work on it."""
    left, work_s = [], wait_s
    for until, seconds in taken:
        done = seconds if until <= wait_s else min(seconds, work_s)
        work_s -= min(done, work_s)
        left.append((until - wait_s, seconds - done))
    return left


def _fits(work: Iterable[tuple[float, float]]) -> bool:
    """Whether all can be done in time, the earliest deadline first."""
    total = 0.0
    for until, seconds in sorted(work):
        total += seconds
        if seconds and total > until + _ROUNDING:
            return False
    return True


def _busy(reason: str, wait_s: float) -> Busy:
    seconds = max(1, math.ceil(wait_s))
    return Busy(f"{reason}; send the request again in {seconds} s.", retry_after=seconds)
