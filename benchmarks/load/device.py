"""A worker without a device: its scheduler as it is, and turns that take what was measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.load.arrivals import Request
from benchmarks.load.costs import Costs
from benchmarks.load.machine import Clock, Machine
from benchmarks.load.model import Job
from service.jobs.admission import Place
from worker.engine import MOST_PIXELS
from worker.runs import Alone
from worker.scheduler import LONG_S, QUANTUM_S, Batch, Scheduler, Step
from worker.sending import JOBS_PART


@dataclass(eq=False)
class Client:
    """A request on its way."""

    request: Request
    job: Job
    place: Place
    by: float  # when the worker must have answered
    deadline: float = 0.0  # for concluding to be over
    concluded_s: float = 0.0  # that concluding has taken so far
    device_s: float = 0.0
    gone: bool = False
    ended: bool = False


class Device:
    """Works on the jobs of its scheduler, a turn after the other."""

    def __init__(
        self, costs: Costs, clock: Clock, machine: Machine, finished: Callable[[Client], None]
    ) -> None:
        self.scheduler: Scheduler[Client] = Scheduler(MOST_PIXELS["cpu"])
        self.machine = machine
        self.busy_s = 0.0
        self._costs, self._clock, self._finished = costs, clock, finished
        self._arrays: list[float] = []  # seconds of the device, after answers
        self._awake = False

    def add(self, client: Client) -> None:
        """Take a job."""
        request = client.request
        size = request.side**2 + request.source_side**2
        self.scheduler.add(client, client.deadline, client.job.forecast(None), size)
        self._wake()

    def remove(self, client: Client) -> None:
        """Forget a job whose client has left."""
        self.scheduler.remove(client)

    @property
    def lanes(self) -> int:
        """Cores that it keeps busy now."""
        return self._costs.lanes if len(self.scheduler) else 0

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._clock.at(self._clock.now, self._turn)

    def _turn(self) -> None:
        decision = self.scheduler.next(self._clock.now)
        if isinstance(decision, Batch):
            self._solve(decision.shares)
        elif isinstance(decision, Step):
            self._step(decision.job)
        elif decision is not None:
            self._conclude(decision.job)
        elif self._arrays:
            self._send_arrays()
        elif len(self.scheduler):
            self._clock.at(self._clock.now + QUANTUM_S, self._turn)
        else:
            self._awake = False

    def _solve(self, shares: Sequence[tuple[Client, int]]) -> None:
        spent = [(client, count * client.job.parts[0].each_s) for client, count in shares]

        def solved(slower: float) -> None:
            for (client, count), (_, seconds) in zip(shares, spent, strict=True):
                client.job.solved(count)
                client.place.progress(client.job.share_done)
                self._took(client, seconds * slower)

        self._pass(sum(seconds for _, seconds in spent), self._costs.lanes, solved)

    def _step(self, client: Client) -> None:
        offer = client.job.offer
        assert isinstance(offer, Alone)
        part_s = min(client.job.parts[0].left_s, offer.seconds)
        seconds = min(part_s, QUANTUM_S) if offer.seconds > LONG_S else part_s

        def worked(slower: float) -> None:
            client.job.worked(seconds)
            self._took(client, seconds * slower)

        self._pass(seconds, 1, worked)

    def _conclude(self, client: Client) -> None:
        left_s = client.job.conclude_s() - client.concluded_s
        seconds = min(left_s, QUANTUM_S) if left_s > LONG_S else left_s
        within_s = max(0.0, client.deadline - self._clock.now)

        def concluded(slower: float) -> None:
            client.concluded_s += seconds
            self.scheduler.spent(client, seconds * slower)
            if not client.gone and (seconds >= left_s or self._clock.now >= client.deadline):
                self._end(client)

        self._pass(min(seconds, max(within_s, 0.002)), 1, concluded)

    def _end(self, client: Client) -> None:
        self.scheduler.remove(client)
        client.job.concluded()
        if client.job.has_field:
            self._arrays.append(self._costs.sides[client.request.side].arrays_s)
        self._finished(client)

    def _took(self, client: Client, seconds: float) -> None:
        client.device_s += seconds
        if client.gone:
            return
        self.scheduler.spent(client, seconds)
        expected_s = self.scheduler.expected_s(client, self._clock.now)
        self.scheduler.update(client, client.job.forecast(expected_s))

    def _send_arrays(self) -> None:
        """Some of the arrays of a job that was answered: between two turns of others."""
        # Jobs with deadlines have most of the device meanwhile.
        part = 1 + JOBS_PART if len(self.scheduler) else 1
        seconds = min(self._arrays[0], QUANTUM_S / part)

        def sent(_: float) -> None:
            self._arrays[0] -= seconds
            if self._arrays[0] <= 1e-9:
                self._arrays.pop(0)

        self._pass(seconds, 1, sent, between=False)

    def _pass(
        self, seconds: float, lanes: int, then: Callable[[float], None], *, between: bool = True
    ) -> None:
        """Work for so long on idle cores, then say how many times as long it took."""
        slower = self.machine.slower(lanes, self._clock.now)
        self.busy_s += seconds * slower
        self._clock.at(
            self._clock.now + seconds * slower, partial(self._passed, then, slower, between)
        )

    def _passed(self, then: Callable[[float], None], slower: float, between: bool) -> None:
        then(slower)
        if between and self._arrays:
            self._send_arrays()
        else:
            self._turn()
