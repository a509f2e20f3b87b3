"""Everything that is counted. Gauges are read from what is there, so that none can be left over."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from service.jobs.jobs import Job, JobState
from service.metrics import loop_delay

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_DELAYS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # seconds
_NOTHING_PROVED = 1.0
_BOUNDS = (0.003, 0.01, 0.03, 0.1, 0.3, _NOTHING_PROVED)  # sines


class Metrics:
    """The counts of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # of the service: processor time, memory, files
        self._answers = Counter(
            "itten_http_answers", "Answers by status.", ["status"], registry=self._registry
        )
        self._ended = Counter(
            "itten_jobs_ended",
            "Jobs by how they ended.",
            ["kind", "state"],
            registry=self._registry,
        )
        self._device = Counter(
            "itten_device_seconds",
            "Seconds of the device that ended computations used.",
            ["part"],
            registry=self._registry,
        )
        self._bound = Histogram(
            "itten_angle_bound",
            "Bounds on the angle to the exact field with which jobs ended, over their tiles.",
            ["state", "of"],
            buckets=_BOUNDS,
            registry=self._registry,
        )
        self._delay = Histogram(
            "itten_event_loop_delay_seconds",
            "How late the event loop is, looked at every 10 ms.",
            buckets=_DELAYS,
            registry=self._registry,
        )

    def watch(self, gauges: Collector) -> None:
        """Ask for these gauges whenever somebody looks."""
        self._registry.register(gauges)

    def answered(self, status: int) -> None:
        """Count an answer."""
        self._answers.labels(str(status)).inc()

    def ended(self, job: Job) -> None:
        """Count a job that has ended."""
        self._ended.labels(job.kind, str(job.state)).inc()
        bounds = {"median": job.quality.angle_bound_median, "max": job.quality.angle_bound_max}
        for of, bound in bounds.items():
            if bound is None and job.state is JobState.PARTIAL:
                bound = _NOTHING_PROVED
            if bound is not None:
                self._bound.labels(str(job.state), of).observe(bound)

    def used(self, job: Job) -> None:
        """Count the seconds of a computation, of whose jobs this is one."""
        self._device.labels("field").inc(job.timings.field_s)
        self._device.labels("shade").inc(job.timings.shade_s)

    async def sample_loop(self) -> None:
        """Watch the event loop until cancelled."""
        await loop_delay.sample(self._delay.observe)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
