"""An engine without a device: it obeys the scheduler, and its clock moves as its jobs say."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from worker.runs import Alone, Forecast, Tiles
from worker.scheduler import LONG_S, QUANTUM_S, Batch, Conclude, Scheduler, Step

IDLE_S = 0.01
MOST_TURNS = 20_000  # more than any test needs: somebody goes round in circles


@dataclass(eq=False)
class Job:
    """Work that shrinks as it is done; the floor is its first part."""

    name: str
    deadline: float
    work_s: float
    floor_s: float = 0.0
    conclude_s: float = 0.0
    key: Hashable = None  # its work is tiles then, else steps of its own
    each_s: float = 0.005
    most: int = 1 << 30
    size: float = 0.0
    arrival: float = 0.0
    slowness: float = 1.0  # how much longer its work takes than it was said to
    done_s: float = 0.0
    concluded_s: float = 0.0
    ended: float | None = None

    @property
    def left_s(self) -> float:
        left_s = self.work_s - self.done_s
        return left_s if left_s > 1e-9 else 0.0

    @property
    def floored(self) -> bool:
        return self.done_s >= self.floor_s - 1e-6

    def forecast(self) -> Forecast:
        offer: Tiles | Alone | None = None
        if self.left_s and self.key is not None:
            count = max(1, math.ceil(self.left_s / self.each_s - 1e-6))
            offer = Tiles(self.key, count, self.each_s, self.most)
        elif self.left_s:
            offer = Alone(self.left_s)
        floor_s = 0.0 if self.floored else self.floor_s - self.done_s
        return Forecast(offer, self.conclude_s - self.concluded_s, floor_s, self.left_s)


@dataclass(frozen=True)
class Turn:
    at: float
    decision: Batch[Job] | Step[Job] | Conclude[Job]
    present: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        if isinstance(self.decision, Batch):
            return tuple(job.name for job, _ in self.decision.shares)
        return (self.decision.job.name,)


class FakeEngine:
    def __init__(self, jobs: Iterable[Job], most_size: float = math.inf) -> None:
        self.scheduler = Scheduler[Job](most_size)
        self.now = 0.0
        self.turns: list[Turn] = []
        self.late = sorted(jobs, key=lambda job: job.arrival)  # to come
        self.here: list[Job] = []

    def run(self, until: float = math.inf) -> None:
        while (self.late or self.here) and self.now < until:
            assert len(self.turns) < MOST_TURNS, self.turns[-3:]
            while self.late and self.late[0].arrival <= self.now:
                self.arrive(self.late.pop(0))
            decision = self.scheduler.next(self.now)
            if decision is None:
                self.now += IDLE_S
                continue
            self.turns.append(Turn(self.now, decision, frozenset(j.name for j in self.here)))
            self._obey(decision)

    def arrive(self, job: Job) -> None:
        self.here.append(job)
        self.scheduler.add(job, job.deadline, job.forecast(), job.size)

    def _obey(self, decision: Batch[Job] | Step[Job] | Conclude[Job]) -> None:
        if isinstance(decision, Batch):
            for job, count in decision.shares:
                self._work(job, count * job.each_s)
        elif isinstance(decision, Step):
            left_s = decision.job.left_s
            self._work(decision.job, left_s if left_s <= LONG_S else QUANTUM_S)
        else:
            self._conclude(decision.job)

    def _work(self, job: Job, seconds: float) -> None:
        job.done_s += seconds
        self.now += seconds * job.slowness
        self.scheduler.spent(job, seconds * job.slowness)
        self.scheduler.update(job, job.forecast())

    def _conclude(self, job: Job) -> None:
        left_s = job.conclude_s - job.concluded_s
        seconds = left_s if left_s <= LONG_S else QUANTUM_S
        self.now += seconds
        job.concluded_s += seconds
        if left_s > seconds:
            self.scheduler.spent(job, seconds)
            self.scheduler.update(job, job.forecast())
            return
        job.ended = self.now
        self.here.remove(job)
        self.scheduler.remove(job)
