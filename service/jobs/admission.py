"""Who gets in, with which worker, and the quote: decided before a pixel is decoded.

Two bounds: how many jobs there are, and the work that a worker must do in time. A job reserves what
concludes it, and its floor: the coarse field and one pass. It gets in where, the earliest deadline
first, all that is reserved of a worker can be done. Later passes never keep anybody out.

Of the workers that it fits on it gets the one that would be through with it first; its place has
the name of that worker, until the worker is gone and the place moves.

A floor that even an idle worker could not reach in time is none. Such jobs take what the others
leave, and keep no other kind out; of each other they leave themselves at least a share.
Pure: the caller brings the time.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from service.jobs.fitting import fair_share, first_fit
from service.jobs.work import Correction, DataWork, Work
from service.problems import Busy, NotReady, Problem, TooFast
from worker.wire.messages import Hello

__all__ = ["Admission", "Place", "Quote", "Work", "Workers"]

Workers = Mapping[str, Hello]  # those that are ready, by name
HOPELESS_SHARE = 0.25  # of its time that a job must get which is too large for its floor
MARGIN = 1.15  # work that is promised to be complete fits with so much to spare
WARM_UP_S = 3.0  # until a worker that was started anew is likely to be ready


@dataclass(frozen=True)
class Quote:
    """What a job that got in may expect, if nobody else comes."""

    position: int  # jobs before it
    seconds: float  # until its end, waiting included
    expected: Literal["complete", "partial"]
    passes: int  # that are likely to be complete; 0 for a field


class Place:
    """A job's place with a worker, given back when the block around its computation ends."""

    worker: str  # the name of the one that it is with
    device: str  # of that

    def __init__(self, admission: "Admission", work: Work | DataWork, owner: str) -> None:
        self.quote = Quote(0, 0.0, "partial", 0)
        self.deadline = work.deadline
        self.owner = owner
        self._admission = admission
        self._work = work
        self._correction = admission.corrections[work.kind]
        self._done = 0.0

    def sit(self, worker: str, hello: Hello, now: float) -> None:
        """Be with this worker, and cost what it takes there."""
        self.worker, self.device = worker, hello.device
        self._estimate = self._work.cost(hello)
        self.cost = cost = self._estimate.corrected(self._correction.factor)
        self.hopeless = cost.mandatory + cost.floor > max(0.0, self.deadline - now)

    def choose(self, ready: Workers, now: float) -> str:
        """The name of its worker; if that is gone, of the one that it is with from now on."""
        if self.worker not in ready:
            self._admission.seat(self, ready, now)
        return self.worker

    def progress(self, share: float) -> None:
        """Note that this share (0..1) of the work is done."""
        self._done = min(1.0, max(self._done, share))

    @property
    def needs_s(self) -> float:
        """Seconds of the worker that all of the rest takes."""
        return self.cost.mandatory + self.cost.full * (1 - self._done)

    def left_s(self, now: float) -> float:
        """Seconds of the worker that it may still take: no job runs beyond its deadline."""
        return min(self.needs_s, max(0.0, self.deadline - now))

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
        self._most = max(1, max_jobs // 2)  # of one owner

    def queued_s(self, worker: str, now: float) -> float:
        """Seconds of a worker that its jobs may still take."""
        return sum(each.left_s(now) for each in self.places if each.worker == worker)

    def reserve(self, work: Work | DataWork, ready: Workers, now: float, owner: str = "") -> Place:
        """Take a place with one of the workers that are ready; without keys nobody is an owner.

        Raises:
            NotReady: no worker is ready.
            Busy: too many jobs, or too much work; says when to come back.
            TooFast: as many jobs of this owner as one may have.
        """
        if not ready:
            raise NotReady(
                "No worker is ready, it may be warming up; send the request again.",
                retry_after=WARM_UP_S,
            )
        self._check_count(owner, now)
        place = Place(self, work, owner)
        wait_s = self.seat(place, ready, now)
        if wait_s > 0:
            raise _refusal(
                Busy, "The jobs before this one leave it no time for a first pass", wait_s
            )
        place.quote = self._quote(place, work.quoted_passes, now)
        self.places.add(place)
        return place

    def seat(self, place: Place, ready: Workers, now: float) -> float:
        """Bring it to the worker that it fits on first, then that would be through with it first.

        Returns the seconds until it fits there.
        """

        def ahead(worker: str) -> tuple[float, float]:
            place.sit(worker, ready[worker], now)
            others = self._beside(place)
            share = HOPELESS_SHARE if place.hopeless else 0.0
            taken = [(each.deadline - now, each.reserved_s(now, share)) for each in others]
            wait_s = first_fit(taken, (place.deadline - now, place.reserved_s(now, share)))
            return wait_s, sum(each.left_s(now) for each in others) + place.needs_s

        waits = {worker: ahead(worker) for worker in ready}
        best = min(waits, key=waits.__getitem__)
        place.sit(best, ready[best], now)
        return waits[best][0]

    def _beside(self, place: Place) -> list[Place]:
        return [e for e in self.places if e.worker == place.worker and e is not place]

    def _check_count(self, owner: str, now: float) -> None:
        if len(self.places) >= self._max_jobs:
            reason = f"All {self._max_jobs} places are taken"
            raise _refusal(Busy, reason, min(each.left_s(now) for each in self.places))
        mine = [each for each in self.places if owner and each.owner == owner]
        if len(mine) >= self._most:
            reason = f"Your key has {len(mine)} of {self._max_jobs} places, which is its share"
            raise _refusal(TooFast, reason, min(each.left_s(now) for each in mine))

    def _quote(self, place: Place, passes: int, now: float) -> Quote:
        cost, time_s = place.cost, max(0.0, place.deadline - now)
        others = [each.left_s(now) for each in self._beside(place)]
        share_s = fair_share(time_s - cost.mandatory, others)
        complete = MARGIN * cost.full <= share_s
        needs_s = cost.mandatory + cost.full + sum(min(each, cost.full) for each in others)
        likely = passes if complete else min(passes, cost.passes_in(share_s))
        return Quote(
            position=len(others),
            seconds=min(needs_s, time_s),
            expected="complete" if complete else "partial",
            passes=likely,
        )


def _refusal(kind: type[Problem], reason: str, wait_s: float) -> Problem:
    seconds = max(1, math.ceil(wait_s))
    return kind(f"{reason}; send the request again in {seconds} s.", retry_after=seconds)
