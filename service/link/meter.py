"""What a worker has done and how it stands, as it said last."""

from dataclasses import dataclass, field

from worker.wire.messages import Counts, Stats


@dataclass
class Meter:
    """Of one worker and those that it replaced."""

    now: Stats | None = None  # None: none is there, or it has not said yet
    lost: int = 0  # times that a worker ended, was given up, or was not there
    _before: Counts = field(default_factory=Counts)  # of connections that are over

    @property
    def total(self) -> Counts:
        """What has been done over all connections."""
        return self._before if self.now is None else self._before.plus(self.now.counts)

    def gone(self) -> None:
        """Note that the connection is over: what it has counted stays."""
        self._before, self.now = self.total, None
