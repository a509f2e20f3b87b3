"""Rounds of requests, and after each, at rest, a look at what the service holds."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

import trio

from benchmarks.load.arrivals import Request, sample
from benchmarks.load.client import Client, prepare
from benchmarks.load.drive import opened
from benchmarks.load.outcome import End
from benchmarks.load.rest import left
from benchmarks.load.served import Served, served
from benchmarks.soak.held import Held, held, kept
from benchmarks.soak.leaks import Bound, TooShort, Trend, trend

KEEP_GIB = 0.25  # full within the warm-up
MIX = 500  # requests, over and over
EACH = 2  # requests of a client, before all rest and what is held is looked at
REST_S = 60.0  # until all that the requests have left to do must be done
MIB = 1 << 20
PROCESSES = ("service", "worker", "decoders")
BOUNDS: dict[str, Bound] = {
    "service rss": Bound(2 * MIB, 8 * MIB),
    "worker rss": Bound(8 * MIB, 48 * MIB),
    "decoders rss": Bound(4 * MIB, 24 * MIB),
    **{f"{who} fds": Bound(1, 4) for who in PROCESSES},
    **{f"{who} threads": Bound(1, 4) for who in PROCESSES},
    "disk": Bound(32 * MIB, 64 * MIB),
}


@dataclass(frozen=True)
class Options:
    """What a run is to be."""

    minutes: float
    seed: int
    clients: int
    most_side: int  # pixels


@dataclass(frozen=True)
class Sample:
    """What there was when nothing was under way."""

    jobs: int  # requests that have ended since the beginning
    processes: dict[str, Held]
    disk: int  # bytes


@dataclass
class Results:
    """What a run came to."""

    options: Options
    samples: list[Sample] = field(default_factory=list)
    ends: Counter[End] = field(default_factory=Counter)
    workers: set[int] = field(default_factory=set)  # process ids
    reasons: list[str] = field(default_factory=list)  # of what was failed or lost

    def series(self, name: str) -> list[float]:
        """One quantity, sample by sample; names are those of the bounds."""
        if name == "disk":
            return [each.disk for each in self.samples]
        who, what = name.split()
        return [getattr(each.processes[who], what) for each in self.samples]

    def trends(self) -> dict[str, Trend]:
        """How each quantity goes; empty where the run was too short to say."""
        jobs = [float(each.jobs) for each in self.samples]
        try:
            return {name: trend(jobs, self.series(name)) for name in BOUNDS}
        except TooShort:
            return {}

    @property
    def complaints(self) -> list[str]:
        """Everything that must not be."""
        found = [
            f"{name} grows by {each.per_thousand:.0f} over 1000 jobs"
            for name, each in self.trends().items()
            if each.leaks(BOUNDS[name])
        ]
        if len(self.workers) > 1:
            found.append(f"the worker was replaced {len(self.workers) - 1} times")
        return found + self.reasons


def run(options: Options) -> Results:
    """Keep a service of its own busy, and watch."""
    results = Results(options)
    with (
        tempfile.TemporaryDirectory(prefix="itten-soak-") as data,
        served(ITTEN_DATA=data, ITTEN_KEEP_GB=str(KEEP_GIB)) as server,
    ):
        trio.run(_run, server, Path(data), results)
    return results


async def _run(server: Served, data: Path, results: Results) -> None:
    options = results.options
    turns = _endless(sample(options.seed, MIX, options.most_side))
    async with opened(server) as client:
        with trio.move_on_after(60 * options.minutes):
            while True:
                await _round(client, list(islice(turns, EACH * options.clients)), results)
                for name, value in (await left(client.http, REST_S)).items():
                    results.reasons.append(f"{name} is {value:g} after {REST_S:g} s of rest")
                now = partial(_now, server, data, results)
                results.samples.append(await trio.to_thread.run_sync(now))


async def _round(client: Client, requests: list[Request], results: Results) -> None:
    """Each client some requests, one after the other."""
    async with trio.open_nursery() as nursery:
        for first in range(results.options.clients):
            mine = requests[first :: results.options.clients]
            nursery.start_soon(_in_turn, client, mine, results)


async def _in_turn(client: Client, requests: list[Request], results: Results) -> None:
    for request in requests:
        outcome = await client.send(request, prepare(request))
        results.ends[outcome.end] += 1
        if outcome.end in ("failed", "lost"):
            results.reasons.append(f"{outcome.end}: {outcome.status} {outcome.reason}")


def _now(server: Served, data: Path, results: Results) -> Sample:
    worker, decoders = server.others()
    results.workers |= {worker} - {0}
    processes = {"service": [server.service], "worker": [worker], "decoders": decoders}
    return Sample(
        jobs=results.ends.total(),
        processes={name: held(pids) for name, pids in processes.items()},
        disk=kept(data),
    )


def _endless(mix: list[Request]) -> Iterator[Request]:
    """The mix over and over, each with a number of its own: no two are the same work."""
    index = 0
    while True:
        for each in mix:
            index += 1
            yield replace(each, index=index)
