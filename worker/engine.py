"""The device's one thread, and the loop that gives it to the jobs as the scheduler says."""

import functools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import msgspec
import structlog
import trio

from worker.device_thread import DeviceLost, DeviceThread
from worker.job import Job
from worker.job_turns import JobTurns
from worker.outbox import Outbox
from worker.runs import Alone, Emission, Run, Runs
from worker.scheduler import LONG_S, QUANTUM_S, Batch, Scheduler, Step
from worker.sending import Sending
from worker.tally import Tally
from worker.wire.messages import ArraysDone, Finished, Patch, Started, Submit, Tiles

__all__ = ["DeviceLost", "Engine"]

log = structlog.get_logger()

# What an answer costs besides `Run.conclude`: the socket, and threads and processes that take
# their time to wake up on a busy machine.
SEND_S_PER_BYTE = 2e-9
WAKE_S = 0.02
MOST_PIXELS = {"cpu": 36e6, "cuda": 150e6}
"""Of the pictures that are worked on at a time: each takes about 60 bytes a pixel."""

LARGE_PIXELS = 1e6  # of jobs whose beginning takes long, and whose end leaves much memory free

LAST_WORDS_S = 0.5  # before the process ends, for the service to know over which job


@dataclass(eq=False)
class Engine:
    """Runs every job that is submitted to its one `Finished`.

    `runs` makes and advances the computations; `entered` and `healthy` are the device thread's.
    """

    runs: Runs
    entered: Callable[[], AbstractContextManager[object]] = nullcontext
    healthy: Callable[[Exception], bool] = lambda _: True
    most_pixels: float = math.inf  # of the jobs under way together
    tidy: Callable[[], None] = lambda: None  # called in a thread after large jobs
    collect: Callable[[], object] = lambda: None  # called after every job, for its cycles
    device_bytes: Callable[[], int | None] = lambda: None  # of the device's memory, if it has any
    tally: Tally = field(default_factory=Tally)
    _scheduler: Scheduler[Job] = field(init=False)
    _jobs: dict[tuple[Outbox, str], Job] = field(default_factory=dict)
    _left: list[Job] = field(default_factory=list)  # ended, and not swept up
    _device: DeviceThread = field(init=False)
    _turns: JobTurns = field(init=False)
    _sending: Sending = field(init=False)
    _nursery: trio.Nursery = field(init=False)
    _wake: trio.Event = field(default_factory=trio.Event)
    _turned: trio.Event = field(default_factory=trio.Event)  # set after every turn
    _worked_s: float = 0.0  # that turns have taken so far

    def __post_init__(self) -> None:
        self._scheduler = Scheduler(self.most_pixels)
        self._device = DeviceThread(self.entered, self.healthy)
        self._turns = JobTurns(self._device, self.runs, self._scheduler, self.tally)
        self._sending = Sending(self._device, self.runs, self._others)

    def submit(self, outbox: Outbox, submit: Submit, payload: bytes) -> None:
        """Start a job that reports to `outbox`; an id that is already running there is ignored."""
        now = trio.current_time()
        deadline = now + submit.budget_s - submit.input_bytes * SEND_S_PER_BYTE - WAKE_S
        forecast = self.runs.foresee(submit)
        job = Job(submit, payload, outbox, now, deadline, forecast, leaves=submit.keep_work)
        if job.key in self._jobs:
            log.warning("a job was submitted twice", job=submit.job)
            return
        self._jobs[job.key] = job
        self._scheduler.add(job, deadline, forecast, job.size, apart=submit.apart)
        self._wake.set()

    def cancel(self, outbox: Outbox, job_id: str) -> None:
        """Stop a job; `Finished` says so at once, or after the step that it is in."""
        job = self._jobs.get((outbox, job_id))
        if job is None:
            outbox.post(Finished(job=job_id, state="cancelled"))
            return
        self._stop(job)
        if job not in self._turns.now:
            self._finish(job, Finished(job=job_id, state="cancelled"))

    def drop(self, outbox: Outbox) -> None:
        """Stop all jobs of a service that is gone."""
        for job in [job for job in self._jobs.values() if job.outbox is outbox]:
            self._stop(job)
            del self._jobs[job.key]
            self._left.append(job)

    async def run(self) -> None:
        """Work until cancelled; a cancellation takes effect after the current step.

        Raises:
            DeviceLost: when an error in a run has left the device unusable.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            while True:
                if self._sweep():
                    nursery.start_soon(trio.to_thread.run_sync, self.tidy)
                began = trio.current_time()
                decision = self._scheduler.next(began, _has_room)
                if decision is None:
                    await self._idle()
                elif isinstance(decision, Batch):
                    await self._solve(decision.shares, decision.room)
                elif isinstance(decision, Step):
                    await self._step(decision.job)
                else:
                    await self._conclude(decision.job)
                self._worked_s += trio.current_time() - began
                self._turned.set()
                self._turned = trio.Event()

    async def _idle(self) -> None:
        self._wake = trio.Event()
        # Jobs that may not step, because their service reads too slowly, still have deadlines.
        with trio.move_on_after(QUANTUM_S if len(self._scheduler) else math.inf):
            await self._wake.wait()

    # --- turns ---------------------------------------------------------------------------------

    async def _solve(self, shares: Sequence[tuple[Job, int]], room: int = 0) -> None:
        """A batch of tiles, of `room` at most; one job's failure must not end the others'."""
        began = trio.current_time()
        jobs = [job for job, _ in shares]
        runs = [(_run_of(job), count) for job, count in shares]
        try:
            told = await self._turns.batch(jobs, functools.partial(self.runs.solve, runs))
        except Exception as error:
            if len(shares) == 1:
                await self._fail(jobs[0], error)
                return
            for job, count in shares:
                if job.cancelled:
                    self._took(job, (), 0.0)
                else:
                    await self._solve([(job, count)])
            return
        self.tally.batch([count for _, count in shares], room)
        each_s = (trio.current_time() - began) / sum(count for _, count in shares)
        for (job, count), emissions in zip(shares, told, strict=True):
            self._took(job, emissions, each_s * count)

    async def _step(self, job: Job) -> None:
        began = trio.current_time()
        if job.started is None:
            job.started = began
            left_s = max(0.0, job.deadline - began)  # a run plans with what the wait has left it
            job.submit = msgspec.structs.replace(job.submit, budget_s=left_s)
            job.outbox.post(Started(job=job.submit.job))
        offer = job.forecast.offer
        long = isinstance(offer, Alone) and offer.seconds > LONG_S
        try:
            call = functools.partial(self._turn, job)
            ended, emissions = await self._turns.piece(job, call, long=long)
        except Exception as error:
            await self._fail(job, error)
            return
        self._took(job, emissions if ended else (), trio.current_time() - began)

    async def _conclude(self, job: Job) -> None:
        now = trio.current_time()
        try:
            if not job.concluding and not await self._put_down(job):
                return
            job.concluding = True
            within_s = max(0.0, job.deadline - now)
            call = functools.partial(self._ending, job, within_s)
            long = job.forecast.conclude_s > LONG_S
            ended, answer = await self._turns.piece(job, call, long=long)
        except Exception as error:
            await self._fail(job, error)
            return
        if not ended or job.cancelled:
            self._took(job, (), trio.current_time() - now)
            return
        *told, (finished, payload) = answer
        self.tally.told(told)
        for message, picture in told:
            job.outbox.post(message, picture)
        assert isinstance(finished, Finished)
        began = now if job.started is None else job.started
        finished = msgspec.structs.replace(finished, queue_s=began - job.arrived)
        self._finish(job, finished, payload)
        if finished.arrays and self._may_send(job):
            job.arrays = trio.CancelScope()
            self._jobs[job.key] = job
            _run_of(job).drop()  # its turn to send may be seconds away
            job.leaves &= finished.state == "partial"
            self._nursery.start_soon(self._send_arrays, job, job.arrays)
        elif finished.arrays:
            log.warning("no room for a job's arrays", **job.submit.log_fields)
            job.outbox.post(ArraysDone(job=job.submit.job))
            self._left.append(job)

    def _may_send(self, job: Job) -> bool:
        """Whether there is room for what a job holds until its arrays are sent."""
        sending = [each for each in self._jobs.values() if each.arrays is not None]
        return not sending or sum(each.size for each in (*sending, job)) <= self.most_pixels

    async def _put_down(self, job: Job) -> bool:
        """Whether no step is under way any more: only one that concluding needs still goes on."""
        if job.piece is None:
            return True
        if not job.closing or trio.current_time() + job.ahead.conclude_s > job.deadline:
            self._took(job, await self._turns.give_up(job), 0.0)
            return not job.cancelled
        await self._step(job)
        return False

    def _took(self, job: Job, emissions: Sequence[Emission], seconds: float) -> None:
        """After a turn: tell of it, and see what is next."""
        if job.key not in self._jobs:  # its service is gone
            return
        if job.cancelled:
            self._finish(job, Finished(job=job.submit.job, state="cancelled"))
            return
        now = trio.current_time()
        self._scheduler.spent(job, seconds)
        self._scheduler.update(job, job.ahead)
        self.tally.told(emissions)
        for message, payload in emissions:
            if isinstance(message, Tiles | Patch):
                message = msgspec.structs.replace(message, eta_s=self._scheduler.eta_s(job, now))
            job.outbox.post(message, payload)
        if job.work is not None and job.saving is None:
            job.saving = trio.CancelScope()
            self._nursery.start_soon(self._sending.work, job, job.saving)

    # --- in the device's thread ------------------------------------------------------------------

    def _turn(self, job: Job) -> Sequence[Emission]:
        if job.run is None and job.size > LARGE_PIXELS:
            self._make(job)
            return ()  # what takes long already is not made longer: it may be all there is time for
        return (job.run or self._make(job)).step()

    def _ending(self, job: Job, within_s: float) -> Sequence[Emission]:
        return (job.run or self._make(job)).conclude(within_s)

    def _make(self, job: Job) -> Run:
        job.run = self.runs.make(job.submit, job.payload)
        job.payload = b""  # the run keeps what it needs
        return job.run

    # --- ends ----------------------------------------------------------------------------------

    async def _fail(self, job: Job, error: Exception) -> None:
        """Whatever a run raises is its own failure, not the worker's, unless the device is lost."""
        log.error("a job failed", **job.submit.log_fields, exc_info=error)
        try:
            await self._device.check(error)
        except DeviceLost:
            fatal = Finished(job=job.submit.job, state="failed", reason=_said(error), fatal=True)
            job.outbox.post(fatal)
            with trio.move_on_after(LAST_WORDS_S):
                await job.outbox.sent()
            raise
        if job.cancelled:
            self._finish(job, Finished(job=job.submit.job, state="cancelled"))
        else:
            self._finish(job, Finished(job=job.submit.job, state="failed", reason=_said(error)))

    def _stop(self, job: Job) -> None:
        job.cancelled = True
        self._scheduler.remove(job)
        for sending in (job.arrays, job.saving):
            if sending is not None:
                sending.cancel()

    def _finish(self, job: Job, finished: Finished, payload: bytes | memoryview = b"") -> None:
        """Say how a job ended, unless its service is gone."""
        self._scheduler.remove(job)
        if not finished.arrays:
            self._left.append(job)
        if job.saving is not None and finished.state != "partial":
            job.saving.cancel()  # nobody goes on from there
        if self._jobs.pop(job.key, None) is not None:
            if job.arrays is None:  # else it had ended before
                log.debug("a job ended", **job.submit.log_fields, state=finished.state)
            job.outbox.post(finished, payload)

    def _sweep(self) -> bool:
        """Between two turns: free what ended jobs hold; whether that was much."""
        if not self._left:
            return False
        freed = sum(job.size for job in self._left)
        while self._left:
            _empty(self._left.pop())
        self.collect()
        return freed >= LARGE_PIXELS

    async def _send_arrays(self, job: Job, scope: trio.CancelScope) -> None:
        with scope:
            await self._sending.arrays(job, _run_of(job), scope)
        self._jobs.pop(job.key, None)
        self._left.append(job)
        self._wake.set()

    async def _others(self, seconds: float) -> None:
        """Wait until jobs have had the device for so long, or there is none."""
        until = self._worked_s + seconds
        while len(self._scheduler) and self._worked_s < until:
            await self._turned.wait()


def _empty(job: Job) -> None:
    """Let go of all that a job holds that has ended."""
    piece, job.piece = job.piece, None
    if piece is not None:
        piece.abandon()
    if job.run is not None:
        job.run.drop()
    job.run, job.payload = None, b""


def _run_of(job: Job) -> Run:
    assert job.run is not None
    return job.run


def _has_room(job: Job) -> bool:
    return job.outbox.has_room


def _said(error: Exception) -> str:
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"[:200]
