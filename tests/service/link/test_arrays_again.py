"""A worker that dies while it sends the arrays of a job, as a script says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog.testing
import trio

from service.link.answers import WorkerLost
from service.link.peer import Patience
from service.link.worker_link import WorkerLink, open_workers
from tests.service.link.test_worker_link import all_of
from tests.worker.sample_runs import HELLO, PIXELS, submit
from worker.listening import open_listeners
from worker.wire.address import UnixAddress
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import (
    ArrayChunk,
    ArraysDone,
    Cancel,
    Checkpoint,
    Finished,
    Message,
    PassDone,
    Started,
    Submit,
    ToWorker,
)

JOB = "job-1"
BEGIN = [Started(job=JOB), PassDone(job=JOB, index=1, of=1)]
COMPLETE = Finished(job=JOB, state="complete", arrays=True)
PARTIAL = Finished(job=JOB, state="partial", arrays=True)
FIRST, SECOND = (
    ArrayChunk(job=JOB, name="theta", dtype="uint8", shape=(2,), offset=offset) for offset in (0, 1)
)
WORK = [
    ArrayChunk(job=JOB, name="work.step", dtype="uint8", shape=(1,), offset=0),
    Checkpoint(job=JOB, whole=True, arrays=1),
]
DONE = ArraysDone(job=JOB)


@asynccontextmanager
async def scripted(
    place: Path, *scripts: Sequence[Message], rerun_s: float = 1.0
) -> AsyncIterator[WorkerLink]:
    """A link to a worker that sends one script after a job has come, and dies; then the next."""
    address = UnixAddress(str(place / "worker.sock"))
    (listener,) = await open_listeners([address])
    left = list(scripts)

    async def handle(stream: trio.SocketStream) -> None:
        async with Channel[ToWorker](stream, FrameDecoder(ToWorker)) as channel:
            await channel.send(HELLO)
            async for message, _ in channel:
                if isinstance(message, Cancel):
                    await channel.send(Finished(job=message.job, state="cancelled"))
                elif isinstance(message, Submit):
                    for each in left.pop(0):
                        await channel.send(each, *([b"\0"] if isinstance(each, ArrayChunk) else []))
                    if left:
                        return

    patience = Patience(first_pause_s=0.01, last_pause_s=0.01, rerun_s=rerun_s)
    with trio.fail_after(60), structlog.testing.capture_logs():
        async with open_workers([f"unix:{address.path}"], patience=patience) as link:
            link.nursery.start_soon(trio.serve_listeners, handle, [listener])
            yield link


async def test_the_arrays_of_a_complete_job_come_again_and_its_answer_once(tmp_path: Path):
    scripts = [*BEGIN, COMPLETE, FIRST], [*BEGIN, *WORK, COMPLETE, FIRST, SECOND, DONE]
    async with scripted(tmp_path, *scripts) as link:
        answers = await link.submit(submit(JOB, budget_s=60), PIXELS)
        told = await all_of(answers)
    assert told == [*BEGIN, COMPLETE, FIRST, Started(job=JOB), FIRST, SECOND, DONE]


async def test_the_second_worker_may_die_over_them_too(tmp_path: Path):
    scripts = [*BEGIN, COMPLETE], [*BEGIN], [*BEGIN, COMPLETE, FIRST, SECOND, DONE]
    async with scripted(tmp_path, *scripts) as link:
        link_answers = await link.submit(submit(JOB, budget_s=60), PIXELS)
        with pytest.raises(WorkerLost, match="two workers died"):
            await all_of(link_answers)


async def test_less_than_what_was_answered_is_not_sent(tmp_path: Path):
    scripts = [*BEGIN, COMPLETE, FIRST], [*BEGIN, PARTIAL, FIRST, SECOND, DONE]
    async with scripted(tmp_path, *scripts) as link:
        told = await all_of(await link.submit(submit(JOB, budget_s=60), PIXELS))
    assert told[-1] == Finished(job=JOB, state="cancelled")
    assert SECOND not in told


@pytest.mark.parametrize(("answer", "rerun_s"), [(PARTIAL, 1.0), (COMPLETE, 90.0)])
async def test_without_time_and_after_a_partial_answer_they_are_lost(
    tmp_path: Path, answer: Finished, rerun_s: float
):
    async with scripted(tmp_path, [*BEGIN, answer, FIRST], [], rerun_s=rerun_s) as link:
        await link.wait_ready()
        with pytest.raises(WorkerLost, match="while it sent the arrays"):
            await all_of(await link.submit(submit(JOB, budget_s=60), PIXELS))
