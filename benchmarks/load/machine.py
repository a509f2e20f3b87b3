"""What the simulation runs on: a clock that jumps from event to event, and shared cores."""

import heapq
import itertools
from collections.abc import Callable


class Clock:
    """Calls what is due, in order."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Have something happen then."""
        heapq.heappush(self._events, (moment, next(self._order), call))

    def run(self) -> None:
        """Until nothing is to happen any more."""
        while self._events:
            moment, _, call = heapq.heappop(self._events)
            self.now = max(self.now, moment)
            call()


class Machine:
    """Cores that whoever runs on them shares.

    While pictures are decoded or encoded a device that is these cores is slower, and decoding and
    encoding take longer while it is busy.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self.busy_s = 0.0  # that decoding and encoding took, together
        self._helping: list[float] = []  # until when pictures are decoded and encoded

    def slower(self, own: int, at: float) -> float:
        """How many times longer something takes that keeps so many cores busy."""
        self._helping = [end for end in self._helping if end > at]
        return max(1.0, (own + len(self._helping)) / self.cores)

    def help(self, seconds: float, begins: float, beside: int) -> float:
        """When decoding or encoding that begins then has ended, beside so many busy cores."""
        ends = begins + seconds * self.slower(1 + beside, begins)
        self.busy_s += ends - begins
        self._helping.append(ends)
        return ends
