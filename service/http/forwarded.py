"""Whose request it is: behind proxies, by what those that are trusted say of it.

Each proxy adds the address that it was called from at the end of `X-Forwarded-For`; what stands
before that may be anybody's invention. So the list is read from its end, for as long as it was a
trusted proxy that called. `Forwarded` (RFC 7239) is not read: no proxy sends it by itself, and of
two headers that say the same the one that is not set is the one that is forged.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from service.settings_values import Network

Address = IPv4Address | IPv6Address
Headers = Sequence[tuple[bytes, bytes]]  # names in lower case

MOST = 16  # entries that are looked at; there are no chains of so many proxies
_HEADER = b"x-forwarded-for"
_V6 = rb"[0-9A-Fa-f:.]{2,45}"
_ENTRY = re.compile(
    rb"(?P<v4>[0-9.]{7,15})(?::[0-9]{1,5})?|\[(?P<inner>%b)\](?::[0-9]{1,5})?|(?P<v6>%b)"
    % (_V6, _V6)
)


def caller(peer: str, headers: Headers, trusted: tuple[Network, ...]) -> str:
    """The last address of a chain that is no trusted proxy's, beginning with the peer's.

    Where a proxy says nothing, or what is no address, it is the caller itself.
    """
    here = _plain(peer)
    if here is None or not _is_among(here, trusted):
        return peer
    found = here
    for entry in _from_the_end(headers):
        said = _address(entry)
        if said is None:
            break
        found = said
        if not _is_among(said, trusted):
            break
    # An address of the proxy's own machine is not one of this machine, which has no rate.
    return str(here if found.is_loopback and not here.is_loopback else found)


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy says whom a request is from."""
    return any(name == _HEADER for name, _ in headers)


def _from_the_end(headers: Headers) -> Iterator[bytes]:
    values = [value for name, value in headers if name == _HEADER]
    return reversed(b",".join(values).rsplit(b",", MOST))


def _address(entry: bytes) -> Address | None:
    """The address of an entry, which may have a port; None for what is none."""
    match = _ENTRY.fullmatch(entry.strip(b" \t"))
    if match is None:
        return None
    return _plain((match["v4"] or match["inner"] or match["v6"]).decode())


def _plain(text: str) -> Address | None:
    """The address, of IPv4 also where it is written as one of IPv6."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_among(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in each for each in networks)
