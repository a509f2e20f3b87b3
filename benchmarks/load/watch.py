"""What the service and the harness do while a load is on: sampled, and cheap."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx
import trio

from benchmarks.load.metrics import Metrics, parse
from benchmarks.load.processes import Use, use
from benchmarks.load.served import Served

EVERY_S = 0.5
PROBE_S = 0.1  # between two questions whether the service is alive


@dataclass(frozen=True)
class Sample:
    """What there was at a moment."""

    at_s: float  # since the watch began
    service: Use
    worker: Use
    helpers: Use  # decoders
    harness: Use
    worker_pid: int = 0


@dataclass
class Watch:
    """What was seen; complete when the block around it has ended."""

    samples: list[Sample] = field(default_factory=list)
    alive_s: list[float] = field(default_factory=list)  # round trips of /healthz
    behind_s: list[float] = field(default_factory=list)  # what the harness itself overslept
    before: Metrics = field(default_factory=Metrics)
    after: Metrics = field(default_factory=Metrics)

    @property
    def seconds(self) -> float:
        """How long it watched."""
        return self.samples[-1].at_s - self.samples[0].at_s

    def cores(self, of: str) -> float:
        """How many cores a process kept busy: `service`, `worker`, `helpers`, `harness`."""
        uses = [getattr(each, of).cpu_s for each in self.samples]
        # A process that was replaced begins at nothing.
        return float(sum(max(0.0, later - now) for now, later in pairwise(uses))) / self.seconds

    @property
    def restarts(self) -> int:
        """How often the worker was replaced."""
        return max(0, len({each.worker_pid for each in self.samples if each.worker_pid}) - 1)


@asynccontextmanager
async def watching(server: Served, http: httpx.AsyncClient) -> AsyncIterator[Watch]:
    """Watch while the block runs."""
    watch, began = Watch(before=await _metrics(http)), trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_sample, watch, server, began)
        nursery.start_soon(_probe, watch, http)
        yield watch
        nursery.cancel_scope.cancel()
    watch.samples.append(_now(server, began))
    watch.after = await _metrics(http)


async def _sample(watch: Watch, server: Served, began: float) -> None:
    while True:
        watch.samples.append(_now(server, began))
        due = trio.current_time() + EVERY_S
        await trio.sleep_until(due)
        watch.behind_s.append(trio.current_time() - due)


def _now(server: Served, began: float) -> Sample:
    worker, helpers = server.others()
    return Sample(
        at_s=trio.current_time() - began,
        service=use([server.service]),
        worker=use([worker]),
        helpers=use(helpers),
        harness=Use(time.process_time()),
        worker_pid=worker,
    )


async def _probe(watch: Watch, http: httpx.AsyncClient) -> None:
    while True:
        asked = trio.current_time()
        await http.get("/healthz")
        watch.alive_s.append(trio.current_time() - asked)
        await trio.sleep(PROBE_S)


async def _metrics(http: httpx.AsyncClient) -> Metrics:
    """The service's own figures; none where it has no such page."""
    answer = await http.get("/metrics")
    return parse(answer.text) if answer.status_code == 200 else Metrics()
