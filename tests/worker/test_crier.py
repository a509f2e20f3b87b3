"""Whose turn it is, as services hear of it."""

import threading

import msgspec
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.worker.sample_runs import submit
from worker.crier import SHORT_S, TOGETHER_S, Crier
from worker.device_thread import DeviceThread
from worker.job import Job
from worker.outbox import Outbox
from worker.runs import Alone, Forecast
from worker.wire.messages import Message, Turn


class Heard(Outbox):
    """What a service was told first of all."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []

    async def send_first(self, message: Message) -> None:
        assert isinstance(message, Turn)
        self.heard.append(message.jobs)


def job(outbox: Outbox, name: str, *, apart: bool = False) -> Job:
    asked = msgspec.structs.replace(submit(name), apart=apart)
    return Job(asked, b"", outbox, 0.0, 9.0, Forecast(Alone(0.1), 0.0))


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, MockClock]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def test_a_turn_is_told_of_when_it_is_not_the_same_ones_again():
    crier, service = Crier(), Heard()
    a, b = job(service, "a"), job(service, "b")
    for turn in ({a}, {a}, {a, b}, {b}):
        await trio.sleep(2 * SHORT_S)
        await crier.announce(turn)
    assert service.heard == [["a"], ["a", "b"], ["b"]]


async def test_short_turns_are_told_of_together_for_a_while():
    crier, service = Crier(), Heard()
    jobs = [job(service, name) for name in "abcd"]
    for number in range(2 * round(TOGETHER_S / SHORT_S) - 1):
        await trio.sleep(SHORT_S / 2)
        await crier.announce({jobs[number % 4]})
    assert service.heard == [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]]
    await trio.sleep(SHORT_S / 2)
    await trio.sleep(SHORT_S / 2)
    await crier.announce({jobs[0]})
    assert service.heard[-1] == ["a"]


async def test_a_job_that_is_apart_is_never_told_of_together():
    crier, service = Crier(), Heard()
    a, b, apart = job(service, "a"), job(service, "b"), job(service, "apart", apart=True)
    await trio.sleep(1)
    for turn in (a, apart, b, a, apart):
        await trio.sleep(SHORT_S / 2)
        await crier.announce({turn})
    assert service.heard == [["a"], ["apart"], ["b"], ["a", "b"], ["apart"]]


async def test_each_service_hears_of_its_own_jobs():
    crier, one, other = Crier(), Heard(), Heard()
    for turn in ({job(one, "a")}, {job(other, "b")}, {job(one, "c"), job(other, "d")}):
        await trio.sleep(1)
        await crier.announce(turn)
    assert one.heard == [["a"], [], ["c"]]
    assert other.heard == [["b"], ["d"]]


async def test_who_waits_for_the_device_is_told_of_when_it_is_free():
    device, service, gate = DeviceThread(), Heard(), threading.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(device.call, lambda: gate.wait(60), {job(service, "sends")})
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(device.call, lambda: None, {job(service, "waits")})
        await trio.testing.wait_all_tasks_blocked()
        assert service.heard == [["sends"]]
        gate.set()
    assert service.heard == [["sends"], ["sends", "waits"]]


async def test_what_a_service_that_is_gone_was_told_is_forgotten():
    crier = Crier()
    await crier.announce({job(Heard(), "a")})
    await trio.sleep(1)
    await crier.announce({job(Heard(), "b")})
    assert len(crier._told) == 1
