"""Why there is no worker: told when it is new, and now and then while it lasts."""

import math

import structlog
import trio

from worker.wire.framing import FrameError

log = structlog.get_logger()


class Trouble:
    """What keeps one worker from being there."""

    def __init__(self, worker: str, again_s: float) -> None:
        """Tell of what stays as it is every so many seconds."""
        self.reason: str | None = None  # None where there is none, or nothing is known yet
        self._worker, self._again_s = worker, again_s
        self._told = -math.inf
        self._times = 0

    def tell(self, reason: str) -> None:
        """Note that the worker is lost, or not to be reached."""
        now = trio.current_time()
        self._times = self._times + 1 if reason == self.reason else 1
        if reason == self.reason and now - self._told < self._again_s:
            return
        self.reason, self._told = reason, now
        log.warning(
            "no worker; trying again", worker=self._worker, reason=reason, times=self._times
        )

    def over(self) -> None:
        """Note that the worker is there."""
        self.reason = None


def reason_of(error: BaseException) -> str:
    """The first error of a group in words, for an operator."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError):
        if isinstance(error.__cause__, BaseExceptionGroup):  # trio's, of all addresses of a name
            return reason_of(error.__cause__)
        return error.strerror or str(error)
    if isinstance(error, FrameError):
        return f"what answers is no worker of Itten: {error}"
    return str(error) or f"the connection broke ({type(error).__name__})"
