"""The link against real worker processes, which do sample runs without torch."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog.testing
import trio
import trio.testing

from service.link.answers import BUFFER
from service.link.worker_link import (
    Answers,
    Deadly,
    Patience,
    WorkerLink,
    WorkerLost,
    WorkerUnusable,
    open_workers,
)
from tests.worker.sample_runs import HANGS, HELLO, PIXELS, SampleRuns, submit
from worker.engine import Engine
from worker.listening import open_listeners
from worker.server import serve
from worker.wire.address import UnixAddress
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import (
    ArrayChunk,
    ArraysDone,
    Finished,
    PassDone,
    Started,
    Submit,
    ToService,
    ToWorker,
)

PATIENCE_S = 180.0  # guards against a hang and nothing else
CALM = Patience(ack_s=60, listener_s=60)  # longer than a machine stands still
ENDLESS = "endless-1000000"


def sample_worker(mode: str = "normal") -> list[str]:
    return [sys.executable, "-m", "tests.worker.sample_worker", mode]


@asynccontextmanager
async def ready_link(patience: Patience | None = None) -> AsyncIterator[WorkerLink]:
    with trio.fail_after(PATIENCE_S):
        async with open_workers(command=sample_worker(), patience=patience or CALM) as link:
            await link.wait_ready()
            yield link


def worker_pid(link: WorkerLink) -> int:
    assert link.hello is not None
    return int(link.hello.device_name)


async def all_of(answers: Answers) -> list[ToService]:
    return [message async for message, _ in answers]


async def until(answers: Answers, kind: type[ToService]) -> ToService:
    async for message, _ in answers:
        if isinstance(message, kind):
            return message
    raise AssertionError(f"no {kind.__name__}")


async def until_told(told: list[ToService], message: ToService, times: int) -> None:
    while told.count(message) < times:
        await trio.sleep(0.005)


async def collect(answers: Answers, told: list[ToService]) -> None:
    async for message, _ in answers:
        told.append(message)


async def until_hanging(capfd: pytest.CaptureFixture[str]) -> None:
    """Return once a step hangs; a worker that is told to stop before that ends the job well."""
    said = ""
    while HANGS not in said.splitlines():
        await trio.sleep(0.01)
        said += "".join(capfd.readouterr())


async def gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists():
        await trio.sleep(0.01)


async def test_a_job_from_start_to_end():
    async with ready_link() as link:
        messages = await all_of(await link.submit(submit("j-3"), PIXELS))
        assert [type(message) for message in messages] == [Started, *[PassDone] * 3, Finished]
        assert messages[-1].state == "complete"


async def test_jobs_go_on_side_by_side():
    async with ready_link() as link:
        streams = [await link.submit(submit(f"j{n}-{n}"), PIXELS) for n in range(1, 10)]
        for number, answers in enumerate(streams, start=1):
            assert (await all_of(answers))[-1].passes_done == number


async def test_the_deadline_counts_from_the_submission():
    async with ready_link() as link:
        answers = await link.submit(submit(ENDLESS, budget_s=0.3), PIXELS)
        assert (await until(answers, Finished)).state == "partial"


async def test_a_worker_that_comes_late_is_told_what_is_left_of_the_time(tmp_path: Path):
    address = UnixAddress(str(tmp_path / "worker.sock"))
    budgets: list[float] = []

    async def handle(stream: trio.SocketStream) -> None:
        async with Channel[ToWorker](stream, FrameDecoder(ToWorker)) as channel:
            await channel.send(HELLO)
            async for message, _ in channel:
                if isinstance(message, Submit):
                    budgets.append(message.budget_s)
                    await channel.send(Finished(job=message.job, state="partial"))

    with trio.fail_after(PATIENCE_S):
        async with open_workers([f"unix:{address.path}"], patience=CALM) as link:
            answers = await link.submit(submit("j-3", budget_s=60.0), PIXELS)
            await trio.sleep(0.3)
            (listener,) = await open_listeners([address])
            link.nursery.start_soon(trio.serve_listeners, handle, [listener])
            await all_of(answers)
    assert 0 < budgets[0] <= 59.7


async def test_arrays_come_after_the_answer_and_then_it_ends():
    async with ready_link() as link:
        messages = await all_of(await link.submit(submit("arrays-1"), PIXELS))
        kinds = [type(message) for message in messages]
        assert kinds[-1] is ArraysDone
        assert kinds.index(Finished) < kinds.index(ArrayChunk)


async def test_an_id_can_be_used_once_at_a_time():
    async with ready_link() as link:
        answers = await link.submit(submit("j-3"), PIXELS)
        with pytest.raises(ValueError, match="under way already"):
            await link.submit(submit("j-3"), PIXELS)
        await all_of(answers)
        assert (await all_of(await link.submit(submit("j-3"), PIXELS)))[-1].state == "complete"


async def test_cancel_is_acknowledged():
    async with ready_link() as link:
        answers = await link.submit(submit("endless-1000000"), PIXELS)
        await until(answers, Started)
        pid = worker_pid(link)
        await link.cancel("endless-1000000")
        assert await all_of(answers) == [Finished(job="endless-1000000", state="cancelled")]
        await link.cancel("endless-1000000")
        await link.cancel("unknown")
        assert worker_pid(link) == pid


async def test_cancel_of_jobs_that_wait_or_were_never_sent():
    async with ready_link() as link:
        streams = [await link.submit(submit(f"endless{n}-100000"), PIXELS) for n in range(8)]
        for number in range(8):
            await link.cancel(f"endless{number}-100000")
        for number, answers in enumerate(streams):
            end = Finished(job=f"endless{number}-100000", state="cancelled")
            assert (await all_of(answers))[-1] == end


async def test_a_cancel_that_crosses_the_answer_leaves_nothing_for_the_next_job():
    async with ready_link() as link:
        for _ in range(30):
            answers = await link.submit(submit("j-1"), PIXELS)
            await until(answers, Started)
            await link.cancel("j-1")
        again = await all_of(await link.submit(submit("j-1"), PIXELS))
        assert again[-1].state == "complete"


async def test_a_listener_that_leaves_cancels_its_job():
    async with ready_link() as link:
        answers = await link.submit(submit("endless-1000000"), PIXELS)
        await until(answers, Started)
        answers.close()
        assert (await all_of(answers))[-1].state == "cancelled"


async def test_a_listener_that_does_not_listen_holds_nobody_up():
    async with ready_link(Patience(listener_s=1.0)) as link:
        idle = await link.submit(submit("endless-1000000"), PIXELS)
        busy = await link.submit(submit("j-100"), PIXELS)
        assert (await all_of(busy))[-1].state == "complete"
        assert await all_of(idle) == [Finished(job="endless-1000000", state="cancelled")]


async def test_cancel_works_from_the_task_that_no_longer_listens():
    async with ready_link(CALM) as link:
        answers = await link.submit(submit("endless-1000000"), PIXELS)
        pid = worker_pid(link)
        # More messages than fit have come: the link waits for this task to take one.
        while len(answers._waiting) < BUFFER:
            await trio.sleep(0.01)
        await link.cancel("endless-1000000")
        assert worker_pid(link) == pid


async def test_a_worker_that_does_not_obey_is_replaced_and_other_jobs_are_run_again(
    capfd: pytest.CaptureFixture[str],
):
    patience = replace(CALM, ack_s=0.3)
    async with ready_link(patience) as link, trio.open_nursery() as nursery:
        pid, told = worker_pid(link), list[ToService]()
        nursery.start_soon(collect, await link.submit(submit(ENDLESS), PIXELS), told)
        await until_told(told, Started(job=ENDLESS), 1)
        hanging = await link.submit(submit("hangs-3"), PIXELS)
        await until(hanging, Started)
        await until_hanging(capfd)
        await link.cancel("hangs-3")
        await gone(pid)
        assert await all_of(hanging) == [Finished(job="hangs-3", state="cancelled")]
        await until_told(told, Started(job=ENDLESS), 2)
        assert worker_pid(link) != pid
        await link.cancel(ENDLESS)


async def test_kill_9_in_mid_job_runs_it_again():
    async with ready_link() as link:
        answers = await link.submit(submit(ENDLESS), PIXELS)
        await until(answers, PassDone)
        pid = worker_pid(link)
        os.kill(pid, signal.SIGKILL)
        await until(answers, Started)
        assert await until(answers, PassDone) == PassDone(job=ENDLESS, index=1, of=1_000_000)
        assert worker_pid(link) != pid
        assert not Path(f"/proc/{pid}").exists()
        await link.cancel(ENDLESS)


async def test_a_job_that_loses_two_workers_is_lost_and_the_next_one_is_not():
    async with ready_link() as link:
        answers = await link.submit(submit("endless-1000000"), PIXELS)
        for _ in range(2):
            await until(answers, Started)
            os.kill(worker_pid(link), signal.SIGKILL)
        with pytest.raises(WorkerLost, match="two workers died"):
            await all_of(answers)
        answers = await link.submit(submit("j-3"), PIXELS)
        assert (await all_of(answers))[-1].state == "complete"


async def test_the_worker_that_says_over_which_job_it_ends():
    async with ready_link() as link:
        other = await link.submit(submit("endless-1000000"), PIXELS)
        await until(other, Started)
        fatal = await link.submit(submit("fatal-3"), PIXELS)
        with pytest.raises(Deadly, match="two workers died"):
            await all_of(fatal)
        assert link._tickets["endless-1000000"].deaths == 0


async def test_what_a_job_goes_on_from_is_asked_for_each_time_that_it_is_sent():
    asked = []

    async def work() -> bytes:
        asked.append(b"work" * len(asked))
        return asked[-1]

    async with ready_link() as link:
        answers = await link.submit(submit("endless-1000000"), PIXELS, work=work)
        for times in (1, 2):
            await until(answers, Started)  # the worker has compared how many bytes were announced
            assert asked == [b"", b"work"][:times]
            if times == 1:
                os.kill(worker_pid(link), signal.SIGKILL)


async def test_a_job_with_little_time_left_is_not_run_again():
    async with ready_link(replace(CALM, rerun_s=90.0)) as link:
        answers = await link.submit(submit(ENDLESS, budget_s=60.0), PIXELS)
        await until(answers, Started)
        os.kill(worker_pid(link), signal.SIGKILL)
        with pytest.raises(WorkerLost, match="the deadline is near"):
            await all_of(answers)
        assert not link.ready  # another one was not waited for


async def test_a_cancelled_job_is_not_run_again():
    async with ready_link() as link:
        answers = await link.submit(submit("hangs-3"), PIXELS)
        await until(answers, Started)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.cancel, "hangs-3")
            await trio.testing.wait_all_tasks_blocked()
            os.kill(worker_pid(link), signal.SIGKILL)
        assert await all_of(answers) == [Finished(job="hangs-3", state="cancelled")]


@pytest.mark.parametrize("mode", ["silent", "garbage", "modern"])
async def test_a_worker_that_is_none_is_tried_again_and_never_ready(mode: str):
    patience = Patience(hello_s=0.7, first_pause_s=0.05, last_pause_s=0.1, again_s=0.0)
    with trio.fail_after(PATIENCE_S), structlog.testing.capture_logs() as logs:
        async with open_workers(command=sample_worker(mode), patience=patience) as link:
            answers = await link.submit(submit("j-3", budget_s=2.0), PIXELS)
            with pytest.raises(WorkerLost, match="no worker was ready in time"):
                await all_of(answers)
            while sum("trying again" in entry["event"] for entry in logs) < 2:
                assert not link.ready
                assert link.hello is None
                await trio.sleep(0.05)


async def test_a_job_waits_for_a_worker_that_warms_up():
    with trio.fail_after(PATIENCE_S):
        async with open_workers(command=sample_worker()) as link:
            assert not link.ready
            answers = await link.submit(submit("j-3"), PIXELS)
            assert (await all_of(answers))[-1].state == "complete"


async def test_without_a_worker_and_without_time_a_job_is_lost_at_once():
    async with open_workers(command=sample_worker("silent")) as link:
        answers = await link.submit(submit("j-3", budget_s=0.5), PIXELS)
        with pytest.raises(WorkerLost):
            await all_of(answers)


async def test_settings_that_cannot_work_are_said_once():
    unusable = False
    try:
        with trio.fail_after(PATIENCE_S):
            async with open_workers(command=sample_worker("unusable")) as link:
                await link.wait_ready()
    except* WorkerUnusable:
        unusable = True
    assert unusable


async def test_leaving_ends_the_child_and_the_jobs():
    async with ready_link() as link:
        answers = await link.submit(submit("hangs-3"), PIXELS)
        await until(answers, Started)
        pid = worker_pid(link)
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(WorkerLost, match="stopping"):
        await all_of(answers)


async def test_a_service_that_is_killed_takes_its_child_along():
    script = (
        "import trio, tests.service.link.test_worker_link as t\n"
        "async def main():\n"
        "    async with t.ready_link() as link:\n"
        "        await link.submit(t.submit('endless-1000000'), t.PIXELS)\n"
        "        print('pid', t.worker_pid(link), flush=True)\n"
        "        await trio.sleep_forever()\n"
        "trio.run(main)\n"
    )
    root = Path(__file__).parents[3]
    async with trio.open_nursery() as nursery:
        service = await nursery.start(
            lambda task_status: trio.run_process(
                [sys.executable, "-c", script],
                cwd=root,
                stdout=-1,
                check=False,
                capture_stdout=False,
                task_status=task_status,
            )
        )
        text = b""
        with trio.fail_after(PATIENCE_S):
            while not (b"pid " in text and text.endswith(b"\n")):
                text += await service.stdout.receive_some()
            pid = int(text.rpartition(b"pid ")[2])
            service.kill()
            await gone(pid)


async def test_a_worker_that_stands_by_itself(tmp_path: Path):
    address = UnixAddress(str(tmp_path / "worker.sock"))
    engine = Engine(SampleRuns())
    patience = Patience(first_pause_s=0.05)
    with trio.fail_after(PATIENCE_S):
        async with open_workers([f"unix:{address.path}"], patience=patience) as link:
            answers = await link.submit(submit("j-3"), PIXELS)
            (listener,) = await open_listeners([address])  # later than the first try
            async with trio.open_nursery() as nursery:
                nursery.start_soon(engine.run)
                nursery.start_soon(
                    trio.serve_listeners, lambda s: serve(s, engine, HELLO), [listener]
                )
                assert (await all_of(answers))[-1].state == "complete"
                nursery.cancel_scope.cancel()
