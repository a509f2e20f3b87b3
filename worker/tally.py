"""What the engine counts as it goes."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from worker.runs import Emission
from worker.turns import LONG_S
from worker.wire.messages import Counts, Tiles

_THROUGH = ("converged", "degenerate")


@dataclass
class Tally:
    """Counts from the start of the worker."""

    _counts: Counts = field(default_factory=Counts)

    @property
    def counts(self) -> Counts:
        """What there is to count up to now."""
        return copy.copy(self._counts)

    def turn(self, seconds: float) -> None:
        """A turn of the device has taken so long."""
        self._counts.turns += 1
        self._counts.overruns += seconds > LONG_S
        self._counts.busy_seconds += seconds

    def batch(self, tiles: list[int], room: int) -> None:
        """A batch with so many tiles of each of its jobs, which had room for so many."""
        self._counts.batches += 1
        self._counts.batch_jobs += len(tiles)
        self._counts.batch_tiles += sum(tiles)
        self._counts.batch_room += max(room, sum(tiles))

    def told(self, emissions: Iterable[Emission]) -> None:
        """These messages go out: tiles among them that are through."""
        for message, _ in emissions:
            if isinstance(message, Tiles):
                through = [each for each in message.certificates if each.status in _THROUGH]
                self._counts.tiles += len(through)
                self._counts.iterations += sum(each.iterations for each in through)
