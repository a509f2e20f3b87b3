"""Who strikes the blows."""

import errno
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import trio

from benchmarks.chaos.blows import Blow, Kind
from benchmarks.chaos.cases import Case
from benchmarks.chaos.house import House
from benchmarks.load.listener import unread

BALLAST = bytes(1 << 20)
REFILL_S = 0.05  # what the service frees is taken, too
STALLED = 4  # readers at a time
LOOK_S = 0.02
PATIENCE_S = 60.0  # for another worker


@dataclass(frozen=True)
class Struck:
    """A blow that was struck.

    Attributes:
        back_s: seconds until the service took work again; None where it never ceased to.
        missed: there was nothing to strike at that moment.
    """

    kind: Kind
    back_s: float | None = None
    missed: bool = False


@dataclass(eq=False)
class Hand:
    """Strikes a service; `disk` is the small one that it writes to, None: there is none."""

    house: House
    http: httpx.AsyncClient
    cases: Sequence[Case]  # as they come in: whose pictures are asked for and never read
    disk: Path | None
    struck: list[Struck] = field(default_factory=list)

    async def strike(self, blow: Blow) -> None:
        """Do it, and return when it is over."""
        ways: dict[Kind, Callable[[Blow], Awaitable[Struck]]] = {
            "kill the worker": self._kill_worker,
            "kill all workers": self._kill_workers,
            "kill the decoders": self._kill_decoders,
            "kill the service": self._kill_service,
            "stop the worker": self._stop_worker,
            "stop the service": self._stop_service,
            "fill the disk": self._fill_disk,
            "stall readers": self._stall_readers,
        }
        self.struck.append(await ways[blow.kind](blow))

    async def _kill_worker(self, blow: Blow) -> Struck:
        if self.house.standing:  # the others take work
            return Struck(blow.kind, missed=not _send(self._one_worker(), signal.SIGKILL))
        return await self._kill_workers(blow)

    async def _kill_workers(self, blow: Blow) -> Struck:
        began = trio.current_time()
        hit = {pid for pid in self.house.workers if _send(pid, signal.SIGKILL)}
        if not hit:
            return Struck(blow.kind, missed=True)
        with trio.move_on_after(PATIENCE_S), self.house.troubles.during("no worker"):
            while not set(self.house.workers) - hit or not await self._takes_work():
                await trio.sleep(LOOK_S)
            return Struck(blow.kind, trio.current_time() - began)
        return Struck(blow.kind, PATIENCE_S)

    def _one_worker(self) -> int:
        """One after the other of them; 0: there is none just now."""
        pids = self.house.workers
        return pids[len(self.struck) % len(pids)] if pids else 0

    async def _kill_decoders(self, blow: Blow) -> Struck:
        _, decoders = self.house.served.others()
        hit = [pid for pid in decoders if _send(pid, signal.SIGKILL)]
        return Struck(blow.kind, missed=not hit)

    async def _kill_service(self, blow: Blow) -> Struck:
        return Struck(blow.kind, await self.house.restart())

    async def _stop_worker(self, blow: Blow) -> Struck:
        return await _stop(blow, self._one_worker())

    async def _stop_service(self, blow: Blow) -> Struck:
        return await _stop(blow, self.house.served.service)

    async def _fill_disk(self, blow: Blow) -> Struck:
        assert self.disk is not None
        with self.house.troubles.during("full disk"), _ballast(self.disk / "ballast") as add:
            with trio.move_on_after(blow.lasts_s):
                while True:
                    await trio.to_thread.run_sync(add)
                    await trio.sleep(REFILL_S)
        return Struck(blow.kind)

    async def _stall_readers(self, blow: Blow) -> Struck:
        """Ask for pictures, and never take them."""
        jobs = [each.job for each in self.cases if each.picture is not None][-STALLED:]
        host = urlsplit(self.house.url).netloc
        with suppress(OSError):  # the service is gone just now
            async with AsyncExitStack() as readers:
                for job in jobs:
                    head = f"GET /jobs/{job}/image?pass=0 HTTP/1.1\r\nHost: {host}\r\n\r\n"
                    await readers.enter_async_context(unread(self.house.url, head.encode()))
                await trio.sleep(blow.lasts_s)
        return Struck(blow.kind, missed=not jobs)

    async def _takes_work(self) -> bool:
        try:
            return (await self.http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


async def _stop(blow: Blow, pid: int) -> Struck:
    if not _send(pid, signal.SIGSTOP):
        return Struck(blow.kind, missed=True)
    await trio.sleep(blow.lasts_s)
    _send(pid, signal.SIGCONT)
    return Struck(blow.kind)


def _send(pid: int, number: signal.Signals) -> bool:
    """Send a process a signal; False where there is none."""
    if not pid:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _ballast(path: Path) -> Iterator[Callable[[], None]]:
    """A way to fill a disk, and again; it is empty after the block."""
    with path.open("wb", buffering=0) as file:

        def add() -> None:
            try:
                while True:
                    file.write(BALLAST)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

        try:
            yield add
        finally:
            path.unlink()
