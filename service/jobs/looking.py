"""Turns at pictures that are made to be looked at: they take processor time and have no deadline.

Who asks for many at once, within the rate, would take every thread and keep the answers of all
others from being encoded by their deadlines.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

import trio

from service.problems import Busy

WAIT_S = 30.0  # for a turn: browsers have six requests under way, of seconds each
_LONG = "Pictures are asked for faster than they can be made; ask again, for fewer at a time."


class Looking:
    """A few at a time, and one of each caller: who asks for many waits for itself."""

    def __init__(self, at_once: int = max(1, (os.cpu_count() or 1) // 2)) -> None:
        self._all = trio.CapacityLimiter(at_once)
        self._callers: WeakValueDictionary[str, trio.CapacityLimiter] = WeakValueDictionary()
        self.threads = trio.CapacityLimiter(at_once)
        """For what goes on in its thread when the caller has hung up, and lost the turn."""

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Hold one while the block runs; raises Busy where none comes."""
        mine = self._callers.setdefault(caller, trio.CapacityLimiter(1))
        async with AsyncExitStack() as held:
            with trio.move_on_after(WAIT_S) as patience:
                await held.enter_async_context(mine)
                await held.enter_async_context(self._all)
            if patience.cancelled_caught:
                raise Busy(_LONG)
            yield
