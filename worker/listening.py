"""Sockets for a worker that stands by itself."""

import socket
import stat
from collections.abc import Iterable
from pathlib import Path

import trio

from worker.wire.address import Address, UnixAddress


async def open_listeners(addresses: Iterable[Address]) -> list[trio.SocketListener]:
    """Listen on every address; a unix socket left over by a dead worker is replaced.

    Raises:
        OSError: when an address is taken or not ours.
    """
    listeners: list[trio.SocketListener] = []
    for address in addresses:
        if isinstance(address, UnixAddress):
            listeners.append(_unix_listener(address.path))
        else:
            listeners += await trio.open_tcp_listeners(address.port, host=address.host)
    for listener in listeners:
        # A service whose machine vanished is noticed; accepted sockets inherit the option.
        listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return listeners


def _unix_listener(path: str) -> trio.SocketListener:
    _remove_stale(Path(path))
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
        sock.listen()
        return trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    except BaseException:
        sock.close()
        raise


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more; anything else there is left alone."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
