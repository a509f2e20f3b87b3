"""Calls on behalf of jobs in the device's thread: whole ones, and long ones a quantum at a time."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
import trio
from structlog.contextvars import bound_contextvars

from worker.device_thread import DeviceThread
from worker.job import Job
from worker.runs import Emission, Interruptible, Run, Runs
from worker.scheduler import QUANTUM_S, Scheduler
from worker.tally import Tally

T = TypeVar("T")
SLOW_S = 0.5  # a turn of more is worth a line in the log
log = structlog.get_logger()


@dataclass(eq=False)
class JobTurns:
    """What takes turns in the thread; a turn ends with a forecast of what lies ahead."""

    device: DeviceThread
    runs: Runs
    scheduler: Scheduler[Job]
    tally: Tally
    now: set[Job] = field(default_factory=set)  # whose turn it is

    async def batch(self, jobs: Iterable[Job], call: Callable[[], T]) -> T:
        """A call for several jobs at once."""
        jobs = list(jobs)
        return await self._turn(jobs, self._foreseeing(jobs, call))

    async def piece(self, job: Job, call: Callable[[], T], *, long: bool) -> tuple[bool, T | Any]:
        """Go on with the job's call, for a quantum if it is long; whether it ended, and with what.

        A piece that is under way is continued, whatever `call` is.
        """
        if job.piece is None:
            call = self._foreseeing([] if job.concluding else [job], call)
            if not long:
                return True, await self._turn([job], call)
            job.piece, job.piece_s = self.runs.interruptible(call), 0.0
        began, piece = trio.current_time(), job.piece
        ended = await self._turn([job], functools.partial(piece.resume, QUANTUM_S))
        job.piece_s += trio.current_time() - began
        if not ended:
            return False, None
        job.piece, job.piece_s = None, 0.0
        return True, piece.result()

    async def give_up(self, job: Job) -> Sequence[Emission]:
        """End the job's piece where it stands; what it still has to tell."""
        assert job.piece is not None
        piece, job.piece, job.piece_s = job.piece, None, 0.0
        return await self._turn([job], functools.partial(_given_up, piece))

    async def _turn(self, jobs: Iterable[Job], call: Callable[[], T]) -> T:
        self.now = set(jobs)
        began = trio.current_time()
        about = [each.submit.log_fields for each in self.now]
        try:
            with bound_contextvars(**about[0] if len(about) == 1 else {}):
                return await self.device.call(call, self.now)
        finally:
            took_s = trio.current_time() - began
            self.tally.turn(took_s)
            if took_s > SLOW_S:
                self._tell_of(took_s)
            self.now = set()

    def _tell_of(self, seconds: float) -> None:
        # No warning: on a busy machine it is the machine, and a command shows warnings to its user.
        log.info(
            "a turn took long",
            seconds=round(seconds, 2),
            jobs=[each.submit.log_fields for each in self.now],
            pixels=[each.size for each in self.now],
            offers=[type(each.forecast.offer).__name__ for each in self.now],
            concluding=[each.concluding for each in self.now],
        )

    def _foreseeing(self, jobs: Sequence[Job], call: Callable[[], T]) -> Callable[[], T]:
        """The call, and after it, in the same thread, what lies ahead of the jobs."""
        now = trio.current_time()
        expected = {job: self.scheduler.expected_s(job, now) for job in jobs if not job.cancelled}

        def called() -> T:
            result = call()
            for job, expected_s in expected.items():
                if job.run is not None:
                    job.forecast = job.run.forecast(expected_s)
                    _check_point(job, job.run)
            return result

        return called


def _given_up(piece: Interruptible[Sequence[Emission]]) -> Sequence[Emission]:
    """What a step still has to tell that nobody waits for; it may have come to its end."""
    piece.abandon()
    try:
        return piece.result()
    except BaseException:  # that is how it was ended, or would have failed
        return ()


def _check_point(job: Job, run: Run) -> None:
    """Let a job make a checkpoint, if it is time and the last one is on its way no more."""
    if not job.leaves or job.work is not None:
        return
    try:
        job.work = run.checkpoint()
    except Exception:  # it does not cost the job
        job.leaves = False
        log.exception("a job makes no more checkpoints", **job.submit.log_fields)
