"""A load under blows, and what is left after the last restart."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trio

from benchmarks.chaos.blows import Blow, Kind, plan
from benchmarks.chaos.caller import Caller
from benchmarks.chaos.cases import Account, Case, Kept, account
from benchmarks.chaos.disk import small_disk
from benchmarks.chaos.hand import Hand, Struck
from benchmarks.chaos.house import House, Stopped, opened
from benchmarks.chaos.troubles import Clock
from benchmarks.load.arrivals import Request, requests
from benchmarks.load.client import prepare
from benchmarks.load.pictures import jpeg
from benchmarks.load.rest import left

DISK_MIB = 1024
KEEP_GIB = 0.4  # of it
TIMEOUT_S = 90.0  # of one read; clients have patience of their own
SETTLE_S = 20.0  # after the last client, until nothing is under way
ORPHANS_S = 10.0  # for processes whose service was killed


@dataclass(frozen=True)
class Options:
    """What a run is to be."""

    seconds: float
    seed: int
    rate: float  # requests a second
    every_s: float  # from blow to blow
    most_side: int  # pixels
    workers: int = 1  # several stand by themselves


@dataclass(frozen=True)
class Results:
    """What a run came to.

    Attributes:
        accounts: each case, and what became of it.
        left: gauges that were not 0 when all was over.
        orphans: processes whose service was killed and that did not end.
        failed_starts: starts that the full disk did not allow.
        stopped: how the service ended that was told to, with nothing under way.
        works: a request after the last restart was answered in full.
    """

    options: Options
    accounts: list[tuple[Case, Account]]
    struck: list[Struck]
    small_disk: bool
    left: dict[str, float]
    orphans: int
    failed_starts: int
    stopped: Stopped
    works: bool

    @property
    def complaints(self) -> list[str]:
        """Everything that must not be."""
        found = [
            f"{case.way} {case.job or '(no id)'}: {each.end}: {each.note}"
            for case, each in self.accounts
            if not each.sound
        ]
        found += [f"{name} is {value:g} after the end" for name, value in self.left.items()]
        if self.orphans:
            found.append(f"{self.orphans} processes outlived their service")
        if self.stopped.status:
            found.append(f"told to end, the service ended with status {self.stopped.status}")
        if not self.works:
            found.append("a request after the last restart was not answered in full")
        return found


def run(options: Options) -> Results:
    """Load a service of its own, strike it, and account for every job."""
    with small_disk(DISK_MIB) as disk, _directory(disk) as data:
        return trio.run(_run, options, disk, data)


async def _run(options: Options, disk: Path | None, data: Path) -> Results:
    blows = plan(options.seed, options.seconds, options.every_s, _without(options, disk))
    arrivals = requests(options.seed, options.rate, options.seconds, options.most_side)
    for side, variant in {(each.side, each.variant) for each in arrivals}:
        jpeg(side, variant)  # before the clock runs
    opening = opened(data, options.workers, ITTEN_KEEP_GB=str(KEEP_GIB))
    async with opening as house, _http(house) as http:
        caller = Caller(http, house.url, house.troubles, options.seed)
        hand = Hand(house, http, caller.cases, disk)
        await _load(caller, hand, arrivals, blows)
        not_over = await left(http, SETTLE_S)
        stopped = await house.stop()
        await house.start()
        return Results(
            options=options,
            accounts=[(case, account(case, await _kept(http, case))) for case in caller.cases],
            struck=hand.struck,
            small_disk=disk is not None,
            left=not_over,
            orphans=len(await house.orphans(ORPHANS_S)),
            failed_starts=house.failed_starts,
            stopped=stopped,
            works=await _works(http),
        )


def _without(options: Options, disk: Path | None) -> list[Kind]:
    """Blows that nothing is there for."""
    missing: list[Kind] = [] if disk else ["fill the disk"]
    return missing if options.workers > 1 else [*missing, "kill all workers"]


async def _load(
    caller: Caller, hand: Hand, arrivals: Sequence[Request], blows: Sequence[Blow]
) -> None:
    clock = Clock(hand.house.troubles)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def strike() -> None:
            for blow in blows:
                await clock.sleep_until(blow.at_s)
                await hand.house.troubles.wait_over("no service")
                nursery.start_soon(hand.strike, blow)

        for request in arrivals:
            await clock.sleep_until(request.at_s)
            nursery.start_soon(caller.call, request, prepare(request))


async def _kept(http: httpx.AsyncClient, case: Case) -> Kept | None:
    if case.job is None:
        return None
    answer = await http.get(f"/jobs/{case.job}")
    if answer.status_code != 200:
        return Kept(answer.status_code, note=answer.text)
    document = answer.json()
    picture = await http.get(f"/jobs/{case.job}/image")
    shown = picture.status_code == 200
    return Kept(
        status=200,
        state=document["state"],
        picture=hashlib.sha256(picture.content).hexdigest() if shown else None,
        note=document.get("status_reason") or ("" if shown else picture.text),
    )


async def _works(http: httpx.AsyncClient) -> bool:
    request = Request(1 << 30, 0.0, "self", 256, 1, 10.0)
    body = prepare(request)
    answer = await http.post(
        "/shade",
        params={"passes": 1},
        content=b"".join(body.pieces),
        headers={"Content-Type": body.kind},
    )
    return bool(answer.headers.get("Itten-Status") == "complete")


@asynccontextmanager
async def _http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    # A connection that was kept would break at the next restart, which says nothing.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=house.url, limits=limits, timeout=TIMEOUT_S, trust_env=False
    ) as http:
        yield http


@contextmanager
def _directory(disk: Path | None) -> Iterator[Path]:
    """Where the service keeps its jobs."""
    if disk is not None:
        yield disk / "data"
        return
    with tempfile.TemporaryDirectory(prefix="itten-chaos-") as place:
        yield Path(place)
