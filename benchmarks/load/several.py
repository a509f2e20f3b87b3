"""Several workers by simulation: what becomes of requests, who is busy, where placement loses."""

from dataclasses import dataclass

from benchmarks.load.arrivals import requests
from benchmarks.load.costs import SEED, Costs
from benchmarks.load.simulate import Simulation
from benchmarks.load.summary import Figures, figures
from service.jobs.admission import Admission, Place, Workers

SECONDS = 300.0  # of requests
LOOK_S = 0.1
PLACES = 32  # of one worker


class InTurn(Admission):
    """Workers in turn, whatever they have to do: what placement is compared with."""

    turn = 0

    def seat(self, place: Place, ready: Workers, now: float) -> float:
        """With the next one."""
        self.turn += 1
        name = list(ready)[self.turn % len(ready)]
        return super().seat(place, {name: ready[name]}, now)


@dataclass(frozen=True)
class Found:
    """What a simulation came to.

    Attributes:
        uses: of the time, that each worker was busy.
        beside: of the workers' time, idle while another one had a second job.
        service: of the time, that the cores of the service decoded and encoded.
    """

    figures: Figures
    uses: list[float]
    beside: float
    service: float


@dataclass
class Look:
    """Counts, now and then, who is idle while another one has more than a job."""

    simulation: Simulation
    until: float
    looks: int = 0
    beside: int = 0  # workers, over all looks

    def now(self) -> None:
        """Look, and again a little later."""
        jobs = [len(each.scheduler) for each in self.simulation.devices.values()]
        self.looks += 1
        self.beside += min(jobs.count(0), sum(max(0, each - 1) for each in jobs))
        clock = self.simulation.clock
        if clock.now + LOOK_S < self.until:
            clock.at(clock.now + LOOK_S, self.now)


def found(costs: Costs, workers: int, rate: float, admission: type[Admission] = Admission) -> Found:
    """Simulate some minutes at this rate."""
    simulation = Simulation(costs, workers, apart=True)
    simulation.admission = admission(PLACES * workers)
    look = Look(simulation, SECONDS)
    simulation.clock.at(0.0, look.now)
    outcomes = simulation.run(requests(SEED, rate, SECONDS))
    span_s, devices = simulation.clock.now, simulation.devices.values()
    return Found(
        figures(outcomes),
        [each.busy_s / span_s for each in devices],
        look.beside / (look.looks * workers),
        simulation.machine.busy_s / (costs.cores * span_s),
    )
