"""Readers of single settings: text in, value out, or a `SettingsError` that says what to change.

The message completes a sentence that starts with the variable's name.
"""

import math
import os
import re
import stat
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from service.access.keys import KeysError, read_keys
from service.problems import echo
from worker.wire.address import Address, TcpAddress, UnixAddress, parse_address

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_WORKER = re.compile(rf"unix:/[^\x00,]{{1,107}}|tcp://{_HOST}:(?P<port>[0-9]{{1,5}})")
_ORIGIN = re.compile(rf"https?://{_HOST}(?::(?P<port>[0-9]{{1,5}}))?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """A setting cannot be used; the text names the variable and says what to change."""


def one_of(*names: str) -> Callable[[str], str]:
    """One of a few words, in any case."""

    def read(text: str) -> str:
        if text.lower() not in names:
            raise SettingsError(f"is {echo(text)}; set it to one of {', '.join(names)}")
        return text.lower()

    return read


def number(above: float, most: float) -> Callable[[str], float]:
    """A finite number, more than `above` and at most `most`."""

    def read(text: str) -> float:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not above < value <= most:
            raise SettingsError(
                f"is {echo(text)}; set it to a number above {above:g}, at most {most:g}"
            )
        return value

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number in a range; `50e6` is one too."""

    def read(text: str) -> int:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not (least <= value <= most and value.is_integer()):
            raise SettingsError(f"is {echo(text)}; set it to a whole number {least} to {most}")
        return int(value)

    return read


def host(text: str) -> str:
    """A name or address to listen on, without a port."""
    if not re.fullmatch(_HOST, text) and not re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text):
        raise SettingsError(f"is {echo(text)}; set it to an address such as 127.0.0.1 or 0.0.0.0")
    return text.strip("[]")


def directory(text: str) -> Path:
    """A path, made absolute; `~` is the home directory."""
    if "\0" in text:
        raise SettingsError("holds a zero byte; set it to a directory")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # a container's user without a home
        raise SettingsError("cannot be placed: no home directory; set it to a directory") from error


def keys_file(text: str) -> Path:
    """A file of keys, which is looked into."""
    path = directory(text)
    try:
        read_keys(path)
    except KeysError as error:
        raise SettingsError(
            f"is {echo(text)}: {error}; set it to a file of lines that `itten key new` prints"
        ) from error
    return path


def exposed(path: Path) -> int:
    """The permissions of a file that others may read or change, else 0."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
    return mode if mode & 0o077 else 0


def workers(text: str) -> tuple[str, ...]:
    """Addresses of workers, by comma; each is another one's."""
    form = "unix:/path/to.sock or tcp://host:port, separated by commas"
    found: dict[Address, str] = {}
    for part in _parts(text):
        address = _plain(parse_address(_matching(_WORKER, part, form)))
        if address in found:
            both = f"{echo(found[address])} and {echo(part)}"
            raise SettingsError(f"names one worker twice, as {both}; write it once")
        found[address] = part
    return tuple(found.values())


def origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them, by comma."""
    form = "https://host or https://host:port without a path, separated by commas"
    return tuple(_matching(_ORIGIN, part, form).lower() for part in _parts(text))


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks of proxies, by comma; not one that everybody is in."""
    return tuple(dict.fromkeys(_network(part) for part in _parts(text)))


def _network(text: str) -> Network:
    form = "write addresses or networks such as 127.0.0.1, 10.1.2.0/24 or fd00::/8, by comma"
    try:
        found = ip_network(text)
    except ValueError as error:
        raise SettingsError(f"contains {echo(text)}; {form}") from error
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped:
        raise SettingsError(f"contains {echo(text)}, which is one of IPv4; write it as such")
    if not found.prefixlen:
        raise SettingsError(f"contains {echo(text)}, which everybody is in; {form}")
    return found


def _plain(address: Address) -> Address:
    """The same for what is the same however it is written; names are not looked up."""
    if isinstance(address, TcpAddress):
        return TcpAddress(address.host.lower(), address.port)
    return UnixAddress(os.path.normpath(address.path))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _matching(pattern: re.Pattern[str], text: str, form: str) -> str:
    match = pattern.fullmatch(text)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise SettingsError(f"contains {echo(text)}; write {form}")
    return text
