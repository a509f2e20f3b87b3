"""How long something takes: by the clock, and on all cores together."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

ROUNDS, ENOUGH_S = 3, 2.0
"""The best of so many rounds, but no further round once so much time has gone."""


@dataclass(frozen=True)
class Timed:
    """Seconds by the clock, and of processor time over all threads."""

    wall: float
    cpu: float

    def times(self, factor: float) -> "Timed":
        """So many times as long."""
        return Timed(self.wall * factor, self.cpu * factor)

    def plus(self, other: "Timed") -> "Timed":
        """One after the other."""
        return Timed(self.wall + other.wall, self.cpu + other.cpu)


def timed(call: Callable[[], T]) -> tuple[T, Timed]:
    """The call's result and what it took, once."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, Timed(time.perf_counter() - wall, time.process_time() - cpu)


def best_of(call: Callable[[], T]) -> tuple[T, Timed]:
    """The same, the best of three where it is short."""
    best: tuple[T, Timed] | None = None
    spent = 0.0
    for _ in range(ROUNDS):
        result, took = timed(call)
        spent += took.wall
        if best is None or took.wall < best[1].wall:
            best = result, took
        if spent > ENOUGH_S:
            break
    assert best is not None
    return best
