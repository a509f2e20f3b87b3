"""How often somebody may call: a bucket of tokens each, that fills again at an even rate."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

MOST: Final = 10_000  # buckets; beyond that whoever has not called for longest starts anew


@dataclass
class _Bucket:
    tokens: float
    seen: float  # when it had so many


class Rates:
    """Buckets by name; the caller brings the time, in seconds."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst = per_s, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, now: float) -> float:
        """Take a token: 0 if there was one, else the seconds until there is one."""
        bucket = self._buckets.pop(name, None) or _Bucket(self._burst, now)
        self._buckets[name] = bucket
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        gained = (now - bucket.seen) * self._per_s
        bucket.tokens, bucket.seen = min(self._burst, bucket.tokens + gained), now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_s
        bucket.tokens -= 1
        return 0.0


def neighbourhood(address: str) -> str:
    """Whom an address stands for: of IPv6 one customer has 2**64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


def is_loopback(address: str) -> bool:
    """Whether a call comes from this machine."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
