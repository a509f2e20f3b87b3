"""Two real worker processes, without torch, behind one link, and places that say who gets what."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
import structlog.testing
import trio

from service.jobs.admission import Admission, Place, Work
from service.link.peer import Peer
from service.link.process import spawned
from service.link.worker_link import Answers, Deadly, WorkerLink
from tests.service.link.test_worker_link import (
    CALM,
    PATIENCE_S,
    all_of,
    collect,
    until,
    until_told,
)
from tests.worker.sample_runs import PIXELS, submit
from worker.wire.messages import Finished, Started, ToService

WORKER = [sys.executable, "-m", "tests.worker.sample_worker", "normal"]
BUDGET_S = 60.0


class Two:
    """A link to workers `a` and `b`, and an admission that has places with them."""

    def __init__(self, link: WorkerLink) -> None:
        self.link, self.admission = link, Admission(100)

    async def start(self, job: str, worker: str | None = None) -> tuple[Answers, Place]:
        """A job's answers and place; with this worker, whatever the load."""
        ready = {n: h for n, h in self.link.workers.items() if worker in (None, n)}
        now = trio.current_time()
        place = self.admission.reserve(Work("shade", 10_000, 1, now + BUDGET_S), ready, now)
        sent = submit(job, budget_s=BUDGET_S)
        return await self.link.submit(sent, PIXELS, choose=place.choose), place

    def held(self) -> dict[str, int]:
        """How many jobs each has."""
        return {peer.name: peer.load for peer in self.link.peers}

    async def kill(self, *names: str) -> None:
        """Kill these at once; returns when that is known."""
        pids = {name: int(self.link.workers[name].device_name) for name in names}
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in pids.items():
            while name in self.link.workers and int(self.link.workers[name].device_name) == pid:
                await trio.sleep(0.005)

    async def both(self) -> None:
        """Return when both are ready."""
        while len(self.link.workers) < 2:
            await trio.sleep(0.005)


@asynccontextmanager
async def two_workers() -> AsyncIterator[Two]:
    patience = replace(CALM, first_pause_s=0.3)
    with trio.fail_after(PATIENCE_S), structlog.testing.capture_logs():
        async with trio.open_nursery() as nursery:
            link = WorkerLink(nursery, patience)
            for name in "ab":
                link.peers.append(Peer(name, partial(spawned, WORKER), link, patience))
                nursery.start_soon(link.peers[-1].supervise)
            two = Two(link)
            await two.both()
            yield two
            link.close()
            nursery.cancel_scope.cancel()


async def test_the_jobs_of_a_dead_worker_move_and_those_of_the_other_stay():
    async with two_workers() as two, trio.open_nursery() as nursery:
        told: dict[str, list[ToService]] = {}
        places = []
        for worker, count in (("a", 3), ("b", 2)):
            for number in range(count):
                job = f"endless{worker}{number}-1000000"
                answers, place = await two.start(job, worker)
                places.append(place)
                told[job] = []
                nursery.start_soon(collect, answers, told[job])
        for job, messages in told.items():
            await until_told(messages, Started(job=job), 1)
        await two.kill("a")
        assert two.link.ready
        assert two.held()["b"] == 5
        assert {place.worker for place in places} == {"b"}
        for job, messages in told.items():
            anew = job.startswith("endlessa")
            await until_told(messages, Started(job=job), 2 if anew else 1)
        await two.both()
        assert (await two.start("next-1"))[1].worker == "a"
        for job, messages in told.items():
            await two.link.cancel(job)
            assert messages.count(Started(job=job)) == (2 if job.startswith("endlessa") else 1)


async def test_when_both_are_gone_jobs_wait_for_the_first_that_is_back():
    async with two_workers() as two:
        jobs = [await two.start(f"j{n}-25", "b") for n in range(4)]
        await two.kill("a", "b")
        assert not two.link.ready
        for answers, place in jobs:
            assert (await all_of(answers))[-1].state == "complete"
            place.release()
        await two.both()


async def test_jobs_go_to_who_has_less_to_do_and_cancels_to_who_has_the_job():
    async with two_workers() as two:
        for number in range(6):
            await two.start(f"endless{number}-1000000")
        assert two.held() == {"a": 3, "b": 3}
        for number in range(6):
            await two.link.cancel(f"endless{number}-1000000")
        for name in "ab":
            job = f"endless-{name}-1000000"
            answers, _ = await two.start(job, name)
            await until(answers, Started)
            await two.link.cancel(job)
            assert await all_of(answers) == [Finished(job=job, state="cancelled")]
        assert two.held() == {"a": 0, "b": 0}


async def test_a_job_that_kills_one_after_the_other_is_lost_and_no_other_one_is():
    async with two_workers() as two:
        answers, place = await two.start("fatal-3", "a")
        others = [await two.start(f"j{n}-25", "b") for n in range(2)]
        with pytest.raises(Deadly, match="two workers died"):
            await all_of(answers)
        place.release()
        for each, _ in others:
            assert (await all_of(each))[-1].state == "complete"
