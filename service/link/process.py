"""How a worker is reached: spawned as a child over a socketpair, or connected to."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import trio

import worker.wire
from worker.wire.address import Address, UnixAddress

EX_CONFIG = 78  # the worker's exit status for a device that does not work here
LEAVES_S = 0.5  # for a worker whose connection was closed, before SIGKILL
NICE = 5  # it uses all cores, and whoever answers clients must not wait for one

# Opens a connection to a worker, and on the way out ends what it opened.
Opener = Callable[[], AbstractAsyncContextManager[trio.abc.Stream]]


class WorkerUnusable(Exception):
    """The worker cannot work with these settings; it has said why on stderr."""


def worker_command(device: str, threads: int | None) -> list[str]:
    """Return the command line of a worker, without the `--fd N` that is added to it."""
    # -P: a `worker` in the user's working directory is not ours.
    command = [sys.executable, "-P", "-m", "worker", "--device", device]
    return command if threads is None else [*command, "--threads", str(threads)]


@asynccontextmanager
async def spawned(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[trio.abc.Stream]:
    """Run `command --fd N` as a child; it ends with the context, by force if need be.

    `environment` is what it has besides ours.

    Raises:
        WorkerUnusable: on the way out, when the child has said that trying again is no use.
    """
    ours, theirs = socket.socketpair()
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    try:
        with theirs:
            process = await _open_process(command, theirs.fileno(), environment or {})
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    try:
        try:
            yield stream
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)
                await _end(process)
    except Exception as error:
        if process.returncode == EX_CONFIG:
            raise WorkerUnusable("the worker cannot use the device asked for") from error
        raise


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[trio.abc.Stream]:
    """Connect to a worker that stands by itself.

    Raises:
        OSError: when nobody listens there.
    """
    if isinstance(address, UnixAddress):
        stream = await trio.open_unix_socket(address.path)
    else:
        stream = await trio.open_tcp_stream(address.host, address.port)
        # A worker whose machine vanished never closes its connection.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    try:
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


async def _open_process(
    command: Sequence[str], fd: int, environment: Mapping[str, str]
) -> trio.Process:
    packages = str(Path(next(iter(worker.wire.__path__))).parents[1])
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH")]))
    process = await trio.lowlevel.open_process(
        [*command, "--fd", str(fd)],
        pass_fds=[fd],
        stdin=subprocess.DEVNULL,
        stdout=2,  # ours may carry a result: `itten shade -o -`
        env={**os.environ, **environment, "PYTHONPATH": path},
    )
    with suppress(OSError):  # not for this user, or it is gone already
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    return process


async def _end(process: trio.Process) -> None:
    with trio.move_on_after(LEAVES_S):
        await process.wait()
    if process.poll() is None:
        process.kill()
    await process.wait()
