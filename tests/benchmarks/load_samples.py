"""Costs and outcomes to try the load benchmark's arithmetic on."""

from benchmarks.load.arrivals import Kind, Request
from benchmarks.load.costs import Costs, SideCosts
from benchmarks.load.outcome import End, Outcome
from worker.wire.messages import Hello

SMALL = SideCosts(
    first_s=0.1,
    later_s=0.08,
    outline_s=0.1,
    shade_s=0.02,
    conclude_s=0.01,
    coloured_s=0.02,
    before_s=0.005,
    encode_s=0.005,
    arrays_s=0.01,
)
HELLO = Hello(
    device="cpu",
    device_name="CPU",
    warning=None,
    shade_s_per_mp=0.3,
    field_s_per_mp=1.5,
    coarse_s_per_mp=0.5,
)


def costs(cores: int = 8) -> Costs:
    """Of 256, 512 and 1024 pixels a side, on so many cores."""
    sides = {side: SMALL.times((side / 256) ** 2) for side in (256, 512, 1024)}
    return Costs(sides, {256: 0.1, 512: 0.4}, HELLO, cores)


def request(
    index: int = 0,
    at_s: float = 0.0,
    *,
    kind: Kind = "self",
    side: int = 256,
    passes: int = 2,
    deadline_s: float = 10.0,
    hangs_up_s: float | None = None,
) -> Request:
    return Request(index, at_s, kind, side, passes, deadline_s, hangs_up_s=hangs_up_s)


def outcome(
    end: End, answer_s: float | None, *, deadline_s: float = 5.0, passes: int = 2
) -> Outcome:
    return Outcome(request(deadline_s=deadline_s), end, 200, answer_s, passes=passes)
