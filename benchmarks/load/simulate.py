"""The same requests without a device: the service's admission and the workers' schedulers as they
are, a clock that jumps from event to event, and costs that were measured beforehand.

One worker shares the service's cores, as `itten serve` has it; several have machines of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.load.arrivals import Request
from benchmarks.load.costs import Costs
from benchmarks.load.device import Client, Device
from benchmarks.load.machine import Clock, Machine
from benchmarks.load.model import Job
from benchmarks.load.outcome import End, Outcome
from service.jobs.admission import Admission, Work
from service.jobs.deadlines import MARGIN_S
from service.problems import Busy
from service.settings import Settings
from worker.engine import SEND_S_PER_BYTE, WAKE_S

DECODERS = 2
CHANNELS = 3


@dataclass
class Simulation:
    """Runs to the end when called once.

    Attributes:
        workers: how many.
        apart: whether each has a machine of its own, beside the service's.
    """

    costs: Costs
    workers: int = 1
    apart: bool = False
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.admission = Admission(Settings().max_queue)
        self.machine = Machine(self.costs.cores)
        self.devices = {f"worker {number + 1}": self._device() for number in range(self.workers)}
        self._ready = dict.fromkeys(self.devices, self.costs.hello)
        self._decoders = [0.0] * DECODERS  # when each is free

    def run(self, plan: Sequence[Request]) -> list[Outcome]:
        """What becomes of every request, in their order."""
        for request in plan:
            self.clock.at(request.at_s, partial(self._arrives, request))
        self.clock.run()
        return [self.outcomes[request.index] for request in plan]

    def _device(self) -> Device:
        machine = Machine(self.costs.cores) if self.apart else self.machine
        return Device(self.costs, self.clock, machine, self._finished)

    def _arrives(self, request: Request) -> None:
        now = self.clock.now
        costs, deadline = self.costs.sides[request.side], now + request.deadline_s
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
            place = self.admission.reserve(work, self._ready, now)
        except Busy as busy:
            self._answer(request, "refused", 503, now, retry_after_s=busy.retry_after)
            return
        client = Client(request, Job(request, self.costs), place, by)
        if request.hangs_up_s is not None:
            self.clock.at(now + request.hangs_up_s, partial(self._hangs_up, client))
        self.clock.at(self._decoded(costs.before_s), partial(self._submit, client))

    def _decoded(self, seconds: float) -> float:
        """When a picture that comes now is decoded."""
        first = min(range(DECODERS), key=self._decoders.__getitem__)
        begins = max(self.clock.now, self._decoders[first])
        self._decoders[first] = self._help(seconds, begins)
        return self._decoders[first]

    def _help(self, seconds: float, begins: float) -> float:
        """When work of the service that begins then has ended."""
        here = [each.lanes for each in self.devices.values() if each.machine is self.machine]
        return self.machine.help(seconds, begins, sum(here))

    def _submit(self, client: Client) -> None:
        if client.gone:
            return
        sent = client.request.side**2 * CHANNELS
        client.deadline = max(self.clock.now, client.by) - sent * SEND_S_PER_BYTE - WAKE_S
        self.devices[client.place.worker].add(client)

    def _hangs_up(self, client: Client) -> None:
        if client.ended:
            return
        client.gone = client.ended = True
        self.devices[client.place.worker].remove(client)
        client.place.release()
        self._answer(client.request, "hung up", 0, None)

    def _finished(self, client: Client) -> None:
        """Its worker has answered."""
        if client.job.complete:
            client.place.learn(client.device_s)
        client.place.release()
        read = client.request.manner == "never reads"  # by its events
        encode_s = self.costs.sides[client.request.side].encode_s
        ends = self.clock.now if read else self._help(encode_s, self.clock.now)
        self.clock.at(ends, partial(self._answered, client))

    def _answered(self, client: Client) -> None:
        if client.ended:
            return
        client.ended = True
        end: End = "complete" if client.job.complete else "partial"
        self._answer(client.request, end, 200, self.clock.now, job=client.job)

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
