"""Whose turn it is on the device: pure decisions, no torch, no clock of its own.

Policy, first rule first:
1. A job with nothing left but to conclude is concluded at once when that takes at most a quantum
   and makes nobody's conclusion late.
2. Guarantees: each job reserves its conclusion and, as far as it fits, its floor. When a turn
   would leave too little for them, the jobs concerned go first: those that must conclude now, then
   floors, least laxity first, then conclusions by deadline. A hopeless floor is not reserved.
3. Else the device is shared fairly: the job that has used it least is next, whatever its deadline;
   newcomers start level with the others, and first. A long conclusion takes turns like any work.
4. A turn of tiles is a batch of about a quantum: the job's own, then others' that can share it.
   Jobs that are to be apart share none.
5. Jobs that have begun are limited by their size together; the rest wait in order of arrival,
   smaller ones may pass, and are concluded as they are when their time is up.
"""

import bisect
import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from worker import sharing
from worker.reserves import HOPE, Reserve, Urgent, renew, urgent
from worker.runs import Forecast, Tiles
from worker.turns import EPSILON_S, LONG_S, QUANTUM_S, batch, room

__all__ = ["LONG_S", "QUANTUM_S", "Batch", "Conclude", "Scheduler", "Step"]

J = TypeVar("J", bound=Hashable)

# A conclusion of more than a quantum begins so much earlier than it must, for others to have their
# turns meanwhile; at most by its own length.
CONCLUDE_SLACK_S = 0.5
# How far a job may be ahead of the others for having used the device longer than its turn.
DEBT_S = 4 * QUANTUM_S


@dataclass(frozen=True)
class Batch(Generic[J]):
    """Let these jobs do so many of their tiles, together."""

    key: Hashable
    shares: tuple[tuple[J, int], ...]  # the job whose turn it is first; at least 1 tile each
    room: int = field(default=0, compare=False)  # tiles that the turn had room for


@dataclass(frozen=True)
class Step(Generic[J]):
    """Let this job do one step, or a quantum of it."""

    job: J


@dataclass(frozen=True)
class Conclude(Generic[J]):
    """Have this job hand over what it has; said again, when it takes longer, until `remove`."""

    job: J


@dataclass(eq=False, kw_only=True)
class _Entry(Reserve, Generic[J]):
    job: J
    size: float
    apart: bool = False
    used_s: float = 0.0  # of the device; counted from the level of the others at its turn
    served: int = -1  # number of its last turn

    @property
    def brief(self) -> bool:
        """Whether concluding is a turn at most."""
        return self.forecast.conclude_s <= QUANTUM_S + EPSILON_S


class Scheduler(Generic[J]):
    """The jobs on the device and those that wait; times are seconds of the caller's clock."""

    def __init__(self, most_size: float = math.inf) -> None:
        """`most_size`: of all jobs together that have begun; one alone always may."""
        self._most_size = most_size
        self._entries: dict[J, _Entry[J]] = {}  # in order of arrival
        self._line: list[_Entry[J]] = []  # by deadline
        self._level_s = 0.0  # of use, of the job that had the last fair turn
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, job: J, deadline: float, forecast: Forecast, size: float = 0.0, *, apart: bool = False
    ) -> None:
        """Take a job that must have been concluded by `deadline`; `apart`: it shares no batch."""
        entry = _Entry(
            job=job,
            deadline=deadline,
            arrival=next(self._numbers),
            forecast=forecast,
            size=size,
            apart=apart,
            ending=forecast.offer is None,
        )
        self._entries[job] = entry
        bisect.insort(self._line, entry, key=lambda each: each.deadline)
        self._begin()

    def update(self, job: J, forecast: Forecast) -> None:
        """Note what lies before a job after its turn; nothing of one that is gone."""
        if (entry := self._entries.get(job)) is not None:
            entry.foresee(forecast)
            entry.ending = entry.ending or forecast.offer is None

    def spent(self, job: J, seconds: float) -> None:
        """Note that a job, unless it is gone, has used the device for so long."""
        if (entry := self._entries.get(job)) is not None:
            used_s = max(entry.used_s, self._level_s) + seconds
            entry.used_s = min(used_s, self._level_s + DEBT_S)

    def remove(self, job: J) -> None:
        """Forget a job that was concluded, failed or cancelled."""
        if (entry := self._entries.pop(job, None)) is not None:
            self._line.remove(entry)
            self._begin()

    def next(
        self, now: float, may_step: Callable[[J], bool] = lambda _: True
    ) -> Batch[J] | Step[J] | Conclude[J] | None:
        """Decide; None when there is nothing to do for any job that `may_step` lets through.

        What is returned counts as a turn: it is to be done, and then told by `spent`, and by
        `update` or `remove`.
        """
        for entry in self._line:
            entry.able = entry.begun and not entry.ending and may_step(entry.job)
        spare = renew(self._line, now)
        if (brief := self._brief_end(now)) is not None:
            return self._conclude(brief)
        waiting = sorted((e for e in self._line if e.able or e.ending), key=self._rank)
        spare_s = min(spare, default=math.inf)
        for entry in waiting:
            if entry.turn_s <= spare_s + EPSILON_S:
                self._level_s = max(self._level_s, entry.used_s)
                if entry.ending or self._ends_early(entry, spare, alone=len(waiting) == 1):
                    return self._conclude(entry)
                return self._turn(entry, waiting, spare_s)
        turn_s = min((entry.turn_s for entry in waiting), default=QUANTUM_S)
        hurry = urgent(self._line, spare, turn_s)
        return None if hurry is None else self._rescue(hurry, now)

    def expected_s(self, job: J, now: float) -> float:
        """Seconds of the device that this job can expect until it must conclude.

        As if it were shared equally among all that have work, each until its own deadline.

        Raises:
            KeyError: when there is no such job.
        """
        own = self._entries[job]
        return sharing.expected_s(own, (each for each in self._line if each is not own), now)

    def eta_s(self, job: J, now: float) -> float:
        """Seconds until this job will be over, as if the device were shared as above; >= 0.

        Raises:
            KeyError: when there is no such job.
        """
        own = self._entries[job]
        return sharing.eta_s(own, (each for each in self._line if each is not own), now)

    # --- in turn ------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Let jobs begin that there is room for."""
        room = self._most_size - sum(e.size for e in self._entries.values() if e.begun)
        alone = not any(entry.begun for entry in self._entries.values())
        for entry in self._entries.values():
            if not entry.begun and (alone or entry.size <= room):
                entry.begun, alone = True, False
                room -= entry.size

    def _rank(self, entry: _Entry[J]) -> tuple[float, int, int]:
        """What orders the turns; who was away is first, but once only: see `spent`."""
        return entry.used_s, entry.served, entry.arrival

    def _turn(
        self, entry: _Entry[J], others: Iterable[_Entry[J]], within_s: float
    ) -> Batch[J] | Step[J]:
        """A turn of this job; a batch takes tiles of others along if that takes no longer."""
        entry.served = next(self._numbers)
        offer = entry.forecast.offer
        if not isinstance(offer, Tiles):
            return Step(entry.job)
        jobs, offers = [entry.job], [offer]
        for other in others:
            also = other.forecast.offer
            if not other.able or other is entry or not isinstance(also, Tiles):
                continue
            if also.key == offer.key and not (entry.apart or other.apart):
                jobs.append(other.job)
                offers.append(also)
        shares = zip(jobs, batch(offers, within_s), strict=True)
        taken = tuple((job, count) for job, count in shares if count)
        return Batch(offer.key, taken, room(offer))

    # --- the end ------------------------------------------------------------------------------

    def _brief_end(self, now: float) -> _Entry[J] | None:
        """The job to conclude at once, if any: it may cost a floor, but nobody's conclusion."""
        before_s, spare_s = 0.0, math.inf
        for entry in self._line:
            if entry.ending and entry.brief:
                return entry if entry.forecast.conclude_s <= spare_s + EPSILON_S else None
            own_s, until_s = entry.forecast.conclude_s, entry.deadline - now
            if entry.brief or own_s <= HOPE * until_s:  # else it is late anyhow, or cut short
                before_s += own_s
                spare_s = min(spare_s, until_s - before_s)
        return None

    def _ends_early(self, entry: _Entry[J], spare: Sequence[float], *, alone: bool) -> bool:
        """Whether a long conclusion begins now, so that it can take turns with others.

        One that takes very long does so for those that come meanwhile.
        """
        brief = entry.brief or (alone and entry.forecast.conclude_s <= CONCLUDE_SLACK_S)
        if brief or entry.granted_s or entry.end_turn_s > min(spare):
            return False
        early_s = min(CONCLUDE_SLACK_S, entry.forecast.conclude_s)
        return spare[self._line.index(entry)] < entry.turn_s + early_s

    def _rescue(self, hurry: Urgent[_Entry[J]], now: float) -> Batch[J] | Step[J] | Conclude[J]:
        """Let those have the device whose reserves leave no turn for others."""
        due = (e for e in hurry.ends if e not in hurry.floors and e.laxity_s(now) < QUANTUM_S)
        if (first := next(due, None)) is not None:
            return self._conclude(first)
        if not hurry.floors:
            return self._conclude(hurry.ends[0])
        tightest = min(hurry.floors, key=lambda entry: entry.laxity_s(now) - entry.granted_s)
        return self._turn(tightest, sorted(hurry.floors, key=self._rank), hurry.spare_s)

    def _conclude(self, entry: _Entry[J]) -> Conclude[J]:
        entry.served = next(self._numbers)
        entry.ending = True
        return Conclude(entry.job)
