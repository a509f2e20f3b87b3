"""What the processes beside the service have done: the workers, and the decoders."""

from collections.abc import Iterable, Iterator

import msgspec
import trio
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.jobs.admission import Admission
from service.link.worker_link import WorkerLink
from service.pictures.images import Decoders

_COUNTS = {
    "turns": "Turns of the device.",
    "overruns": "Turns that took more than twice a quantum, thus over 0.1 s.",
    "busy_seconds": "Seconds of turns.",
    "batches": "Batches of tiles.",
    "batch_jobs": "Jobs in all batches together.",
    "batch_tiles": "Tiles in all batches together.",
    "batch_room": "Tiles that the batches had room for.",
    "tiles": "Tiles that converged, or were called degenerate.",
    "iterations": "Iterations of those tiles.",
}


class ProcessMetrics(Collector):
    """Read when somebody looks; what only a worker knows is at most a second old."""

    def __init__(self, link: WorkerLink, decoders: Decoders, admission: Admission) -> None:
        self._link, self._decoders, self._admission = link, decoders, admission

    def collect(self) -> Iterable[Metric]:
        """The metrics now."""
        yield from self._counts()
        yield from self._placed()
        yield self._memory()
        failures = CounterMetricFamily(
            "itten_decoder_failures", "Processes that an image has cost.", labels=["reason"]
        )
        for reason, count in self._decoders.failures.items():
            failures.add_metric([reason], count)
        yield failures

    def _counts(self) -> Iterator[Metric]:
        lost = CounterMetricFamily(
            "itten_worker_restarts", "Times that a worker was lost or not there.", labels=["worker"]
        )
        totals = {peer.name: msgspec.structs.asdict(peer.meter.total) for peer in self._link.peers}
        for peer in self._link.peers:
            lost.add_metric([peer.name], peer.meter.lost)
        yield lost
        for field, about in _COUNTS.items():
            counts = CounterMetricFamily(f"itten_worker_{field}", about, labels=["worker"])
            for worker, total in totals.items():
                counts.add_metric([worker], total[field])
            yield counts

    def _placed(self) -> Iterator[Metric]:
        of = {
            "up": GaugeMetricFamily("itten_worker_up", "Whether it takes jobs.", labels=["worker"]),
            "jobs": GaugeMetricFamily(
                "itten_worker_jobs", "Jobs that it was given.", labels=["worker"]
            ),
            "queued": GaugeMetricFamily(
                "itten_worker_queued_seconds", "Seconds that they may take.", labels=["worker"]
            ),
        }
        now = trio.current_time()
        for peer in self._link.peers:
            of["up"].add_metric([peer.name], peer.hello is not None)
            of["jobs"].add_metric([peer.name], peer.load)
            of["queued"].add_metric([peer.name], self._admission.queued_s(peer.name, now))
        yield from of.values()

    def _memory(self) -> Metric:
        memory = GaugeMetricFamily(
            "itten_worker_memory_bytes",
            "Memory of the process, and what it has taken of its CUDA device.",
            labels=["worker", "of"],
        )
        for peer in self._link.peers:
            if (now := peer.meter.now) is not None:
                memory.add_metric([peer.name, "process"], now.resident_bytes)
                if now.device_bytes is not None:
                    memory.add_metric([peer.name, "device"], now.device_bytes)
        return memory
