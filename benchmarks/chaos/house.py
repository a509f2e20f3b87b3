"""One service over its restarts: one address, one directory, and whoever it leaves behind."""

import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from benchmarks.chaos.troubles import Troubles
from benchmarks.chaos.workers import Worker, standing
from benchmarks.load.processes import descendants, is_alive
from benchmarks.load.served import Served, launch, ready

TRIES = 60  # starts, one after the other: on a full disk there is none
PAUSE_S = 0.5  # between them
STOP_S = 60.0  # until a service that was told to end is killed
PORTS = range(20_000, 30_000)  # never one that the system gives a client: it would reach itself


@dataclass(frozen=True)
class Stopped:
    """How a service ended that was told to."""

    status: int  # of its process
    seconds: float


@dataclass(eq=False)
class House:
    """A service that is killed and started again."""

    data: Path
    port: int
    env: dict[str, str]
    standing: Sequence[Worker] = ()  # instead of the service's own worker
    troubles: Troubles = field(default_factory=Troubles)
    children: list[int] = field(default_factory=list)  # of services that were killed
    failed_starts: int = 0
    _process: subprocess.Popen[str] | None = None
    _served: Served | None = None
    _restarting: trio.Lock = field(default_factory=trio.Lock)

    @property
    def url(self) -> str:
        """Where it is, now and after each restart."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def served(self) -> Served:
        """The service as of now, and its processes."""
        assert self._served is not None
        return self._served

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers as of now; none of one that is being replaced."""
        pids = [each.pid for each in self.standing] or [self.served.worker]
        return [each for each in pids if each]

    async def start(self) -> None:
        """Start the service; returns when it takes work.

        Raises:
            RuntimeError: it does not start, tried again and again.
        """
        for _ in range(TRIES):
            self._process = launch(ITTEN_DATA=str(self.data), ITTEN_PORT=str(self.port), **self.env)
            starting = partial(ready, self._process)
            try:
                self._served = await trio.to_thread.run_sync(starting, abandon_on_cancel=True)
            except RuntimeError:
                _bury(self._process)
                self.failed_starts += 1
                await trio.sleep(PAUSE_S)
            else:
                return
        raise RuntimeError("the service does not start any more")

    async def restart(self) -> float:
        """Kill the service and start it again; the seconds until it takes work."""
        async with self._restarting:
            with self.troubles.during("no service"):
                began = trio.current_time()
                self.children += descendants(self.served.service)
                self.kill()
                await self.start()
            return trio.current_time() - began

    async def stop(self) -> Stopped:
        """Tell the service to end, and wait for it."""
        assert self._process is not None
        began = trio.current_time()
        self.children += descendants(self.served.service)
        self.send_signal(signal.SIGTERM)
        waiting = partial(self._process.wait, STOP_S)
        try:
            status = await trio.to_thread.run_sync(waiting, abandon_on_cancel=True)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
        self.kill()
        return Stopped(status, trio.current_time() - began)

    def send_signal(self, number: signal.Signals) -> None:
        """Send the service a signal; harmless when it has ended."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the service at once."""
        if self._process is not None:
            self._process.kill()
            _bury(self._process)

    async def orphans(self, within_s: float) -> list[int]:
        """Processes of killed services that are still there after so many seconds."""
        give_up = time.monotonic() + within_s
        while (left := [pid for pid in self.children if is_alive(pid)]) and (
            time.monotonic() < give_up
        ):
            await trio.sleep(PAUSE_S)
        return left


@asynccontextmanager
async def opened(data: Path, workers: int = 1, **env: str) -> AsyncIterator[House]:
    """A service that runs, until the block ends; several workers stand by themselves."""
    async with standing(workers if workers > 1 else 0) as others:
        if others:
            env["ITTEN_WORKERS"] = ",".join(each.address for each in others)
        house = House(data, _free_port(), env, others)
        try:
            await house.start()
            yield house
        finally:
            house.kill()


def _bury(process: subprocess.Popen[str]) -> None:
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
