"""Workers that stand by themselves: each is started again when it has ended."""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio


@dataclass(eq=False)
class Worker:
    """One of them, over its restarts; `pid` is 0 until the first start."""

    address: str
    pid: int = 0

    async def keep(self) -> None:
        """Start it again and again, until cancelled."""
        command = [sys.executable, "-m", "service", "worker", "--listen", self.address]
        while True:
            async with trio.open_nursery() as nursery:
                running = partial(trio.run_process, command, check=False)
                self.pid = (await nursery.start(running)).pid


@asynccontextmanager
async def standing(count: int) -> AsyncIterator[Sequence[Worker]]:
    """So many workers, at sockets of their own, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="itten-workers-") as place:
        workers = [Worker(f"unix:{Path(place) / f'{number}.sock'}") for number in range(count)]
        async with trio.open_nursery() as nursery:
            for each in workers:
                nursery.start_soon(each.keep)
            yield workers
            nursery.cancel_scope.cancel()
