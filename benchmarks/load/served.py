"""`itten serve` as a process of its own, as users start it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.processes import descendants

READY = "Itten is ready at "
STOP_S = 30.0
LARGEST = 4096 * 4096  # pixels; on a CPU the service takes a little less unless told


@dataclass(frozen=True)
class Served:
    """A service that is ready, and its processes."""

    url: str
    service: int  # process id

    @property
    def worker(self) -> int:
        """The process id of the worker as of now; 0: it is being replaced."""
        return self.others()[0]

    def others(self) -> tuple[int, list[int]]:
        """The worker, as above, and the other processes: decoders."""
        pids = descendants(self.service)
        workers = [pid for pid in pids if _is_worker(pid)]
        return max(workers, default=0), [pid for pid in pids if pid not in workers]


@contextmanager
def served(**env: str) -> Iterator[Served]:
    """Run a service on a free port until the block ends; its log goes to stderr.

    Raises:
        RuntimeError: it did not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="itten-load-") as data:
        process = launch(**{"ITTEN_DATA": data, "ITTEN_PORT": "0"} | env)
        try:
            yield ready(process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            finally:
                process.kill()


def launch(**env: str) -> subprocess.Popen[str]:
    """Start a service; see `ready`."""
    own = {"ITTEN_LOG_LEVEL": "warning", "ITTEN_MAX_PIXELS": str(LARGEST)}
    return subprocess.Popen(
        [sys.executable, "-m", "service", "serve"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | own | env,
    )


def ready(process: subprocess.Popen[str]) -> Served:
    """Wait until a service that was launched takes work.

    Raises:
        RuntimeError: it did not become ready.
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(READY):
        raise RuntimeError(f"the service did not start: {line.strip()}")
    return Served(line.removeprefix(READY).strip(), process.pid)


def _is_worker(pid: int) -> bool:
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return False
