"""Send a plan of requests to a service, each at its time, and watch."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import trio

from benchmarks.load.arrivals import Request
from benchmarks.load.client import Body, Client, prepare
from benchmarks.load.outcome import Outcome
from benchmarks.load.served import Served
from benchmarks.load.watch import Watch, watching

TIMEOUT_S = 60.0  # of one read; the clients have patience of their own
LEAD_S = 0.2  # from the watch's first sample to the first request


@dataclass(frozen=True)
class Driven:
    """What became of all requests, in their order, and what was seen meanwhile."""

    outcomes: list[Outcome]
    watch: Watch


@asynccontextmanager
async def opened(server: Served) -> AsyncIterator[Client]:
    """Connections without a limit to a service."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
    async with httpx.AsyncClient(
        base_url=server.url, limits=limits, timeout=TIMEOUT_S, trust_env=False
    ) as http:
        yield Client(http, server.url)


async def drive(server: Served, plan: Sequence[Request]) -> Driven:
    """Send each at its time, whatever became of the others; returns when all have ended."""
    bodies = [prepare(request) for request in plan]
    gc.collect()
    outcomes: dict[int, Outcome] = {}
    async with opened(server) as client, watching(server, client.http) as watch:
        began = trio.current_time() + LEAD_S
        async with trio.open_nursery() as nursery:
            for request, body in zip(plan, bodies, strict=True):
                due = began + request.at_s
                await trio.sleep_until(due)
                nursery.start_soon(_send, client, request, body, due, outcomes)
    return Driven([outcomes[request.index] for request in plan], watch)


async def _send(
    client: Client, request: Request, body: Body, due: float, outcomes: dict[int, Outcome]
) -> None:
    behind_s = trio.current_time() - due
    outcomes[request.index] = await client.send(request, body, behind_s)


async def one_by_one(server: Served, plan: Sequence[Request]) -> list[Outcome]:
    """Each alone, after the one before has ended."""
    async with opened(server) as client:
        return [await client.send(request, prepare(request)) for request in plan]
