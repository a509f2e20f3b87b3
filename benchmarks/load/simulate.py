"""The same requests without a device: the service's admission and the worker's scheduler as they
are, a clock that jumps from event to event, and costs that were measured beforehand.

Cores are shared: while pictures are decoded or encoded, the device, where it is those cores, is
slower, and decoding and encoding take longer while the device is busy.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.load.arrivals import Request
from benchmarks.load.costs import Costs
from benchmarks.load.model import Job
from benchmarks.load.outcome import End, Outcome
from service.jobs.admission import Admission, Place, Work
from service.jobs.deadlines import MARGIN_S
from service.problems import Busy
from service.settings import Settings
from worker.engine import LONG_S, MOST_PIXELS, SEND_S_PER_BYTE, WAKE_S
from worker.runs import Alone
from worker.scheduler import QUANTUM_S, Batch, Scheduler, Step
from worker.sending import JOBS_PART

DECODERS = 2
CHANNELS = 3


@dataclass(eq=False)
class Client:
    """A request on its way."""

    request: Request
    job: Job
    place: Place
    by: float  # when the worker must have answered
    deadline: float = 0.0  # for concluding to be over
    started: float | None = None
    concluded_s: float = 0.0  # that concluding has taken so far
    device_s: float = 0.0
    gone: bool = False
    ended: bool = False


@dataclass
class Simulation:
    """Runs to the end when called once."""

    costs: Costs
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    now: float = 0.0
    device_s: float = 0.0  # that the device was busy

    def __post_init__(self) -> None:
        settings = Settings()
        self.admission = Admission(settings.max_queue)
        self.scheduler: Scheduler[Client] = Scheduler(MOST_PIXELS["cpu"])
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._decoders = [0.0] * DECODERS  # when each is free
        self._helping: list[float] = []  # until when pictures are decoded and encoded
        self._arrays: list[float] = []  # seconds of the device, after answers

    def run(self, plan: Sequence[Request]) -> list[Outcome]:
        """What becomes of every request, in their order."""
        for request in plan:
            self._at(request.at_s, partial(self._arrives, request))
        while self._events or len(self.scheduler) or self._arrays:
            self._turn()
        return [self.outcomes[request.index] for request in plan]

    # --- the service --------------------------------------------------------------------------

    def _arrives(self, request: Request) -> None:
        costs, deadline = self.costs.sides[request.side], self.now + request.deadline_s
        by = deadline - MARGIN_S - costs.encode_s
        work = Work(
            "field" if request.kind == "field" else "shade",
            request.side**2,
            request.passes,
            by,
            source_pixels=request.source_side**2,
            outlines=request.kind != "field",
        )
        try:
            place = self.admission.reserve(work, self.costs.hello, self.now)
        except Busy as busy:
            self._answer(request, "refused", 503, self.now, retry_after_s=busy.retry_after)
            return
        client = Client(request, Job(request, self.costs), place, by)
        if request.hangs_up_s is not None:
            self._at(self.now + request.hangs_up_s, partial(self._hangs_up, client))
        self._at(self._decoded(costs.before_s), partial(self._submit, client))

    def _decoded(self, seconds: float) -> float:
        """When a picture that comes now is decoded."""
        first = min(range(DECODERS), key=self._decoders.__getitem__)
        begins = max(self.now, self._decoders[first])
        self._decoders[first] = self._help(seconds, begins)
        return self._decoders[first]

    def _help(self, seconds: float, begins: float) -> float:
        """When work of the service that begins then has ended."""
        ends = begins + seconds * self._slower(len(self.scheduler) > 0, begins)
        self._helping.append(ends)
        return ends

    def _slower(self, device: bool, at: float) -> float:
        """How many times longer something takes for want of cores."""
        self._helping = [end for end in self._helping if end > at]
        busy = 1 + len(self._helping) + (self.costs.lanes if device else 0)
        return max(1.0, busy / self.costs.cores)

    def _submit(self, client: Client) -> None:
        if client.gone:
            return
        request = client.request
        sent = request.side**2 * CHANNELS
        client.deadline = max(self.now, client.by) - sent * SEND_S_PER_BYTE - WAKE_S
        forecast = client.job.forecast(None)
        size = request.side**2 + request.source_side**2
        self.scheduler.add(client, client.deadline, forecast, size)

    def _hangs_up(self, client: Client) -> None:
        if client.ended:
            return
        client.gone = client.ended = True
        self.scheduler.remove(client)
        client.place.release()
        self._answer(client.request, "hung up", 0, None)

    def _finished(self, client: Client) -> None:
        """The worker has answered."""
        self.scheduler.remove(client)
        job, costs = client.job, self.costs.sides[client.request.side]
        job.concluded()
        if job.complete:
            client.place.learn(client.device_s)
        client.place.release()
        if job.has_field:
            self._arrays.append(costs.arrays_s)
        read = client.request.manner == "never reads"  # by its events
        ends = self.now if read else self._help(costs.encode_s, self.now)
        self._at(ends, partial(self._answered, client))

    def _answered(self, client: Client) -> None:
        if client.ended:
            return
        client.ended = True
        end: End = "complete" if client.job.complete else "partial"
        self._answer(client.request, end, 200, self.now, job=client.job)

    def _answer(
        self,
        request: Request,
        end: End,
        status: int,
        at: float | None,
        retry_after_s: float | None = None,
        job: Job | None = None,
    ) -> None:
        self.outcomes[request.index] = Outcome(
            request,
            end,
            status,
            answer_s=None if at is None else at - request.at_s,
            retry_after_s=retry_after_s,
            passes=job.passes_done if job else 0,
            tiles=job.tiles if job else 0,
        )

    # --- the worker ---------------------------------------------------------------------------

    def _turn(self) -> None:
        """Whatever is next: a turn of the device, or an event."""
        self._happen()
        decision = self.scheduler.next(self.now)
        if decision is None:
            if self._arrays:
                self._arrays_turn()
            elif self._events:
                idle = self._events[0][0] - self.now
                self.now += min(idle, QUANTUM_S) if len(self.scheduler) else idle
            elif len(self.scheduler):
                self.now += QUANTUM_S
            return
        if isinstance(decision, Batch):
            self._solve(decision.shares)
        elif isinstance(decision, Step):
            self._step(decision.job)
        else:
            self._conclude(decision.job)
        if self._arrays:
            self._arrays_turn()

    def _solve(self, shares: Sequence[tuple[Client, int]]) -> None:
        spent = [(client, count * client.job.parts[0].each_s) for client, count in shares]
        for client, _ in shares:
            self._start(client)
        slower = self._pass_time(sum(seconds for _, seconds in spent), self.costs.lanes)
        for (client, count), (_, seconds) in zip(shares, spent, strict=True):
            client.job.solved(count)
            client.place.progress(client.job.share_done)
            self._took(client, seconds * slower)

    def _step(self, client: Client) -> None:
        self._start(client)
        offer = client.job.offer
        assert isinstance(offer, Alone)
        part_s = min(client.job.parts[0].left_s, offer.seconds)
        seconds = min(part_s, QUANTUM_S) if offer.seconds > LONG_S else part_s
        slower = self._pass_time(seconds, 1)
        client.job.worked(seconds)
        self._took(client, seconds * slower)

    def _conclude(self, client: Client) -> None:
        self._start(client)
        left_s = client.job.conclude_s() - client.concluded_s
        seconds = min(left_s, QUANTUM_S) if left_s > LONG_S else left_s
        within_s = max(0.0, client.deadline - self.now)
        slower = self._pass_time(min(seconds, max(within_s, 0.002)), 1)
        client.concluded_s += seconds
        self.scheduler.spent(client, seconds * slower)
        if client.gone:
            return
        if seconds >= left_s or self.now >= client.deadline:
            self._finished(client)

    def _start(self, client: Client) -> None:
        if client.started is None:
            client.started = self.now

    def _took(self, client: Client, seconds: float) -> None:
        client.device_s += seconds
        if client.gone:
            return
        self.scheduler.spent(client, seconds)
        expected_s = self.scheduler.expected_s(client, self.now)
        self.scheduler.update(client, client.job.forecast(expected_s))

    def _arrays_turn(self) -> None:
        """Some of the arrays of a job that was answered: between two turns of others."""
        # Jobs with deadlines have most of the device meanwhile.
        part = 1 + JOBS_PART if len(self.scheduler) else 1
        seconds = min(self._arrays[0], QUANTUM_S / part)
        self._arrays[0] -= seconds
        if self._arrays[0] <= 1e-9:
            self._arrays.pop(0)
        self._pass_time(seconds, 1)

    def _pass_time(self, seconds: float, lanes: int) -> float:
        """Let the device work, and all happen that happens meanwhile; how many times as long."""
        self._helping = [end for end in self._helping if end > self.now]
        slower = max(1.0, (lanes + len(self._helping)) / self.costs.cores)
        until = self.now + seconds * slower
        self.device_s += seconds * slower
        while self._events and self._events[0][0] <= until:
            self._next_event()
        self.now = until
        return slower

    # --- the clock ----------------------------------------------------------------------------

    def _at(self, moment: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), call))

    def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            self._next_event()

    def _next_event(self) -> None:
        moment, _, call = heapq.heappop(self._events)
        self.now = max(self.now, moment)
        call()
