"""The device's one thread, and the loop that gives it to the jobs in turn."""

import functools
import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import structlog
import trio

from worker.arrays import chunks
from worker.outbox import Outbox
from worker.runs import Emission, Run, RunFactory
from worker.scheduler import QUANTUM_S, Scheduler, Step
from worker.wire.messages import ArrayChunk, ArraysDone, Finished, Started, Submit

T = TypeVar("T")
log = structlog.get_logger()

# What an answer costs besides `Run.conclude_s`: the socket, and threads and processes that take
# their time to wake up on a busy machine.
SEND_S_PER_BYTE = 2e-9
WAKE_S = 0.02
# Concluding a job that never had a turn: build the run and hand the picture back as it came.
UNSTARTED_CONCLUDE_S = 0.02
UNSTARTED_CONCLUDE_S_PER_PIXEL = 2e-8


_LAST = object()  # of an iterator


class DeviceLost(Exception):
    """The device answers no more; only a new process can use it again."""


@dataclass(eq=False)
class _Job:
    submit: Submit
    pixels: bytes
    outbox: Outbox
    arrived: float
    deadline: float  # for `conclude` to be through
    run: Run | None = None
    started: float | None = None
    cancelled: bool = False
    arrays: trio.CancelScope | None = None  # set while the arrays are sent, after `Finished`

    @property
    def key(self) -> tuple[Outbox, str]:
        return self.outbox, self.submit.job


@dataclass(frozen=True)
class _Turn:
    emissions: list[Emission]
    next_step_s: float | None
    conclude_s: float
    finished: bool


@dataclass(eq=False)
class Engine:
    """Runs every job that is submitted, a step at a time, to its one `Finished`.

    `factory` makes the runs; `entered` is entered around every call into the device's thread, for
    what torch keeps per thread; `healthy` is asked there after an error.
    """

    factory: RunFactory
    entered: Callable[[], AbstractContextManager[object]] = nullcontext
    healthy: Callable[[], bool] = lambda: True
    _scheduler: Scheduler[_Job] = field(default_factory=Scheduler)
    _jobs: dict[tuple[Outbox, str], _Job] = field(default_factory=dict)
    _in_thread: _Job | None = None
    _thread: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))
    _wake: trio.Event = field(default_factory=trio.Event)

    def submit(self, outbox: Outbox, submit: Submit, pixels: bytes) -> None:
        """Start a job that reports to `outbox`; an id that is already running there is ignored."""
        now = trio.current_time()
        deadline = now + submit.budget_s - submit.target.nbytes * SEND_S_PER_BYTE - WAKE_S
        job = _Job(submit, pixels, outbox, arrived=now, deadline=deadline)
        if job.key in self._jobs:
            log.warning("a job was submitted twice", job=submit.job)
            return
        self._jobs[job.key] = job
        conclude_s = UNSTARTED_CONCLUDE_S
        conclude_s += submit.width * submit.height * UNSTARTED_CONCLUDE_S_PER_PIXEL
        self._scheduler.add(job, deadline, conclude_s)
        self._wake.set()

    def cancel(self, outbox: Outbox, job_id: str) -> None:
        """Stop a job; `Finished` says so at once, or after the step that it is in."""
        job = self._jobs.get((outbox, job_id))
        if job is None:
            outbox.post(Finished(job=job_id, state="cancelled"))
            return
        self._stop(job)
        if job is not self._in_thread:
            self._finish(job, Finished(job=job_id, state="cancelled"))

    def drop(self, outbox: Outbox) -> None:
        """Stop all jobs of a service that is gone."""
        for job in [job for job in self._jobs.values() if job.outbox is outbox]:
            self._stop(job)
            del self._jobs[job.key]

    async def run(self) -> None:
        """Work until cancelled; a cancellation takes effect after the current step.

        Raises:
            DeviceLost: when an error in a run has left the device unusable.
        """
        async with trio.open_nursery() as nursery:
            while True:
                decision = self._scheduler.next(trio.current_time(), _has_room)
                if decision is None:
                    await self._idle()
                elif isinstance(decision, Step):
                    await self._step(decision.job)
                else:
                    await self._conclude(decision.job, nursery)

    async def _idle(self) -> None:
        self._wake = trio.Event()
        # Jobs that may not step, because their service reads too slowly, still have deadlines.
        with trio.move_on_after(QUANTUM_S if len(self._scheduler) else math.inf):
            await self._wake.wait()

    async def _step(self, job: _Job) -> None:
        before = trio.current_time()
        if job.started is None:
            job.started = before
            left_s = max(0.0, job.deadline - before)  # a run plans with what the wait has left it
            job.submit = msgspec.structs.replace(job.submit, budget_s=left_s)
            job.outbox.post(Started(job=job.submit.job))
        turn = await self._attempt(job, functools.partial(_take_turn, job, self.factory))
        if turn is None:
            return
        for message, payload in turn.emissions:
            job.outbox.post(message, payload)
        took_s = trio.current_time() - before
        step_s = took_s if turn.next_step_s is None else turn.next_step_s
        self._scheduler.stepped(
            job, step_s=step_s, conclude_s=turn.conclude_s, finished=turn.finished
        )

    async def _conclude(self, job: _Job, nursery: trio.Nursery) -> None:
        now = trio.current_time()
        began = now if job.started is None else job.started
        within_s = max(0.0, job.deadline - now)
        answer = await self._attempt(job, functools.partial(_conclude, job, self.factory, within_s))
        if answer is None:
            return
        finished, payload = answer
        finished = msgspec.structs.replace(finished, queue_s=began - job.arrived)
        self._finish(job, finished, payload)
        if finished.arrays:
            job.arrays = trio.CancelScope()
            self._jobs[job.key] = job
            nursery.start_soon(self._send_arrays, job)

    async def _attempt(self, job: _Job, call: Callable[[], T]) -> T | None:
        """Call in the device's thread; None when that was the job's end, which is then said."""
        self._in_thread = job
        try:
            result = await self._call(call)
        except Exception as error:  # whatever a run raises is its own failure, not the worker's
            log.exception("a job failed", job=job.submit.job)
            await self._check_device()
            self._finish(job, Finished(job=job.submit.job, state="failed", reason=_said(error)))
            return None
        finally:
            self._in_thread = None
        if job.cancelled:
            self._finish(job, Finished(job=job.submit.job, state="cancelled"))
            return None
        return result

    async def _call(self, call: Callable[[], T]) -> T:
        def entered() -> T:
            with self.entered():
                return call()

        return await trio.to_thread.run_sync(entered, limiter=self._thread)

    async def _check_device(self) -> None:
        if not await self._call(self.healthy):
            raise DeviceLost("the device answers no more")

    def _stop(self, job: _Job) -> None:
        job.cancelled = True
        self._scheduler.remove(job)
        if job.arrays is not None:
            job.arrays.cancel()

    def _finish(self, job: _Job, finished: Finished, payload: bytes | memoryview = b"") -> None:
        """Say how a job ended, unless its service is gone."""
        self._scheduler.remove(job)
        if self._jobs.pop(job.key, None) is not None:
            job.outbox.post(finished, payload)

    async def _send_arrays(self, job: _Job) -> None:
        assert job.run is not None
        assert job.arrays is not None
        with job.arrays:
            try:
                arrays = await self._call(job.run.arrays)
                take: Callable[[], object] = functools.partial(next, arrays, _LAST)
                while (item := await self._call(take)) is not _LAST:
                    for chunk, piece in _pieces(job.submit.job, item):
                        await job.outbox.post_bulk(chunk, piece)
            except Exception:  # the answer is out; the service sees what is missing
                log.exception("the arrays of a job failed", job=job.submit.job)
                await self._check_device()
            await job.outbox.post_bulk(ArraysDone(job=job.submit.job))
            self._jobs.pop(job.key, None)


def _pieces(job: str, item: object) -> Iterable[tuple[ArrayChunk, memoryview]]:
    """The messages of one array; none of a pause."""
    if not isinstance(item, tuple):
        return ()
    name, array = item
    return chunks(job, name, array)


def _has_room(job: _Job) -> bool:
    return job.outbox.has_room


def _made(job: _Job, factory: RunFactory) -> Run:
    if job.run is None:
        job.run = factory(job.submit, job.pixels)
        job.pixels = b""  # the run keeps what it needs
    return job.run


def _take_turn(job: _Job, factory: RunFactory) -> _Turn:
    run = _made(job, factory)
    emissions = [] if run.finished else list(run.step())
    return _Turn(emissions, run.next_step_s(), run.conclude_s(), run.finished)


def _conclude(
    job: _Job, factory: RunFactory, within_s: float
) -> tuple[Finished, bytes | memoryview]:
    return _made(job, factory).conclude(within_s)


def _said(error: Exception) -> str:
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"[:200]
