"""Where a worker listens: `unix:/path` or `tcp://host:port`."""

import re
from dataclasses import dataclass

_TCP = re.compile(r"tcp://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class UnixAddress:
    """A socket in the file system."""

    path: str


@dataclass(frozen=True)
class TcpAddress:
    """A host name or IP address, and a port."""

    host: str
    port: int


Address = UnixAddress | TcpAddress


def parse_address(text: str) -> Address:
    """Read `unix:/path` or `tcp://host:port`; ValueError says what was expected."""
    if text.startswith("unix:") and len(text) > len("unix:"):
        return UnixAddress(text.removeprefix("unix:"))
    match = _TCP.fullmatch(text)
    if match and 0 < int(match["port"]) < 65536:
        return TcpAddress(match["six"] or match["host"], int(match["port"]))
    raise ValueError(f"{text!r} is no worker address; write unix:/path or tcp://host:port")
