"""What is kept free of the device for jobs that must not come too late; pure arithmetic.

Every job reserves the time that concluding takes. Besides it may be granted its floor, or as much
of it as fits: a grant is a promise of device time before the job's deadline. It shrinks as the
floor is worked off, and is cut where it can no longer be kept. What earlier grants leave free is
granted in order of arrival. Reserves fit when, worked off earliest deadline first, none is late.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from worker.runs import Forecast
from worker.turns import EPSILON_S, alone_s, offered_s

HOPE = 1.25  # times the time that is left: more is given up, but not less; estimates are long


@dataclass(eq=False, kw_only=True)
class Reserve:
    """What a job may count on until `deadline`; times are seconds of the caller's clock."""

    deadline: float
    arrival: int
    forecast: Forecast
    granted_s: float = 0.0
    begun: bool = False
    ending: bool = False  # does nothing but conclude
    able: bool = True  # may have the device for more than concluding

    @property
    def turn_s(self) -> float:
        """Seconds that its next turn takes."""
        offer = self.forecast.offer
        return self.end_turn_s if self.ending or offer is None else offered_s(offer)

    @property
    def end_turn_s(self) -> float:
        """Seconds that a turn of concluding takes."""
        return alone_s(self.forecast.conclude_s)

    @property
    def floor_s(self) -> float:
        """Seconds of its floor, in whole turns: the last one is not shortened for anybody."""
        turn_s = max(self.turn_s, EPSILON_S)
        turns = math.ceil(self.forecast.floor_s / turn_s - 1e-6)
        return max(self.forecast.floor_s, turns * turn_s)

    def laxity_s(self, now: float) -> float:
        """Seconds until it must begin to conclude."""
        return self.deadline - now - self.forecast.conclude_s

    def foresee(self, forecast: Forecast) -> None:
        """Take a new forecast; of the grant goes what was worked off."""
        before = self.floor_s
        self.forecast = forecast
        worked_s = max(0.0, before - self.floor_s)
        self.granted_s = max(0.0, min(self.floor_s, self.granted_s - worked_s))


R = TypeVar("R", bound=Reserve)


class Urgent(NamedTuple, Generic[R]):
    """Who must come first, and can without making others late; both by deadline."""

    floors: list[R]
    ends: list[R]  # at least one
    spare_s: float  # before all deadlines that are not in danger


def slacks(line: Sequence[Reserve], now: float) -> list[float]:
    """Seconds to spare before each deadline of `line`, which is sorted by deadline."""
    kept_s, spare = 0.0, []
    for each in line:
        until_s = each.deadline - now
        # A conclusion is cut short at its deadline, whatever it was estimated at.
        kept_s += min(each.forecast.conclude_s, max(0.0, until_s)) + each.granted_s
        spare.append(until_s - kept_s)
    return spare


def renew(line: Sequence[Reserve], now: float) -> list[float]:
    """Bring the grants up to date; return the slacks with them."""
    for each in line:
        hopeless = each.forecast.floor_s > HOPE * each.laxity_s(now)
        if each.granted_s and (hopeless or each.ending or not each.able):
            each.granted_s = 0.0
    return _granted(line, now, _cut(line, now, slacks(line, now)))


def _cut(line: Sequence[Reserve], now: float, spare: list[float]) -> list[float]:
    """Take from the largest grants what cannot be kept."""
    while (place := next((i for i, s in enumerate(spare) if s < -EPSILON_S), None)) is not None:
        last = line[place].deadline
        largest = max((e for e in line if e.deadline <= last), key=lambda e: e.granted_s)
        if largest.granted_s == 0.0:  # conclusions alone are too much
            break
        largest.granted_s = max(0.0, largest.granted_s + spare[place])
        spare = slacks(line, now)
    return spare


def _granted(line: Sequence[Reserve], now: float, spare: list[float]) -> list[float]:
    """Grant what floors still lack, as far as it fits."""
    lacking = [
        (each.arrival, place)
        for place, each in enumerate(line)
        if each.able
        and not each.ending
        and each.granted_s < each.forecast.floor_s <= each.laxity_s(now)
    ]
    for _, place in sorted(lacking):
        each = line[place]
        lacks_s = each.floor_s - each.granted_s
        more_s = min(lacks_s, *spare[place:])
        if more_s >= min(lacks_s, each.turn_s):  # less would not be a turn
            each.granted_s += more_s
            spare[place:] = [s - more_s for s in spare[place:]]
    return spare


def urgent(line: Sequence[R], spare: Sequence[float], turn_s: float) -> Urgent[R] | None:
    """Those whose reserves leave no turn for others; None when there is time for one.

    Whatever is done of the reserves up to the first deadline in danger leaves it as it is; only
    those before it must be able to wait.
    """
    places = (i for i, spare_s in enumerate(spare) if spare_s < turn_s)
    if (place := next(places, None)) is None:
        return None
    floors: list[R] = []
    ends: list[R] = []
    before_s = math.inf
    for each, spare_s in zip(line, spare, strict=True):
        if each.deadline > line[place].deadline:
            break
        if each.granted_s > 0.0 and each.turn_s <= min(each.granted_s, before_s) + EPSILON_S:
            floors.append(each)
        if each.end_turn_s <= before_s + EPSILON_S or not ends:
            ends.append(each)
        before_s = min(before_s, spare_s)
    return Urgent(floors, ends, min(spare[:place], default=math.inf))
