"""The one thread that the device is used from."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import trio

from worker.crier import Crier
from worker.job import Job

T = TypeVar("T")


class DeviceLost(Exception):
    """The device answers no more; only a new process can use it again."""


@dataclass(eq=False)
class DeviceThread:
    """Calls that never overlap; who waits longest is next.

    `entered` is entered around every call, for what torch keeps per thread; `healthy` is asked
    after an error; `crier` tells for whom a call is before it begins.
    """

    entered: Callable[[], AbstractContextManager[object]] = nullcontext
    healthy: Callable[[Exception], bool] = lambda _: True
    crier: Crier = field(default_factory=Crier)
    _turn: trio.Lock = field(default_factory=trio.Lock)
    # Of its own: no call waits for a thread that others encode or tidy in.
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))

    async def call(self, call: Callable[[], T], jobs: AbstractSet[Job] = frozenset()) -> T:
        """The call's result; a cancellation takes effect before it begins, or after it."""

        def entered() -> T:
            with self.entered():
                return call()

        async with self._turn:
            if jobs:
                await self.crier.announce(jobs)
            return await trio.to_thread.run_sync(entered, limiter=self._limiter)

    async def check(self, error: Exception) -> None:
        """After an error, whatever it was.

        Raises:
            DeviceLost: it has left the device unusable.
        """
        if not await self.call(partial(self.healthy, error)):
            raise DeviceLost("the device answers no more") from error
