"""The text that Prometheus reads, as far as the report needs it."""

import math
import re
from dataclasses import dataclass, field

_LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LE = re.compile(r'\ble="([^"]+)"')


@dataclass(frozen=True)
class Metrics:
    """Values by name; those that differ in labels only are added up, but buckets are kept."""

    values: dict[str, float] = field(default_factory=dict)
    buckets: dict[str, dict[float, float]] = field(default_factory=dict)

    def since(self, before: "Metrics", name: str) -> dict[float, float]:
        """How often a histogram counted up to each bound, since `before`."""
        earlier = before.buckets.get(name, {})
        found = self.buckets.get(name, {})
        return {bound: count - earlier.get(bound, 0.0) for bound, count in sorted(found.items())}


def parse(text: str) -> Metrics:
    """Read a page of metrics; what is no sample is passed over."""
    metrics = Metrics()
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, value = match["name"], float(match["value"])
        bound = _LE.search(match["labels"] or "")
        if name.endswith("_bucket") and bound is not None:
            counts = metrics.buckets.setdefault(name.removesuffix("_bucket"), {})
            counts[float(bound[1])] = counts.get(float(bound[1]), 0.0) + value
        else:
            metrics.values[name] = metrics.values.get(name, 0.0) + value
    return metrics


def quantile(counts: dict[float, float], share: float) -> float | None:
    """The upper bound of the bucket in which this share (0..1) is reached; None without counts."""
    total = max(counts.values(), default=0.0)
    if total <= 0:
        return None
    return next((b for b, count in sorted(counts.items()) if count >= share * total), math.inf)
