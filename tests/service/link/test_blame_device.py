"""Eight fields and a job that kills, with workers that compute and are killed by force, too."""

import sys
from collections.abc import Sequence

import numpy as np
import pytest
import trio

from service.link.answers import Answers, Deadly
from service.link.peer import Patience
from service.link.worker_link import WorkerLink, open_workers
from tests.service.link.test_blame import killed_in
from tests.worker.sample_runs import submit
from worker.wire.messages import Finished

pytestmark = pytest.mark.long

SIDE = 192  # pixels
INNOCENT = [f"field-{number}" for number in range(8)]
WORKER = [sys.executable, "-m", "tests.service.link.deadly_worker"]
BUDGET_S = 280.0


def noise(seed: int) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8).tobytes()


async def listen(answers: Answers, ends: dict[str, object], job: str) -> None:
    try:
        async for message, payload in answers:
            if isinstance(message, Finished):
                ends[job] = (message.state, payload)
    except Deadly:
        ends[job] = "deadly"


async def begin(
    link: WorkerLink, nursery: trio.Nursery, ends: dict[str, object], jobs: Sequence[str]
) -> None:
    for number, job in enumerate(jobs):
        answers = await link.submit(submit(job, BUDGET_S, SIDE, SIDE), noise(number))
        nursery.start_soon(listen, answers, ends, job)


async def test_two_kills_by_force_cost_no_field_its_bytes_and_the_one_that_kills_is_found():
    calm: dict[str, object] = {}
    struck: dict[str, object] = {}
    with trio.fail_after(2 * BUDGET_S):
        async with open_workers(command=WORKER, patience=Patience(first_pause_s=0.05)) as link:
            await link.wait_ready()
            async with trio.open_nursery() as nursery:
                await begin(link, nursery, calm, INNOCENT)
            async with trio.open_nursery() as nursery:
                await begin(link, nursery, struck, INNOCENT)
                first = await killed_in(link, bool)
                await link.wait_ready()
                # Twice in the turn of one job alone would be twice over that job.
                await killed_in(link, bool if len(first) > 1 else first.isdisjoint)
                await begin(link, nursery, struck, ["deadly"])
    assert {state for state, _ in calm.values()} == {"complete"}
    assert struck == calm | {"deadly": "deadly"}
