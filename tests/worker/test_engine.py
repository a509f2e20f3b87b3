import gc
import math
import weakref
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

import msgspec
import numpy as np
import pytest
import trio
from trio.testing import MockClock

from tests.worker import sample_runs
from tests.worker.sample_runs import (
    PIXELS,
    STEP_S,
    Pieces,
    SampleRun,
    SampleRuns,
    connected,
    running,
    submit,
    until_finished,
)
from worker.crier import Crier
from worker.engine import DeviceLost, Engine
from worker.job import Job
from worker.runs import Emission, Work
from worker.wire.channel import Channel
from worker.wire.messages import (
    ArrayChunk,
    ArraysDone,
    Cancel,
    Checkpoint,
    Finished,
    PassDone,
    Started,
    Submit,
    ToService,
)

T = TypeVar("T")
ROOM = 4  # pixels: of one job, the next one has to wait


async def test_a_job_from_start_to_end():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("counts-3"), PIXELS)
        messages = []
        while not messages or not isinstance(messages[-1], Finished):
            message, payload = await anext(service)
            messages.append(message)
        assert messages[:-1] == [
            Started(job="counts-3"),
            *(PassDone(job="counts-3", index=index, of=3) for index in (1, 2, 3)),
        ]
        assert (message.state, message.passes_done, payload) == ("complete", 3, PIXELS)


class Clocked(SampleRun):
    """By a clock that stands still otherwise, a step takes what it is said to take."""

    def step(self) -> Sequence[Emission]:
        trio.from_thread.run_sync(lambda: trio.lowlevel.current_clock().jump(STEP_S))
        return super().step()


@pytest.mark.parametrize(
    "anyio_backend", [pytest.param(("trio", {"clock": MockClock()}), id="clock")]
)
async def test_the_deadline_ends_a_job_with_what_it_has():
    engine = Engine(SampleRuns(Clocked))
    async with running(engine), connected(engine) as service:
        began = trio.current_time()
        await service.send(submit("endless-1000000", budget_s=0.3), PIXELS)
        finished, payload = await until_finished(service, "endless-1000000")
        assert 0.2 < trio.current_time() - began <= 0.3
        assert (finished.state, payload) == ("partial", PIXELS)
        assert finished.passes_done > 100


async def test_no_time_at_all_is_a_partial_answer_with_zero_passes():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        for budget_s in (0.0, -1.0):
            await service.send(submit("late-3", budget_s=budget_s), PIXELS)
            messages = [(await anext(service))]
            assert isinstance(messages[0][0], Finished)
            assert (messages[0][0].state, messages[0][0].passes_done) == ("partial", 0)
            assert messages[0][1] == PIXELS


async def test_a_job_that_waits_is_answered_by_its_deadline_and_says_how_long_it_waited():
    engine = Engine(SampleRuns(), most_pixels=ROOM)
    async with running(engine), connected(engine) as service:
        await service.send(submit("endless-100000"), PIXELS)
        began = trio.current_time()
        await service.send(submit("waiting-3", budget_s=0.4), PIXELS)
        finished, payload = await until_finished(service, "waiting-3")
        assert (finished.state, finished.passes_done, payload) == ("partial", 0, PIXELS)
        assert 0.2 < finished.queue_s < trio.current_time() - began


async def test_a_run_is_told_what_its_wait_has_left_of_its_time():
    budgets: dict[str, float] = {}

    class Noting(SampleRun):
        def __init__(self, submit: Submit, pixels: bytes) -> None:
            super().__init__(submit, pixels)
            budgets[submit.job] = submit.budget_s

    engine = Engine(SampleRuns(Noting), most_pixels=ROOM)
    async with running(engine), connected(engine) as service:
        await service.send(submit("first-50"), PIXELS)
        await service.send(submit("waiting-1"), PIXELS)
        finished, _ = await until_finished(service, "waiting-1")
    assert budgets["waiting-1"] < budgets["first-50"] <= 60.0
    assert abs(60.0 - finished.queue_s - budgets["waiting-1"]) < 0.1  # both by one clock


async def test_newcomers_get_turns_between_the_steps_of_a_long_job():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("long-100000"), PIXELS)
        await service.send(submit("short-3"), PIXELS)
        finished, _ = await until_finished(service, "short-3")
        assert finished.state == "complete"


async def test_whatever_a_run_raises_fails_its_job_and_nothing_else():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        for job, reason in [
            ("raises-3", "ValueError: the matrix is upside down"),
            ("unbuildable-3", "MemoryError: no room for it"),
            ("inconclusive-1", "ZeroDivisionError: no tiles"),
        ]:
            await service.send(submit(job), PIXELS)
            finished, payload = await until_finished(service, job)
            assert (finished.state, finished.reason, payload) == ("failed", reason, b"")
        await service.send(submit("fine-1"), PIXELS)
        assert (await until_finished(service, "fine-1"))[0].state == "complete"


async def test_a_lost_device_ends_the_engine():
    engine = Engine(SampleRuns(), healthy=lambda _: False)
    lost, heard = False, []
    try:
        async with running(engine), connected(engine) as service:
            await service.send(submit("endless-100000"), PIXELS)
            await service.send(submit("raises-3"), PIXELS)
            async for message, _ in service:
                heard.append(message)
    except* DeviceLost:
        lost = True
    assert lost
    [last] = [each for each in heard if isinstance(each, Finished)]
    assert (last.job, last.fatal) == ("raises-3", True)


async def test_a_cancel_takes_effect_after_the_current_step():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("endless-100000"), PIXELS)
        await anext(service)  # Started
        await service.send(Cancel(job="endless-100000"))
        finished, payload = await until_finished(service, "endless-100000")
        assert (finished.state, payload) == ("cancelled", b"")


async def test_a_job_that_waits_can_be_cancelled():
    engine = Engine(SampleRuns(), most_pixels=ROOM)
    async with running(engine), connected(engine) as service:
        await service.send(submit("endless-100000"), PIXELS)
        await service.send(submit("waiting-3"), PIXELS)
        await service.send(Cancel(job="waiting-3"))
        messages = []
        async for message, _ in service:
            messages.append(message)
            if isinstance(message, Finished):
                break
        assert message == Finished(job="waiting-3", state="cancelled")
        assert Started(job="waiting-3") not in messages


async def test_messages_do_not_wait_for_the_compute_thread():
    sample_runs.gate.clear()
    sample_runs.in_step.clear()
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("blocked-3"), PIXELS)
        assert (await anext(service))[0] == Started(job="blocked-3")
        assert await trio.to_thread.run_sync(sample_runs.in_step.wait, 20)
        await service.send(Cancel(job="blocked-3"))
        with trio.fail_after(20):  # much less than the step would take
            await service.send(Cancel(job="unknown"))
            assert (await anext(service))[0] == Finished(job="unknown", state="cancelled")
        sample_runs.gate.set()
        # Cancelled within its step: what the step had to report is no news any more.
        assert (await anext(service))[0] == Finished(job="blocked-3", state="cancelled")


async def test_exactly_one_finished_for_each_job():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        jobs = [f"{what}-{steps}" for what in ("a", "b", "c") for steps in range(1, 6)]
        await arrive_together(service, *sorted(2 * jobs))  # each again while it is there
        ended = []
        with trio.fail_after(60):
            async for message, _ in service:
                if isinstance(message, Finished) and message.job != "blocked-1":
                    ended.append(message.job)
                if len(ended) == len(jobs):
                    await service.send(Cancel(job="the end"))
                if ended and ended[-1] == "the end":
                    break
        assert sorted(ended[:-1]) == sorted(jobs)


class Endless(SampleRuns):
    """Long steps have no end."""

    def interruptible(self, call: Callable[[], T]) -> Pieces[T]:
        piece = super().interruptible(call)
        piece.left = 10**9
        return piece


async def arrive_together(service: Channel[ToService], *jobs: str) -> None:
    """Send jobs while the device is busy with another."""
    sample_runs.gate.clear()
    sample_runs.in_step.clear()
    await service.send(submit("blocked-1"), PIXELS)
    assert await trio.to_thread.run_sync(sample_runs.in_step.wait, 20)
    for job in jobs:
        await service.send(submit(job), PIXELS)
    await service.send(Cancel(job="unknown"))
    await until_finished(service, "unknown")  # by then the worker has all of them
    sample_runs.gate.set()


async def test_tiles_of_several_jobs_are_solved_in_one_batch():
    runs = SampleRuns()
    engine = Engine(runs)
    async with running(engine), connected(engine) as service:
        await arrive_together(service, "tiles-3", "tiles_too-3")
        for job in ("tiles-3", "tiles_too-3"):
            finished, _ = await until_finished(service, job)
            assert finished.state == "complete"
    assert {"tiles-3": 2, "tiles_too-3": 2} in runs.batches


async def test_a_batch_that_raises_fails_only_the_job_whose_tiles_they_are():
    runs = SampleRuns()
    engine = Engine(runs)
    async with running(engine), connected(engine) as service:
        await arrive_together(service, "tiles-3", "tilesraise-3")
        ends = {}
        while len(ends) < 2:
            message, _ = await anext(service)
            if isinstance(message, Finished) and message.job != "blocked-1":
                ends[message.job] = message.state
    assert ends == {"tiles-3": "complete", "tilesraise-3": "failed"}
    assert any(len(batch) == 2 for batch in runs.batches)


async def test_a_long_step_is_done_in_pieces_with_turns_of_others_between():
    runs = SampleRuns()
    engine = Engine(runs)
    async with running(engine), connected(engine) as service:
        await service.send(submit("pieces-1"), PIXELS)
        finished, _ = await until_finished(service, "pieces-1")
    assert (finished.state, finished.passes_done) == ("complete", 1)
    assert [piece.left for piece in runs.pieces] == [0]


async def test_a_cancel_ends_a_piece_where_it_stands():
    runs = Endless()
    engine = Engine(runs)
    async with running(engine), connected(engine) as service:
        await service.send(submit("pieces-1"), PIXELS)
        while not runs.pieces:
            await trio.sleep(0.001)
        await service.send(Cancel(job="pieces-1"))
        finished, _ = await until_finished(service, "pieces-1")
        assert finished.state == "cancelled"
        while not runs.pieces[0].abandoned:
            await trio.sleep(0.001)


async def test_a_piece_that_concluding_does_not_need_gives_way_to_the_deadline():
    engine = Engine(Endless())
    async with running(engine), connected(engine) as service:
        await service.send(submit("pieces-1", budget_s=0.3), PIXELS)
        finished, payload = await until_finished(service, "pieces-1")
    assert (finished.state, finished.passes_done, payload) == ("partial", 0, PIXELS)


async def test_an_ended_job_lets_go_of_its_run():
    sample_runs.dropped.clear()
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("counts-1"), PIXELS)
        await until_finished(service, "counts-1")
        while sample_runs.dropped != ["counts-1"]:
            await trio.sleep(0.001)


async def test_cycles_of_an_ended_job_are_freed():
    made = []

    def in_a_cycle(submit: Submit, payload: bytes) -> SampleRun:
        run = SampleRun(submit, payload)
        run.itself = run
        made.append(weakref.ref(run))
        return run

    gc.disable()
    try:
        engine = Engine(SampleRuns(in_a_cycle), collect=gc.collect)
        async with running(engine), connected(engine) as service:
            await service.send(submit("counts-1"), PIXELS)
            await until_finished(service, "counts-1")
            with trio.fail_after(20):
                while made[0]() is not None:
                    await trio.sleep(0.01)
    finally:
        gc.enable()


async def test_a_job_that_waits_to_send_has_let_go_of_what_its_steps_needed():
    sample_runs.dropped.clear()
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("arrays-1"), PIXELS)
        await until_finished(service, "arrays-1")
        assert sample_runs.dropped == ["arrays-1"]
        async for message, _ in service:
            if isinstance(message, ArraysDone):
                break


async def test_a_large_job_is_only_made_in_its_first_turn_and_no_more():
    turns: list[str] = []

    class Noting(SampleRun):
        def __init__(self, submit: Submit, pixels: bytes) -> None:
            super().__init__(submit, b"")
            turns.append("made")

        def step(self) -> Sequence[Emission]:
            turns.append("step")
            return super().step()

    class Runs(SampleRuns):
        def interruptible(self, call: Callable[[], T]) -> Pieces[T]:
            turns.append("piece")
            return super().interruptible(call)

    engine = Engine(Runs(Noting))
    async with running(engine), connected(engine) as service:
        pixels = bytes(1100 * 1000 * 3)
        await service.send(submit("pieces-1", width=1100, height=1000), pixels)
        await until_finished(service, "pieces-1")
    assert turns == ["piece", "made", "piece", "step"]


def leaving(job: str, budget_s: float = 60.0) -> Submit:
    return msgspec.structs.replace(submit(job, budget_s), keep_work=True)


async def test_checkpoints_come_whole_one_at_a_time_and_behind_reports():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(leaving("j-400"), PIXELS)
        missing, steps, reported = {}, [], 0
        async for message, payload in service:
            if isinstance(message, PassDone):
                reported = message.index
            elif isinstance(message, ArrayChunk):
                assert message.name.startswith("work.")
                size = math.prod(message.shape) * np.dtype(message.dtype).itemsize
                missing[message.name] = missing.get(message.name, size) - len(payload)
                if message.name == "work.step":
                    steps.append(int(np.frombuffer(payload, message.dtype)[0]))
                    assert steps[-1] <= reported
            elif isinstance(message, Checkpoint):
                assert set(missing.values()) == {0}
                assert message.whole == (steps[-1] == 1)
                missing = {}
            elif isinstance(message, Finished):
                break
        assert steps == sorted(set(steps))
        assert len(steps) > 1
        assert message.state == "complete"
        await service.send(submit("next-1"), PIXELS)  # nothing follows of a job that is complete
        rest = [type(message)]
        while rest[-1] is not Finished or len(rest) == 1:
            rest.append(type((await anext(service))[0]))
        assert Checkpoint not in rest


async def test_the_last_checkpoint_follows_a_partial_answer():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(leaving("arrays-100000", budget_s=0.2), PIXELS)
        finished, _ = await until_finished(service, "arrays-100000")
        assert (finished.state, finished.arrays) == ("partial", True)
        kinds, names = [], []
        async for message, _ in service:
            kinds.append(type(message))
            names.append(getattr(message, "name", ""))
            if isinstance(message, ArraysDone):
                break
        assert kinds[-2:] == [Checkpoint, ArraysDone]
        last = len(names) - 1 - names[::-1].index("status")
        assert set(names[last + 1 : -2]) == {"work.step", "work.ballast"}


class Unkeepable(SampleRun):
    def checkpoint(self, *, last: bool = False) -> Work | None:
        raise MemoryError("no room for a copy")


async def test_a_checkpoint_that_fails_does_not_cost_the_job():
    engine = Engine(SampleRuns(Unkeepable))
    async with running(engine), connected(engine) as service:
        await service.send(leaving("j-9"), PIXELS)
        assert (await until_finished(service, "j-9"))[0].state == "complete"


async def test_arrays_are_told_of_as_turns_are():
    engine = Engine(SampleRuns())
    told: list[set[str]] = []

    class Noted(Crier):
        async def announce(self, jobs: AbstractSet[Job]) -> None:
            told.append({each.submit.job for each in jobs if each.arrays})

    engine._device.crier = Noted()
    async with running(engine), connected(engine) as service:
        await service.send(submit("arrays-1"), PIXELS)
        async for message, _ in service:
            if isinstance(message, ArraysDone):
                break
    assert {"arrays-1"} in told
