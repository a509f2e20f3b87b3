"""What a request moves and what it costs the service, by the pixels of a side.

python -m benchmarks.load.traffic             some minutes; writes benchmarks/load/traffic.json

A proxy between service and worker counts bytes. Processor time is the kernel's, of the thread of
the event loop, the other threads of the service, and the decoders.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import msgspec

from benchmarks.load.arrivals import Request, sample
from benchmarks.load.calibrate import say
from benchmarks.load.costs import SEED
from benchmarks.load.pictures import pieces
from benchmarks.load.processes import use
from benchmarks.load.served import Served, served
from worker.sending import WORK
from worker.wire.framing import FrameDecoder
from worker.wire.messages import ArrayChunk, ToService

FILE = Path(__file__).with_name("traffic.json")
ROUNDS = {256: 6, 512: 4, 1024: 3, 2048: 2}
MIXED = 40  # requests of the mix
PASSES, DEADLINE_S = 2, 120.0
IDLE_S = 5.0
COPIED = 1 << 20  # bytes at a time


@dataclass(frozen=True)
class Moved:
    """Of one request, and a job with its field and passes kept.

    Attributes:
        upload, answer: bytes of HTTP bodies, JPEG and PNG.
        to_worker, from_worker: bytes on the worker's socket.
        fields: of these, arrays of fields; nobody asked for them.
        work: of these, what the job could go on from; more of it the longer a job takes.
        kept: bytes on the disk.
        loop_s: processor time of the event loop's thread, beyond what it takes when idle.
        threads_s: of the other threads: encoding, hashing, files, the database.
        decoders_s: of the processes that decode.
    """

    upload: float
    answer: float
    to_worker: float
    from_worker: float
    fields: float
    work: float
    kept: float
    loop_s: float
    threads_s: float
    decoders_s: float


@dataclass(frozen=True)
class Traffic:
    """What was moved.

    Attributes:
        sides: by the pixels of a side, of two passes with all the time that they need.
        mix: on average over requests of the mix, one after the other, with their own deadlines.
        idle: the share of a core that the event loop takes when nobody asks for anything.
    """

    sides: dict[int, Moved]
    mix: Moved
    idle: float


class Proxy:
    """Passes a worker's bytes on, and counts them."""

    def __init__(self, worker: Path, path: Path) -> None:
        self.to_worker = self.from_worker = self.fields = self.work = 0
        self._worker = worker
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._listener.accept()
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self._worker))
            except OSError:  # it is not warm yet
                near.close()
                continue
            Thread(target=self._there, args=(near, far), daemon=True).start()
            Thread(target=self._back, args=(far, near), daemon=True).start()

    def _there(self, service: socket.socket, worker: socket.socket) -> None:
        while data := service.recv(COPIED):
            worker.sendall(data)
            self.to_worker += len(data)
        worker.shutdown(socket.SHUT_WR)

    def _back(self, worker: socket.socket, service: socket.socket) -> None:
        decoder = FrameDecoder[ToService](ToService)
        while data := worker.recv(COPIED):
            service.sendall(data)
            self.from_worker += len(data)
            for message, payload in decoder.feed(data):
                if isinstance(message, ArrayChunk) and message.name.startswith(WORK):
                    self.work += len(payload)
                elif isinstance(message, ArrayChunk):
                    self.fields += len(payload)


class Measurement:
    """One service, with a worker behind a proxy."""

    def __init__(self, server: Served, proxy: Proxy, data: Path) -> None:
        self.server, self.proxy, self.data = server, proxy, data
        self.client = httpx.Client(base_url=server.url, timeout=2 * DEADLINE_S)
        self.number = 0

    def all_of_it(self) -> Traffic:
        """Every size, and the mix; the first request of all is not counted."""
        self._ask(_plain(256))
        began = self._totals()
        time.sleep(IDLE_S)
        idle = (self._totals()["loop_s"] - began["loop_s"]) / IDLE_S
        sides = {side: self._mean([_plain(side)] * ROUNDS[side], idle) for side in ROUNDS}
        return Traffic(sides, self._mean(sample(SEED, MIXED), idle), idle)

    def _mean(self, plan: Sequence[Request], idle: float) -> Moved:
        say(f"{len(plan)} requests of {plan[0].side} pixels and others")
        began, before = time.monotonic(), self._totals()
        bodies = [self._ask(request) for request in plan]
        after, took_s = self._totals(), time.monotonic() - began
        found = {name: (after[name] - before[name]) / len(plan) for name in after}
        found["loop_s"] = max(0.0, found["loop_s"] - idle * took_s / len(plan))
        upload, answer = (sum(sizes) / len(plan) for sizes in zip(*bodies, strict=True))
        return Moved(upload, answer, **found)

    def _ask(self, request: Request) -> tuple[int, int]:
        """Bytes of the upload and of the answer, once nothing follows any more."""
        self.number += 1
        files = {"target": self._file(request.side)}
        if request.source_side:
            files["source"] = self._file(request.source_side)
        field = request.kind == "field"
        data = {"deadline_s": str(request.deadline_s)} | (
            {} if field else {"passes": str(request.passes)}
        )
        answer = self.client.post("/field" if field else "/shade", data=data, files=files)
        if answer.status_code != 200:
            raise RuntimeError(f"a request was not answered: {answer.text[:200]}")
        while "itten_jobs_kept_open 0.0" not in self.client.get("/metrics").text:
            time.sleep(0.1)
        return sum(len(each) for _, each in files.values()), len(answer.content)

    def _file(self, side: int) -> tuple[str, bytes]:
        return "p.jpg", b"".join(pieces(side, self.number, self.number))

    def _totals(self) -> dict[str, float]:
        pid = self.server.service
        fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
        loop_s = (int(fields[11]) + int(fields[12])) / 100
        files = [each for each in self.data.rglob("*") if each.is_file()]
        return {
            "to_worker": self.proxy.to_worker,
            "from_worker": self.proxy.from_worker,
            "fields": self.proxy.fields,
            "work": self.proxy.work,
            "kept": sum(each.stat().st_size for each in files),
            "loop_s": loop_s,
            "threads_s": use([pid]).cpu_s - loop_s,
            "decoders_s": use(self.server.others()[1]).cpu_s,
        }


def _plain(side: int) -> Request:
    return Request(0, 0.0, "self", side, PASSES, DEADLINE_S)


@contextmanager
def measurement() -> Iterator[Measurement]:
    """A worker, a proxy and a service, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="itten-traffic-") as folder:
        place = Path(folder)
        worker, between = place / "worker.sock", place / "proxy.sock"
        command = [sys.executable, "-m", "service", "worker", "--listen", f"unix:{worker}"]
        with subprocess.Popen(command) as process:
            try:
                proxy = Proxy(worker, between)
                with served(
                    ITTEN_DATA=str(place / "data"),
                    ITTEN_WORKERS=f"unix:{between}",
                    ITTEN_MAX_DEADLINE_S=str(DEADLINE_S),
                ) as server:
                    yield Measurement(server, proxy, place / "data")
            finally:
                process.terminate()


def main() -> int:
    """Measure and write."""
    with measurement() as found:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(found.all_of_it())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
