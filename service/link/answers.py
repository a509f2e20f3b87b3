"""What a worker says about one job, on its way to the one who submitted it."""

from collections import deque
from collections.abc import Callable
from typing import Self

import trio

from worker.wire.messages import ToService

Answer = tuple[ToService, bytes]

BUFFER = 32  # messages; more would only hide a listener that does not keep up


class WorkerLost(Exception):
    """The worker is gone and the job could not be run again in time; the message says why."""


class Deadly(WorkerLost):
    """Two workers died in turns that were the job's alone: it is not run again."""


class Answers:
    """The messages of one job in order, for one listener; the last is `Finished`.

    With `Finished.arrays` the chunks follow, up to and with `ArraysDone`. A second `Started` means
    that the job is run again by another worker, from where the last `Checkpoint` was; after a
    `Finished`, that its arrays come anew.
    """

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close
        self._waiting: deque[Answer] = deque()
        self._changed = trio.Event()
        self._silent = False  # only the end is of interest
        self._ended = False
        self._lost: WorkerLost | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Answer:
        """Return the next message and its payload.

        Raises:
            WorkerLost: when there will be no answer.
        """
        while not self._waiting:
            if self._lost is not None:
                raise self._lost
            if self._ended:
                raise StopAsyncIteration
            await self._changed.wait()
        answer = self._waiting.popleft()
        self._notify()
        return answer

    def close(self) -> None:
        """Stop listening; a job that still runs is cancelled."""
        if not self._ended:
            self._on_close()

    async def offer(self, answer: Answer, *, droppable: bool = False) -> None:
        """Add a message when there is room for it; a droppable one does not wait for that."""
        if len(self._waiting) >= BUFFER // 2 and droppable:
            return
        while len(self._waiting) >= BUFFER and not self._silent:
            await self._changed.wait()
        if not self._silent:
            self._waiting.append(answer)
            self._notify()

    def silence(self) -> None:
        """Drop what waits and all that comes before the end."""
        self._silent = True
        self._waiting.clear()
        self._notify()

    def end(self, last: Answer | None = None, *, lost: WorkerLost | None = None) -> None:
        """Close after the messages that wait, with `last`, or by raising `lost`."""
        if last is not None:
            self._waiting.append(last)
        self._ended, self._lost = True, lost
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
