"""Whose turn it is on the device: pure decisions, no torch, no clock of its own.

Jobs take turns of one step each. A job is concluded when it is finished, or when another step
could make a deadline unreachable. At most `running` jobs take turns; the rest wait in order of
arrival and are concluded as they are when their time is up.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

J = TypeVar("J", bound=Hashable)

QUANTUM_S = 0.05  # what a step should take, and is assumed to take until the first was measured


@dataclass(frozen=True)
class Step(Generic[J]):
    """Let this job do one step."""

    job: J


@dataclass(frozen=True)
class Conclude(Generic[J]):
    """Have this job hand over what it has."""

    job: J


@dataclass
class _Entry:
    deadline: float
    conclude_s: float
    step_s: float = QUANTUM_S
    finished: bool = False


class Scheduler(Generic[J]):
    """The jobs on the device and those that wait; times are seconds of the caller's clock."""

    def __init__(self, running: int = 4) -> None:
        self._running = running
        self._jobs: dict[J, _Entry] = {}  # the first `running` take turns, the next in turn first

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: J, deadline: float, conclude_s: float) -> None:
        """Take a job whose answer must be out by `deadline` and costs `conclude_s` to make."""
        self._jobs[job] = _Entry(deadline, conclude_s)

    def remove(self, job: J) -> None:
        """Forget a job that was concluded, failed or cancelled."""
        self._jobs.pop(job, None)

    def stepped(self, job: J, *, step_s: float, conclude_s: float, finished: bool) -> None:
        """Note what the next step and concluding now would cost; ends the job's turn."""
        entry = self._jobs.pop(job, None)
        if entry is None:  # cancelled meanwhile
            return
        entry.step_s, entry.conclude_s, entry.finished = step_s, conclude_s, finished
        waiting = dict(islice(self._jobs.items(), self._running - 1, None))
        for other in waiting:
            del self._jobs[other]
        self._jobs |= {job: entry, **waiting}

    def next(
        self, now: float, may_step: Callable[[J], bool] = lambda _: True
    ) -> Step[J] | Conclude[J] | None:
        """Decide; None when there is nothing to do for any job that `may_step` lets through."""
        turns = list(islice(self._jobs.items(), self._running))
        finished = [(entry.deadline, job, entry) for job, entry in turns if entry.finished]
        if finished:
            _, job, entry = min(finished, key=lambda item: item[0])
            due = self._first_due(now + entry.conclude_s, besides=job)
            return Conclude(job if due is None else due)
        able = [(job, entry) for job, entry in turns if may_step(job)]
        for job, entry in able:
            if self._first_due(now + entry.step_s) is None:
                return Step(job)
        quickest = min((entry.step_s for _, entry in able), default=QUANTUM_S)
        due = self._first_due(now + quickest)
        return None if due is None else Conclude(due)

    def _first_due(self, start: float, besides: J | None = None) -> J | None:
        """Return the job to conclude now, were all but `besides` to go on only at `start`.

        Concluding happens one job at a time, earliest deadline first, so a job is due when it and
        all before it would not fit. One that does not fit alone goes first.
        """
        end, first = start, None
        for job, entry in sorted(self._jobs.items(), key=lambda item: item[1].deadline):
            if job == besides:
                continue
            first = job if first is None else first
            end += entry.conclude_s
            if start + entry.conclude_s > entry.deadline:
                return job
            if end > entry.deadline:
                return first
        return None
