"""What to do when the device has no memory left: smaller batches, down to a single tile."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

T = TypeVar("T")


class OutOfMemory(Exception):
    """Not even one tile at a time fits on this device; another one may have more memory."""


class Memory:
    """How large the batches of one solver may be, learnt from those that did not fit.

    Attributes:
        retries: how often the device had no memory left.
    """

    def __init__(self) -> None:
        self.retries = 0
        self._most: int | None = None  # what is left of the size that did not fit
        self._largest = 1  # batch since then

    def most(self, size: int) -> int:
        """How many there may be in a batch that should have `size`."""
        return max(1, size if self._most is None else min(size, self._most))

    def batches(self, items: Sequence[T], size: int) -> list[list[T]]:
        """The items in batches of `size`, or as many as may fit."""
        size = self.most(size)
        self._largest = max(self._largest, min(size, len(items)))
        return [list(items[i : i + size]) for i in range(0, len(items), size)]

    def retried(self, work: Callable[[], Iterator[T]]) -> Iterator[T]:
        """Yield what `work` yields, begun anew with half the batches where memory runs out.

        Args:
            work: asks `batches` for its batches; begun anew, it goes on from what is done.

        Raises:
            OutOfMemory: when batches of one do not fit.
        """
        while True:
            try:
                yield from work()
            except torch.OutOfMemoryError as error:
                reason = str(error).partition("\n")[0]
            else:
                return
            self.ran_out()
            if self._largest == 1:
                raise OutOfMemory(reason)
            self._most, self._largest = self._largest // 2, 1

    def ran_out(self, size: int | None = None) -> None:
        """Note it, of a batch of that size, and give back what is free.

        Only after the handler: its traceback keeps the tensors of the call that failed.
        """
        torch.cuda.empty_cache()
        self.retries += 1
        if size is not None:
            self._most = max(1, size // 2)
