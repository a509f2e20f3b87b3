"""How things stand at the desk, read when somebody looks."""

from collections.abc import Iterable, Iterator

import trio
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from service.jobs.desk import Desk
from service.jobs.jobs import JobState


class DeskGauges(Collector):
    """Gauges of one desk; all but the last three are 0 when nothing is under way."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges now."""
        for name, about, value in self._values():
            yield GaugeMetricFamily(f"itten_{name}", about, value)
        factors = GaugeMetricFamily(
            "itten_estimate_correction", "How many times longer jobs take.", labels=["kind"]
        )
        for kind, correction in self._desk.admission.corrections.items():
            factors.add_metric([kind], correction.factor)
        yield factors

    def _values(self) -> Iterator[tuple[str, str, float]]:
        desk, now = self._desk, trio.current_time()
        live, places = desk.live.values(), desk.admission.places
        states = [each.record.state for each in live]
        yield "jobs_running", "Jobs that the worker works on.", states.count(JobState.RUNNING)
        yield "jobs_waiting", "Jobs that it has not begun.", states.count(JobState.QUEUED)
        yield "jobs_kept_open", "Jobs that are not over yet, or still being stored.", len(live)
        yield "places_taken", "Places that are taken, of ITTEN_MAX_QUEUE.", len(places)
        work_s = sum(each.left_s(now) for each in places)
        yield "work_seconds", "Seconds of the worker that they may still take.", work_s
        reserved_s = sum(each.reserved_s(now) for each in places)
        yield "reserved_seconds", "Seconds of it that are promised.", reserved_s
        joined = sum(max(0, len(each.members) - 1) for each in desk.computing)
        yield "jobs_joined", "Jobs that take part in the computation of another.", joined
        listeners = sum(each.broadcast.listeners for each in live)
        yield "listeners", "Clients that listen to jobs under way.", listeners
        yield "kept_bytes", "Bytes of pictures and fields, of ITTEN_KEEP_GB.", desk.store.kept_bytes
        yield "worker_ready", "Whether a worker takes jobs.", float(desk.link.ready)
