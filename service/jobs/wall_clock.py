"""The machine's clock, and whether it was set: nobody's jobs may leave for that."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

JUMP_S = 60.0  # between two looks, of one clock against the other; no drift comes to that
DOUBT_S = 3600.0  # for who set it by mistake to set it right
# A machine that was suspended has not been set: where there is one, the clock that goes on then.
_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_log = structlog.stdlib.get_logger("itten.clock")


def _since_boot() -> float:
    return time.clock_gettime(_SINCE_BOOT)


@dataclass(eq=False)
class WallClock:
    """The time of day, held against a clock that nobody sets."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = _since_boot
    _ahead: float = field(init=False)  # of the steady one, at the last look
    _sure_from: float = -math.inf  # by the steady one

    def __post_init__(self) -> None:
        """What it says at the start is believed."""
        self._ahead = self.wall() - self.steady()

    def look(self) -> tuple[float, bool]:
        """Seconds since the epoch, and whether that is sure: not for an hour after a jump."""
        steady, now = self.steady(), self.wall()
        jump, self._ahead = now - steady - self._ahead, now - steady
        if abs(jump) > JUMP_S:
            self._sure_from = steady + DOUBT_S
            _log.error(
                "the machine's clock was set; no job leaves for its age until that is believed",
                ahead_by_s=round(jump),
                believed_in_s=DOUBT_S,
            )
        return now, steady >= self._sure_from
