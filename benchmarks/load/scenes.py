"""Two questions with an answer each: do clients cost throughput, and do large jobs block small."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from benchmarks.load.arrivals import Request
from benchmarks.load.client import Client, prepare
from benchmarks.load.drive import opened
from benchmarks.load.outcome import Outcome
from benchmarks.load.processes import use
from benchmarks.load.served import Served

SIDE, JOBS, CLIENTS = 512, 32, 16
"""Fields of so many pixels a side, so many in all, by one client or so many."""
SMALL, LARGE = 256, 4096  # pixels of a side
BEHIND_S = 0.5, 2.0, 4.0, 6.0  # after the large one
LONG_S = 10.0


@dataclass(frozen=True)
class Throughput:
    """Tiles per second of what fields took, by their own account and by the processor's."""

    clients: int
    tiles: int
    field_s: float
    cpu_s: float

    @property
    def per_field_s(self) -> float:
        """Tiles per second of engine time."""
        return self.tiles / max(self.field_s, 1e-9)

    @property
    def per_cpu_s(self) -> float:
        """Tiles per second of the worker's processor time."""
        return self.tiles / max(self.cpu_s, 1e-9)


@dataclass(frozen=True)
class Behind:
    """A small request alone, and behind a large one."""

    alone_s: float
    behind_s: list[float]  # for each moment at which it came

    @property
    def factor(self) -> float:
        """How many times longer the worst took."""
        return max(self.behind_s) / self.alone_s


async def throughput(server: Served, jobs: int = JOBS) -> list[Throughput]:
    """The same fields by one client, and by sixteen at a time."""
    plan = [Request(i, 0.0, "field", SIDE, 1, LONG_S, variant=i % 3) for i in range(jobs)]
    return [await _throughput(server, plan, clients) for clients in (1, CLIENTS)]


async def _throughput(server: Served, plan: Sequence[Request], clients: int) -> Throughput:
    outcomes: list[Outcome] = []
    before_s = use([server.worker]).cpu_s
    async with opened(server) as client, trio.open_nursery() as nursery:
        for first in range(clients):
            nursery.start_soon(_in_turn, client, plan[first::clients], outcomes)
    return Throughput(
        clients=clients,
        tiles=sum(each.tiles for each in outcomes),
        field_s=sum(each.field_s for each in outcomes),
        cpu_s=use([server.worker]).cpu_s - before_s,
    )


async def _in_turn(client: Client, plan: Sequence[Request], outcomes: list[Outcome]) -> None:
    for request in plan:
        outcomes.append(await client.send(request, prepare(request)))  # noqa: PERF401 - one by one


async def behind(server: Served) -> Behind:
    """A small request alone; then behind a large one that is due earlier."""
    async with opened(server) as client:
        alone = [await _seconds(client, _small(index)) for index in range(5)]
        later = [await _behind(client, index, after) for index, after in enumerate(BEHIND_S, 5)]
    return Behind(statistics.median(alone), later)


async def _behind(client: Client, index: int, after_s: float) -> float:
    large = Request(100 + index, 0.0, "self", LARGE, 4, LONG_S - 1)
    body = prepare(large)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send, large, body)
        await trio.sleep(after_s)
        seconds = await _seconds(client, _small(index))
        nursery.cancel_scope.cancel()  # hangs up: the next one finds an idle worker
    await trio.sleep(1.0)
    return seconds


def _small(index: int) -> Request:
    return Request(index, 0.0, "self", SMALL, 1, LONG_S)


async def _seconds(client: Client, request: Request) -> float:
    outcome = await client.send(request, prepare(request))
    if outcome.end != "complete" or outcome.answer_s is None:
        return float("inf")
    return outcome.answer_s
