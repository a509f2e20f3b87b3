import trio

from tests.worker import sample_runs
from tests.worker.sample_runs import PIXELS, SampleRun, connected, running, submit, until_finished
from worker.engine import DeviceLost, Engine
from worker.wire.messages import Cancel, Finished, PassDone, Started, Submit


async def test_a_job_from_start_to_end():
    engine = Engine(SampleRun)
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


async def test_the_deadline_ends_a_job_with_what_it_has():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        began = trio.current_time()
        await service.send(submit("endless-1000000", budget_s=0.3), PIXELS)
        finished, payload = await until_finished(service, "endless-1000000")
        assert trio.current_time() - began < 0.35
        assert (finished.state, payload) == ("partial", PIXELS)
        assert finished.passes_done > 10


async def test_no_time_at_all_is_a_partial_answer_with_zero_passes():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        for budget_s in (0.0, -1.0):
            await service.send(submit("late-3", budget_s=budget_s), PIXELS)
            messages = [(await anext(service))]
            assert isinstance(messages[0][0], Finished)
            assert (messages[0][0].state, messages[0][0].passes_done) == ("partial", 0)
            assert messages[0][1] == PIXELS


async def test_a_job_that_waits_is_answered_by_its_deadline_and_says_how_long_it_waited():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        for number in range(4):
            await service.send(submit(f"endless{number}-100000"), PIXELS)
        await service.send(submit("waiting-3", budget_s=0.4), PIXELS)
        finished, payload = await until_finished(service, "waiting-3")
        assert (finished.state, finished.passes_done, payload) == ("partial", 0, PIXELS)
        assert 0.2 < finished.queue_s < 0.4


async def test_a_run_is_told_what_its_wait_has_left_of_its_time():
    budgets: dict[str, float] = {}

    class Noting(SampleRun):
        def __init__(self, submit: Submit, pixels: bytes) -> None:
            super().__init__(submit, pixels)
            budgets[submit.job] = submit.budget_s

    engine = Engine(Noting)
    async with running(engine), connected(engine) as service:
        for number in range(4):
            await service.send(submit(f"first{number}-50", budget_s=5.0), PIXELS)
        await service.send(submit("waiting-1", budget_s=5.0), PIXELS)
        finished, _ = await until_finished(service, "waiting-1")
    assert budgets["waiting-1"] < budgets["first0-50"] <= 5.0
    assert abs(5.0 - finished.queue_s - budgets["waiting-1"]) < 0.1


async def test_newcomers_get_turns_between_the_steps_of_a_long_job():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        await service.send(submit("long-100000"), PIXELS)
        await service.send(submit("short-3"), PIXELS)
        finished, _ = await until_finished(service, "short-3")
        assert finished.state == "complete"


async def test_whatever_a_run_raises_fails_its_job_and_nothing_else():
    engine = Engine(SampleRun)
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
    engine = Engine(SampleRun, healthy=lambda: False)
    lost = False
    try:
        async with running(engine), connected(engine) as service:
            await service.send(submit("raises-3"), PIXELS)
            await until_finished(service, "raises-3")
    except* DeviceLost:
        lost = True
    assert lost


async def test_a_cancel_takes_effect_after_the_current_step():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        await service.send(submit("endless-100000"), PIXELS)
        await anext(service)  # Started
        await service.send(Cancel(job="endless-100000"))
        finished, payload = await until_finished(service, "endless-100000")
        assert (finished.state, payload) == ("cancelled", b"")


async def test_a_job_that_waits_can_be_cancelled():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        for number in range(4):
            await service.send(submit(f"endless{number}-100000"), PIXELS)
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
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        await service.send(submit("blocked-3"), PIXELS)
        assert (await anext(service))[0] == Started(job="blocked-3")
        await trio.to_thread.run_sync(sample_runs.in_step.wait, 5)
        with trio.fail_after(2):
            await service.send(Cancel(job="unknown"))
            assert (await anext(service))[0] == Finished(job="unknown", state="cancelled")
        await service.send(Cancel(job="blocked-3"))
        sample_runs.gate.set()
        # Cancelled within its step: what the step had to report is no news any more.
        assert (await anext(service))[0] == Finished(job="blocked-3", state="cancelled")


async def test_exactly_one_finished_for_each_job():
    engine = Engine(SampleRun)
    async with running(engine), connected(engine) as service:
        jobs = [f"{what}-{steps}" for what in ("a", "b", "c") for steps in range(1, 6)]
        for job in jobs:
            await service.send(submit(job), PIXELS)
            await service.send(submit(job), PIXELS)  # the same id again while it runs
        ended = []
        with trio.fail_after(5):
            async for message, _ in service:
                if isinstance(message, Finished):
                    ended.append(message.job)
                if len(ended) == len(jobs):
                    await service.send(Cancel(job="the end"))
                if ended and ended[-1] == "the end":
                    break
        assert sorted(ended[:-1]) == sorted(jobs)
