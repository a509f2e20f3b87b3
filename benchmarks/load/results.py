"""All that a run of the benchmark has found, and its form as JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.load.costs import Costs
from benchmarks.load.metrics import quantile as bucket
from benchmarks.load.outcome import Outcome
from benchmarks.load.scenes import Behind, Throughput
from benchmarks.load.summary import Figures, differences, figures, quantile
from benchmarks.load.watch import Watch

LOOP_DELAY = "itten_event_loop_delay_seconds"
DEVICE = "itten_device_seconds_total"


@dataclass(frozen=True)
class Load:
    """One load: so many times the capacity, for so long."""

    times: float
    rate: float  # requests a second
    measured: list[Outcome]
    simulated: list[Outcome]
    watch: Watch

    @property
    def figures(self) -> Figures:
        """Of the measurement."""
        return figures(self.measured)

    @property
    def expected(self) -> Figures:
        """Of the simulation."""
        return figures(self.simulated)

    @property
    def differences(self) -> dict[str, float]:
        """How far the simulation is off."""
        return differences(self.figures, self.expected)

    def loop_delay_s(self, share: float) -> float | None:
        """The service's event loop was late by no more, in this share of the looks."""
        return bucket(self.watch.after.since(self.watch.before, LOOP_DELAY), share)

    @property
    def device_share(self) -> float | None:
        """Of the time, that ended jobs had the device."""
        before, after = self.watch.before.values, self.watch.after.values
        if DEVICE not in after:
            return None
        return (after[DEVICE] - before.get(DEVICE, 0.0)) / self.watch.seconds


@dataclass(frozen=True)
class Results:
    """Of a whole run."""

    machine: str
    seed: int
    seconds: float  # of a load
    costs: Costs
    capacity: float  # requests a second
    loads: list[Load]
    throughput: list[Throughput]
    behind: Behind | None

    @property
    def difference(self) -> float:
        """The mean over loads and figures of how far the simulation is off."""
        all_of_them = [value for load in self.loads for value in load.differences.values()]
        return sum(all_of_them) / max(1, len(all_of_them))


def as_json(results: Results) -> str:
    """Everything, one line a request."""
    known = asdict(results)
    for load, plain in zip(results.loads, known["loads"], strict=True):
        plain["watch"] = _watched(load.watch)
        plain["differences"] = load.differences
    return json.dumps(known, indent=1, default=str)


def _watched(watch: Watch) -> dict[str, Any]:
    return {
        "seconds": watch.seconds,
        "cores": {of: watch.cores(of) for of in ("service", "worker", "helpers", "harness")},
        "samples": [asdict(each) for each in watch.samples],
        "alive_s": {share: quantile(sorted(watch.alive_s), share) for share in (0.5, 0.99, 1.0)},
        "behind_s": {share: quantile(sorted(watch.behind_s), share) for share in (0.5, 0.99, 1.0)},
    }
