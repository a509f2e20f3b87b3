"""Measure what each class of requests costs alone."""

import os
import sys
from collections.abc import Sequence

import trio

from benchmarks.load import costs
from benchmarks.load.arrivals import SIDES, Request
from benchmarks.load.client import Client, prepare
from benchmarks.load.costs import Costs, Lone
from benchmarks.load.drive import opened
from benchmarks.load.processes import use
from benchmarks.load.served import Served, served
from service.link.worker_link import open_workers
from worker.wire.messages import Hello

DEADLINE_S = 120.0  # nothing that is measured is cut short
LOOK_S = 0.05  # between two looks whether the worker rests


def measured(most_side: int) -> Costs:
    """The costs of the mix up to a side, on a service of its own."""
    plan = costs.lone_requests(most_side, DEADLINE_S)
    hello = trio.run(_hello)
    with served(ITTEN_MAX_DEADLINE_S=str(DEADLINE_S)) as server:
        trio.run(_one_by_one, server, plan[:2])  # the first of all takes longer
        lone = trio.run(_one_by_one, server, plan)
    return costs.costs_of(lone, [side for side in SIDES if side <= most_side], hello, cores())


async def _one_by_one(server: Served, plan: Sequence[Request]) -> list[Lone]:
    async with opened(server) as client:
        return [await _alone(server, client, request) for request in plan]


async def _alone(server: Served, client: Client, request: Request) -> Lone:
    outcome = await client.send(request, prepare(request))
    if outcome.end != "complete":
        raise RuntimeError(f"a lone request was not completed: {outcome}")
    answered = now = use([server.worker]).cpu_s
    before = -1.0
    while now > before:
        await trio.sleep(LOOK_S)
        before, now = now, use([server.worker]).cpu_s
    return Lone(outcome, now - answered)


async def _hello() -> Hello:
    """What a worker on this machine says of itself."""
    async with open_workers() as link:
        await link.wait_ready()
        assert link.hello is not None
        return link.hello


def cores() -> int:
    """Cores that this process may use, and with it all that it starts."""
    return len(os.sched_getaffinity(0))


def say(text: str) -> None:
    """Tell how far the benchmark is."""
    print(text, file=sys.stderr, flush=True)
