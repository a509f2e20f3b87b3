"""Settings that do nothing, or undo each other: told at start, and no reason not to start."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.settings import Settings

_BYTES = 2 * 3  # of a pixel that was sent, and of one that comes back


def contradictions(settings: "Settings") -> Iterator[str]:
    """What an operator has set to no effect, and what to do about it."""
    if settings.workers and (settings.device != "auto" or settings.threads is not None):
        yield (
            "ITTEN_DEVICE and ITTEN_THREADS are of a worker that is started here, and with "
            "ITTEN_WORKERS there is none; give them to `itten worker`"
        )
    proxies = settings.trusted_proxies
    if proxies and is_loopback(settings.host) and not any(each.is_loopback for each in proxies):
        yield (
            f"no proxy of ITTEN_TRUSTED_PROXIES can reach {settings.host}; set ITTEN_HOST to an "
            "address that they can, or name 127.0.0.1 if one is on this machine"
        )
    if settings.keep_bytes < _BYTES * settings.pixel_limit("cpu"):
        yield (
            "ITTEN_KEEP_GB is too little for one picture of ITTEN_MAX_PIXELS: its job is gone "
            "as soon as it has ended; set it to more"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
