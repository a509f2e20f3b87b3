"""`itten serve` as a process, as users start it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_S = 120.0  # torch's import and the warm-up, on a machine that is busy with other tests
READY = "Itten is ready at "


@dataclass
class Served:
    """A service, and the process that it is."""

    process: subprocess.Popen[str]
    url: str
    data: Path

    def wait_ready(self) -> None:
        """Return once the worker is warm, again."""
        give_up = time.monotonic() + READY_S
        while httpx.get(f"{self.url}/readyz", timeout=10).status_code != 200:
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def worker_pid(self) -> int:
        """The process id of the worker."""
        for pid in descendants(self.process.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"worker" in command:
                return pid
        raise AssertionError("there is no worker")

    def wait_other_worker(self, gone: int) -> None:
        """Return once a worker is ready in place of one that was killed."""
        while gone in descendants(self.process.pid):
            time.sleep(0.02)
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
            assert process.wait(15) == status
        finally:
            process.kill()


@contextmanager
def standing_worker(mode: str, directory: Path) -> Iterator[str]:
    """The address of a cheap worker that stands by itself until the block ends."""
    address = f"unix:{directory / 'worker.sock'}"
    command = [sys.executable, "-m", "tests.service.shade_worker", mode, "--listen", address]
    with subprocess.Popen(command) as process:
        yield address
        process.terminate()


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
