"""Whether work can be done in time, and what one gets of it: sums over one worker's seconds."""

import bisect
import math
from collections.abc import Iterable, Sequence

STEP_S = 0.1  # to which a wait is told
_ROUNDING = 1e-9


def first_fit(taken: Iterable[tuple[float, float]], new: tuple[float, float]) -> float:
    """Seconds until the new work fits in beside the work that is there, to 0.1 s; 0: now.

    Work is (seconds until its deadline, seconds of the worker), and what is there fits by itself;
    the worker does what is due first. The new one's deadline moves with the waiting, so that what
    fits once fits ever after.
    """
    known = sorted(taken)
    steps = range(1 + math.ceil(max((until for until, _ in known), default=0) / STEP_S))
    first = bisect.bisect_left(
        steps, True, key=lambda step: _fits([*_after(known, step * STEP_S), new])
    )
    return first * STEP_S if first in steps else 0.0


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
