"""What leaves an outbox, and in which order."""

import numpy as np
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.worker.sample_runs import SampleRuns, submit
from worker.device_thread import DeviceThread
from worker.job import Job
from worker.outbox import Outbox
from worker.runs import Work
from worker.sending import Sending
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import Checkpoint, Finished, Started, ToService, ToWorker, Turn


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, MockClock]]:
    """Time goes on when nobody has anything else to do."""
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def test_reports_leave_before_bulk_and_what_was_cancelled_not_at_all():
    near, far = trio.testing.memory_stream_pair()
    outbox = Outbox(Channel[ToWorker](near, FrameDecoder(ToWorker)))
    over, open_ = trio.CancelScope(), trio.CancelScope()
    given_up = await outbox.post_bulk(over, Checkpoint(job="over", whole=True, arrays=0))
    wanted = await outbox.post_bulk(open_, Checkpoint(job="open", whole=True, arrays=0))
    over.cancel()
    outbox.post(Started(job="over"))
    outbox.post(Finished(job="over", state="complete"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.run)
        async with Channel[ToService](far, FrameDecoder(ToService)) as service:
            told = [(await anext(service))[0] for _ in range(3)]
        heard = [(type(each), each.job) for each in told]
        assert heard == [(Started, "over"), (Finished, "over"), (Checkpoint, "open")]
        with trio.fail_after(10):
            await given_up.wait()
            await wanted.wait()
            # There is room again for as many as before.
            await outbox.post_bulk(over, Checkpoint(job="over", whole=True, arrays=0))
            await outbox.post_bulk(over, Checkpoint(job="over", whole=True, arrays=0))
        nursery.cancel_scope.cancel()


async def test_what_comes_first_leaves_before_all_that_waits():
    near, far = trio.testing.memory_stream_pair()
    outbox = Outbox(Channel[ToWorker](near, FrameDecoder(ToWorker)))
    outbox.post(Started(job="a"))
    outbox.post(Finished(job="a", state="complete"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.send_first, Turn(jobs=["a"]))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(outbox.run)
        async with Channel[ToService](far, FrameDecoder(ToService)) as service:
            told = [type((await anext(service))[0]) for _ in range(3)]
            await outbox.send_first(Turn(jobs=["b"]))
            assert (await anext(service))[0] == Turn(jobs=["b"])
        nursery.cancel_scope.cancel()
    assert told == [Turn, Started, Finished]


async def test_nobody_waits_for_long_for_a_service_that_does_not_read():
    near, far = trio.testing.lockstep_stream_pair()
    outbox = Outbox(Channel[ToWorker](near, FrameDecoder(ToWorker)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.run)
        with trio.fail_after(20):
            for name in "abc":
                await outbox.send_first(Turn(jobs=[name]))
        async with Channel[ToService](far, FrameDecoder(ToService)) as service:
            # The last one takes the place of what had not begun to leave.
            assert [(await anext(service))[0].jobs for _ in range(2)] == [["a"], ["c"]]
            await outbox.send_first(Turn(jobs=["d"]))
            assert (await anext(service))[0] == Turn(jobs=["d"])
        nursery.cancel_scope.cancel()
    outbox.close()
    await outbox.send_first(Turn(jobs=["e"]))


async def test_a_checkpoint_can_be_cancelled_until_it_has_left():
    near, far = trio.testing.memory_stream_pair()
    outbox = Outbox(Channel[ToWorker](near, FrameDecoder(ToWorker)))
    runs, asked = SampleRuns(), submit("j-1")
    job = Job(asked, b"", outbox, 0.0, 9.0, runs.foresee(asked))
    job.work = Work(whole=True, arrays={"step": np.zeros(1)})
    job.saving = trio.CancelScope()
    sending = Sending(DeviceThread(), runs, trio.sleep)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sending.work, job, job.saving)
        await trio.testing.wait_all_tasks_blocked()  # all of it is in the outbox
        assert job.saving is not None
        job.saving.cancel()  # as the job is complete
        outbox.post(Finished(job="j-1", state="complete"))
        nursery.start_soon(outbox.run)
        async with Channel[ToService](far, FrameDecoder(ToService)) as service:
            assert isinstance((await anext(service))[0], Finished)
            await trio.testing.wait_all_tasks_blocked()
            outbox.post(Finished(job="j-2", state="complete"))
            assert (await anext(service))[0].job == "j-2"
        assert job.saving is None
        nursery.cancel_scope.cancel()
