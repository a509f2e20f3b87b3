"""`itten serve` as a process, with a worker that is cheap, and what it uses and logs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.e2e.served import READY, descendants

STOP_S = 60.0  # where others compute
ALIVE_S = 30.0  # for an answer to a plain question, whatever else is going on
_TICKS = os.sysconf("SC_CLK_TCK")
_BUGS = ("Traceback", "a request broke", "a request failed", "connection broken", "Error in ASGI")


@dataclass
class Besieged:
    """A service under attack."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    client: httpx.Client = field(init=False)
    _told: int = 0

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def rss(self) -> int:
        """Bytes of memory that the service holds, without its decoders and worker."""
        [line] = [each for each in self._status() if each.startswith("VmRSS")]
        return int(line.split()[1]) * 1024

    def cpu_s(self) -> float:
        """Processor seconds that the service has used."""
        return _used_s(self.process.pid)

    def cpu_of_all_s(self) -> float:
        """The same with its decoders', also of those that have ended."""
        own_s = _used_s(self.process.pid, and_of_ended=True)
        return own_s + sum(map(_used_s, descendants(self.process.pid)))

    def assert_well(self) -> None:
        """It answers a newcomer soon, and has logged no bug since it was last well."""
        assert self.process.poll() is None
        assert self.newcomer() == 200
        bugs = self.bugs()
        self._told, told = len(bugs), self._told
        assert bugs[told:] == []

    def newcomer(self) -> int:
        """The status that a plain question on a connection of its own is answered with."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=ALIVE_S)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status

    def bugs(self) -> list[str]:
        """Lines of its log that tell of a bug."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(bug in line for bug in _BUGS)]

    def wait_idle(self) -> None:
        """Return once no job waits or runs."""
        give_up = time.monotonic() + 60
        while self._gauge("itten_places_taken"):
            assert time.monotonic() < give_up
            time.sleep(0.02)

    def _gauge(self, name: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
        return float(value)

    def _status(self) -> list[str]:
        return Path(f"/proc/{self.process.pid}/status").read_text().splitlines()


@contextmanager
def besieged(directory: Path, **env: str) -> Iterator[Besieged]:
    """Run the service until the block ends; it must end in good order, and have logged no bug."""
    address = f"unix:{directory}/worker.sock"
    worker = [sys.executable, "-m", "tests.service.shade_worker", "slow", "--listen", address]
    own = {"ITTEN_DATA": str(directory / "data"), "ITTEN_PORT": "0", "ITTEN_WORKERS": address}
    own |= {"ITTEN_RATE": "1e6", "ITTEN_RATE_BURST": "1000000"}  # who attacks comes in numbers
    own |= {"ITTEN_MAX_DEADLINE_S": "120"}  # that nobody is let go of for a slow machine
    log = directory / "log"
    with subprocess.Popen(worker, stderr=subprocess.DEVNULL) as working, log.open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"],
            stdout=subprocess.PIPE,
            stderr=lines,
            text=True,
            env=os.environ | own | env,
        )
        try:
            service = Besieged(process, _url(process), log)
            with service.client:
                yield service
                service.assert_well()
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_S) == 0
        finally:
            process.kill()
            process.communicate()
            working.kill()


def _used_s(pid: int, *, and_of_ended: bool = False) -> float:
    """Processor seconds of a process, and of those of its children that it has waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return 0.0
    return sum(map(int, stat[11 : 15 if and_of_ended else 13])) / _TICKS


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), line
    return line.removeprefix(READY).strip()
