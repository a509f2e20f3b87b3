"""A machine whose clock is set: what leaves for its age, and what does not."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog.testing

from service.jobs.wall_clock import DOUBT_S, JUMP_S, WallClock
from tests.service.house import house, png
from tests.service.jobs.stores import PICTURE, SIZE, a_job, opened

DAY_S = 86_400.0


class Machine:
    """Two clocks, of which one can be set."""

    def __init__(self) -> None:
        self.now, self.ahead = 5000.0, 1e9  # since it was started, and of its time of day

    def clock(self) -> WallClock:
        return WallClock(wall=lambda: self.now + self.ahead, steady=lambda: self.now)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def logs() -> Iterator[list]:
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.mark.parametrize("jump", [DAY_S, -DAY_S, JUMP_S + 1])
def test_a_clock_that_is_set_is_not_believed_for_an_hour(
    jump: float, machine: Machine, logs: list
) -> None:
    clock = machine.clock()
    assert clock.look() == (1e9 + 5000, True)
    machine.now += 60
    machine.ahead += jump
    for _ in range(60):
        assert clock.look() == (machine.now + machine.ahead, False)
        machine.now += DOUBT_S / 60
    assert clock.look() == (machine.now + machine.ahead, True)
    assert [(each["log_level"], each["ahead_by_s"]) for each in logs] == [("error", round(jump))]


def test_a_second_jump_is_doubted_anew(machine: Machine, logs: list) -> None:
    clock = machine.clock()
    for jump in (DAY_S, -DAY_S):
        machine.ahead += jump
        assert not clock.look()[1]
        machine.now += DOUBT_S - 1
    assert not clock.look()[1]
    machine.now += 1
    assert clock.look()[1]
    assert len(logs) == 2


def test_no_drift_and_no_long_pause_is_a_jump(machine: Machine, logs: list) -> None:
    clock = machine.clock()
    for _ in range(1000):
        machine.now += 60
        machine.ahead += 0.5  # all that who disciplines a clock may do at once
        assert clock.look()[1]
    machine.now += 30 * DAY_S
    assert clock.look()[1]
    assert logs == []


def test_the_clocks_of_this_machine_are_believed(logs: list) -> None:
    clock = WallClock()
    before = time.time()
    now, sure = clock.look()
    assert before <= now <= time.time()
    assert sure
    assert logs == []


def test_jobs_leave_by_size_where_the_time_is_not_sure(tmp_path: Path) -> None:
    with closing(opened(tmp_path, keep_s=100, keep_bytes=SIZE)) as it:
        first, second = a_job(created=1000), a_job(created=5000)
        for job in (first, second):
            it.add(job, {"input": PICTURE})
        assert it.evict(5000, by_age=False) == []
        assert it.evict(900_000, by_age=False) == []
        third = a_job(created=6000)
        it.add(third, {"input": PICTURE, "source": PICTURE})
        it.put_file_of([third.id], "more", bytes(SIZE))
        assert it.evict(5000, by_age=False) == [first.id, second.id, third.id]


def test_a_clock_that_was_set_back_and_right_again_has_dated_nothing(tmp_path: Path) -> None:
    with closing(opened(tmp_path, keep_s=100)) as it:
        job = a_job(created=5000)
        it.add(job)
        assert it.evict(1000, by_age=False) == []
        assert it.evict(5050) == []
        assert it.evict(5101) == [job.id]


async def test_a_service_evicts_by_age_once_the_clock_is_believed(machine: Machine) -> None:
    machine.ahead = time.time() - machine.now
    async with house() as service:
        service.desk.clock = machine.clock()
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        machine.ahead += 2 * DAY_S
        with structlog.testing.capture_logs() as logs:
            for _ in range(2):
                await service.desk._evict()
        assert ["clock was set" in each["event"] for each in logs] == [True]
        assert (await service.client.get(path)).status_code == 200
        machine.now += DOUBT_S
        await service.desk._evict()
        assert (await service.client.get(path)).status_code == 410
