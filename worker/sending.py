"""Arrays on their way to the service: of fields that are finished, and what is gone on from."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import structlog
import trio

from worker.arrays import chunks
from worker.device_thread import DeviceThread
from worker.job import Job
from worker.runs import Run, Runs, Work
from worker.scheduler import QUANTUM_S
from worker.wire.messages import ArrayChunk, ArraysDone, Checkpoint

T = TypeVar("T")
WORK = "work."  # before the names of arrays to go on from
JOBS_PART = 3.0
"""Times as long as the arrays of ended jobs, jobs with deadlines have the device."""

_LAST = object()  # of an iterator
_log = structlog.get_logger()


@dataclass(eq=False)
class Sending:
    """Sends behind all that is more urgent; those of a job one after the other.

    `others` returns once jobs with deadlines have had the device for so many seconds.
    """

    device: DeviceThread
    runs: Runs
    others: Callable[[float], Awaitable[None]]

    async def work(self, job: Job, scope: trio.CancelScope) -> None:
        """The checkpoint that the job has made."""
        assert job.work is not None
        with scope:
            async with job.lane:
                left = await _post(job, job.work, scope)
                await left.wait()  # until then it can still be cancelled
        job.work = job.saving = None

    async def arrays(self, job: Job, run: Run, scope: trio.CancelScope) -> None:
        """All that follows an answer, until `scope` is cancelled: field and last checkpoint.

        Raises:
            DeviceLost: the device does not answer any more.
        """
        async with job.lane:
            try:
                arrays = await self._in_pieces(job, run.arrays)
                take: Callable[[], object] = functools.partial(next, arrays, _LAST)
                while (item := await self._in_pieces(job, take)) is not _LAST:
                    for chunk, piece in _cut(job.submit.job, item):
                        await job.outbox.post_bulk(scope, chunk, piece)
                work = functools.partial(run.checkpoint, last=True)
                if job.leaves and (made := await self._in_pieces(job, work)) is not None:
                    await _post(job, made, scope)
            except Exception as error:  # the answer is out; the service sees what is missing
                _log.exception("the arrays of a job failed", **job.submit.log_fields)
                await self.device.check(error)
            await job.outbox.post_bulk(scope, ArraysDone(job=job.submit.job))

    async def _in_pieces(self, job: Job, call: Callable[[], T]) -> T:
        """Call in the device's thread; jobs that have deadlines have most of it meanwhile."""
        piece = self.runs.interruptible(call)
        try:
            while True:
                began = trio.current_time()
                resume = functools.partial(piece.resume, QUANTUM_S)
                ended = await self.device.call(resume, {job})
                await self.others(JOBS_PART * (trio.current_time() - began))
                if ended:
                    return piece.result()
        except BaseException:
            piece.abandon()
            raise


async def _post(job: Job, work: Work, scope: trio.CancelScope) -> trio.Event:
    for name, array in work.arrays.items():
        for chunk, piece in chunks(job.submit.job, WORK + name, array):
            await job.outbox.post_bulk(scope, chunk, piece)
    made = Checkpoint(job=job.submit.job, whole=work.whole, arrays=len(work.arrays))
    return await job.outbox.post_bulk(scope, made)


def _cut(job: str, item: object) -> Iterable[tuple[ArrayChunk, memoryview]]:
    """The messages of one array; none of a pause."""
    if not isinstance(item, tuple):
        return ()
    name, array = item
    return chunks(job, name, array)
