"""Prepared batches between two turns of their tiles, bounded over all fields of the process."""

import threading
from copy import copy
from weakref import WeakSet

import torch

from worker.numerics.batches import Batch


class Kept:
    """A batch whose tiles wait for their next turn; gone with the last field that refers to it.

    Attributes:
        steps: that its tiles have taken.
        bytes: that it holds, about.
    """

    def __init__(self, batch: Batch, rows: list[int], steps: int) -> None:
        """Keep the tiles `rows` of a batch."""
        self._batch: Batch | None = batch
        self._rows = set(rows)
        self.steps, self.bytes = steps, batch.memory

    @property
    def open(self) -> bool:
        """Whether it has not had to make room."""
        return self._batch is not None

    def take(self, rows: list[int]) -> tuple[Batch, list[int]] | None:
        """A batch to go on with and where in it the tiles `rows` are; None if it is gone.

        The batch is all their own: while other tiles are left it is a part of what is kept.
        """
        with _LOCK:
            batch = self._batch
            self._rows.difference_update(rows)
            if batch is None:
                return None
            part = copy(batch)
            if not self._rows:
                self._batch = None
                return part, rows
        part.keep(torch.tensor(rows))
        return part, list(range(len(rows)))

    def close(self) -> None:
        """Make room: its tiles begin anew from their start."""
        self._batch, self.bytes = None, 0


_LOCK = threading.RLock()
_ALL: "WeakSet[Kept]" = WeakSet()


def kept_bytes() -> int:
    """Bytes of all batches that are kept, about."""
    with _LOCK:
        return sum(kept.bytes for kept in _ALL if kept.open)


def keep(batch: Batch, rows: list[int], steps: int, most: float) -> Kept | None:
    """Keep the tiles `rows` of a batch, unless with that more than `most` bytes would be kept."""
    kept = Kept(batch, rows, steps)
    with _LOCK:
        if kept_bytes() + kept.bytes > most:
            return None
        _ALL.add(kept)
    return kept


def close_all() -> None:
    """Make room on a device that has none left."""
    with _LOCK:
        for kept in _ALL:
            kept.close()
