"""`itten serve` as a process, as users start it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

READY_S = 300.0  # torch's import and the warm-up, where it also compiles; guards against a hang
LONG_S = 60.0  # for what must be complete, also on a machine that is busy with other tests
PATIENT = {"ITTEN_MAX_DEADLINE_S": str(LONG_S)}
LONGEST_S = 300.0  # the same of large ones, or where a worker is replaced meanwhile
LONGEST = {"ITTEN_MAX_DEADLINE_S": str(LONGEST_S)}
PATIENCE_S = 2 * LONG_S  # for an answer, or an end: guards against a hang and nothing else
READY = "Itten is ready at "


def until(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Return once it holds."""
    give_up = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def until_gone(pids: Sequence[int]) -> None:
    """Return once these processes have ended; one whose parent is dead is buried a moment later."""
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


@dataclass
class Served:
    """A service, and the process that it is."""

    process: subprocess.Popen[str]
    url: str
    data: Path

    def wait_ready(self) -> None:
        """Return once the worker is warm, again."""
        until(lambda: self.get("/readyz").status_code == 200, READY_S)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """What the service answers."""
        return httpx.get(self.url + path, timeout=PATIENCE_S, **options)

    def ids(self) -> set[str]:
        """The jobs that it has."""
        return {each["id"] for each in self.get("/jobs").json()["jobs"]}

    def post(self, path: str, **options: Any) -> httpx.Response:
        """The same of a request with a body."""
        return httpx.post(self.url + path, timeout=PATIENCE_S, **options)

    def worker_pid(self) -> int:
        """The process id of the worker."""
        for pid in descendants(self.process.pid):
            with suppress(OSError):  # it has ended meanwhile
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"worker" in command:
                    return pid
        raise AssertionError("there is no worker")

    def wait_other_worker(self, gone: int) -> None:
        """Return once a worker is ready in place of one that was killed."""
        until(lambda: gone not in descendants(self.process.pid))
        self.wait_ready()


@contextmanager
def served(
    data: Path,
    *arguments: str,
    status: int = 0,
    itten: Sequence[str] = (sys.executable, "-m", "service"),
    **env: str,
) -> Iterator[Served]:
    """Run `itten serve` on a free port until the block ends; it must end with this status."""
    command = [*itten, "serve", *arguments]
    environment = os.environ | {"ITTEN_DATA": str(data), "ITTEN_PORT": "0"} | env
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    with process:
        try:
            line = process.stdout.readline()
            assert line.startswith(READY), line
            yield Served(process, line.removeprefix(READY).strip(), data)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == status
        finally:
            process.kill()


@contextmanager
def standing_worker(mode: str, directory: Path) -> Iterator[str]:
    """The address of a cheap worker that stands by itself until the block ends.

    As long as there is a file `hold` in the directory, a `slow` one ends no job of three passes.
    """
    mode = f"{mode}:{directory / 'hold'}" if mode == "slow" else mode
    address = f"unix:{directory / 'worker.sock'}"
    command = [sys.executable, "-m", "tests.service.shade_worker", mode, "--listen", address]
    with subprocess.Popen(command) as process:
        try:
            yield address
        finally:  # a test that fails must not wait for it for ever
            process.terminate()


@contextmanager
def held(worker: str) -> Iterator[Path]:
    """A `slow` worker comes to no third pass until the block ends, or the file that this yields."""
    hold = Path(worker.removeprefix("unix:")).with_name("hold")
    hold.touch()
    try:
        yield hold
    finally:
        hold.unlink(missing_ok=True)


def free_port() -> int:
    """A port for a service that comes back: none that the kernel gives to whoever takes any."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == pid:
            children.append(int(status.parent.name))
    return children + [each for child in children for each in descendants(child)]
