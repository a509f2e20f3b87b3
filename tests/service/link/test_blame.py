"""Over which job a worker has died: by what it said, and with workers that really die."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from service.link.answers import Answers, Deadly
from service.link.ticket import Ticket, blame
from service.link.worker_link import WorkerLink
from tests.service.link.test_worker_link import ready_link, worker_pid
from tests.worker.sample_runs import PIXELS, submit
from worker.wire.messages import Finished, Started

BUDGET_S = 60.0


async def no_work() -> bytes:
    return b""


def tickets(names: str) -> list[Ticket]:
    """Jobs of which a worker has everything."""
    found = []
    for name in names:
        answers = Answers(lambda: None)
        found.append(Ticket(submit(name), (), no_work, lambda *_: "", 9.0, answers, there=True))
    return found


def accounts(jobs: Sequence[Ticket]) -> str:
    """Of each: its name, a dot when it is suspected, its deaths."""
    return " ".join(f"{each.submit.job}{'.' * each.suspected}{each.deaths or ''}" for each in jobs)


async def test_who_had_the_turn_alone_has_the_death_on_its_account():
    jobs = tickets("abc")
    blame(jobs, {"b"})
    assert accounts(jobs) == "a b.1 c"


async def test_of_those_that_shared_the_turn_each_is_suspected():
    jobs = tickets("abc")
    blame(jobs, {"a", "b", "gone"})
    assert accounts(jobs) == "a. b. c"


async def test_the_one_that_was_named_is_the_one():
    jobs = tickets("abc")
    jobs[2].blamed = True
    blame(jobs, {"a", "b"})
    assert accounts(jobs) == "a b c.1"


@pytest.mark.parametrize("turn", [None, {"gone"}])
async def test_before_any_turn_it_is_what_was_sent(turn: set[str] | None):
    jobs = tickets("abc")
    jobs[1].there = False
    blame(jobs, turn)
    assert accounts(jobs) == "a. b c."


async def test_in_the_turn_of_another_service_it_is_none():
    jobs = tickets("abc")
    blame(jobs, set())
    assert accounts(jobs) == "a b c"


class Jobs:
    """Jobs of a link that are listened to, and how they ended."""

    def __init__(self, link: WorkerLink, nursery: trio.Nursery) -> None:
        self.link, self.nursery = link, nursery
        self.started: set[str] = set()
        self.ends: dict[str, str] = {}

    async def start(self, *jobs: str) -> None:
        """Return when all of them have begun, or ended."""
        for each in jobs:
            answers = await self.link.submit(submit(each, budget_s=BUDGET_S), PIXELS)
            self.nursery.start_soon(self._listen, each, answers)
        while not self.started.union(self.ends).issuperset(jobs):
            await trio.sleep(0.005)

    async def _listen(self, job: str, answers: Answers) -> None:
        try:
            async for message, _ in answers:
                if isinstance(message, Started):
                    self.started.add(job)
                if isinstance(message, Finished):
                    self.ends[job] = message.state
        except Deadly:
            self.ends[job] = "deadly"

    async def found(self, poison: str) -> int:
        """Once this one has ended: deaths of the others, which go on and are cancelled."""
        while self.ends.get(poison) != "deadly":
            await trio.sleep(0.005)
        deaths = self.deaths()
        for each in list(self.link._tickets):
            await self.link.cancel(each)
        return deaths

    def deaths(self) -> int:
        """Of all jobs that are under way."""
        return sum(each.deaths for each in self.link._tickets.values())


@asynccontextmanager
async def listened() -> AsyncIterator[Jobs]:
    """Jobs that are all listened to until they end."""
    async with ready_link() as link:
        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                yield Jobs(link, nursery)


ENDLESS = 1_000_000  # steps
INNOCENT = [f"j{number}-{ENDLESS}" for number in range(8)]


async def test_a_job_that_kills_is_found_among_others_that_are_under_way():
    async with listened() as jobs:
        await jobs.start(*INNOCENT)
        await jobs.start("dies-3")
        assert await jobs.found("dies-3") == 0
    assert jobs.ends == dict.fromkeys(INNOCENT, "cancelled") | {"dies-3": "deadly"}


@pytest.mark.long
async def test_a_job_that_kills_in_a_batch_is_found_by_taking_the_batch_apart():
    async with listened() as jobs:
        innocent = [f"tiles-{ENDLESS}", f"tiles_too-{ENDLESS}"]
        await jobs.start(*innocent)
        await jobs.start("tilesdie-9")
        assert await jobs.found("tilesdie-9") == 0
    assert jobs.ends == dict.fromkeys(innocent, "cancelled") | {"tilesdie-9": "deadly"}


@pytest.mark.long
async def test_a_job_that_kills_while_its_arrays_are_made_is_found():
    async with listened() as jobs:
        await jobs.start(*INNOCENT[:2])
        await jobs.start("diesatlast-3")
        assert await jobs.found("diesatlast-3") == 0


async def killed_in(link: WorkerLink, fits: Callable[[AbstractSet[str]], bool]) -> set[str]:
    """Kill the worker in a turn that fits; whose turn it was."""
    (peer,) = link.peers
    while True:
        while not (peer.turn and fits(peer.turn)):
            assert link._tickets
            await trio.sleep(0.001)
        os.kill(worker_pid(link), signal.SIGSTOP)
        await trio.testing.wait_all_tasks_blocked(0.05)  # all that it has said was read
        if peer.turn and fits(peer.turn):
            os.kill(worker_pid(link), signal.SIGKILL)
            turn = set(peer.turn)
            while link.ready:
                await trio.sleep(0.005)
            return turn
        os.kill(worker_pid(link), signal.SIGCONT)


def one(turn: AbstractSet[str]) -> bool:
    return len(turn) == 1


def several(turn: AbstractSet[str]) -> bool:
    return len(turn) > 1


@pytest.mark.long
async def test_two_kills_by_force_make_no_job_deadly_and_the_one_that_kills_is():
    async with listened() as jobs:
        await jobs.start(*INNOCENT)
        for fits, deaths in ((several, 0), (one, 1)):
            turn = await killed_in(jobs.link, fits)
            assert all(jobs.link._tickets[each].suspected for each in turn)
            assert jobs.deaths() == deaths
            await jobs.link.wait_ready()
        await jobs.start("dies-3")
        assert await jobs.found("dies-3") == 1
    assert jobs.ends == dict.fromkeys(INNOCENT, "cancelled") | {"dies-3": "deadly"}
