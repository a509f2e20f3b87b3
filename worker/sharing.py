"""What a job can expect of a device that is shared equally by all that have work; pure."""

from collections.abc import Iterable, Sequence

from worker.reserves import Reserve


def expected_s(own: Reserve, others: Iterable[Reserve], now: float) -> float:
    """Seconds of the device for one job until it must begin to conclude; >= 0."""
    left_s, wants = own.laxity_s(now), []
    for other in others:
        if other.deadline <= own.deadline:
            left_s -= other.forecast.conclude_s
        if other.begun:
            wants.append(_wanted_s(other, own.deadline, now))
    return max(own.granted_s, _equal_part(max(0.0, left_s), sorted(wants)))


def eta_s(own: Reserve, others: Iterable[Reserve], now: float) -> float:
    """Seconds until one job will be over, at its deadline at the latest; >= 0."""
    takes_s = own.forecast.conclude_s + (0.0 if own.ending else own.forecast.work_s)
    takes_s += sum(min(takes_s, _wanted_s(each, now, now)) for each in others if each.begun)
    return max(0.0, min(own.deadline - now, takes_s))


def _wanted_s(other: Reserve, until: float, now: float) -> float:
    """Seconds of the device that a job takes, if it gets them, but for conclusions by `until`."""
    if other.ending:
        return other.forecast.conclude_s if other.deadline > until else 0.0
    return min(other.forecast.work_s, max(0.0, other.laxity_s(now)))


def _equal_part(seconds: float, wants: Sequence[float]) -> float:
    """One's part of `seconds` beside others that want so much, ascending, and no more."""
    for served, want_s in enumerate(wants):
        sharing = len(wants) - served + 1
        if want_s * sharing >= seconds:
            return seconds / sharing
        seconds -= want_s
    return seconds
