"""The worker as a process: signals, sockets, and how it ends. No torch here.

A child is handed its socket by the service and ends with it; a worker that stands by itself
listens, and serves one service after another, or several.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from types import FrameType

import structlog
import trio

from worker.engine import DeviceLost, Engine
from worker.listening import open_listeners
from worker.server import serve
from worker.wire import logs
from worker.wire.address import Address
from worker.wire.messages import Hello

LAST_STEP_S = 2.0  # for the thread to come back from the device after the service has gone
SWITCH_INTERVAL_S = 0.0005  # the compute thread holds the loop up for no longer; default 0.005
log = structlog.get_logger()


def prepare_process(*, is_child: bool) -> None:
    """Log to stderr, and settle what signals do; call before anything slow."""
    logs.configure(_word("ITTEN_LOG_FORMAT"), _word("ITTEN_LOG_LEVEL"), process="worker")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Ctrl-C in a terminal and a service manager's stop reach every process; a child is still needed
    # then for what its service has to answer, and ends with it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN if is_child else _leave)


def run_child(fd: int, engine: Engine, hello: Hello) -> int:
    """Serve the parent over the inherited socket `fd` until it hangs up; return the exit status."""
    sock = socket.socket(fileno=fd)
    sock.set_inheritable(False)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.run)
            stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
            await serve(stream, engine, hello)
            _leave_at_last()
            nursery.cancel_scope.cancel()

    return _run(main)


def run_listening(addresses: list[Address], engine: Engine, hello: Hello) -> int:
    """Serve whoever connects, until told to stop; return the exit status."""

    async def main() -> None:
        listeners = await open_listeners(addresses)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.run)
            for listener in listeners:
                nursery.start_soon(trio.serve_listeners, handle, [listener])
            log.info("the worker is ready", device=hello.device, addresses=addresses)

    async def handle(stream: trio.SocketStream) -> None:
        await serve(stream, engine, hello)

    return _run(main)


def _word(variable: str) -> str:
    return os.environ.get(variable, "").strip().lower()


def _run(main: Callable[[], Awaitable[None]]) -> int:
    status = 0
    try:
        trio.run(main)
    except* DeviceLost:
        print("itten worker: the device answers no more", file=sys.stderr)
        status = 1
    return status


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # There is nothing to save: the service notices, and runs the jobs again or answers them.
    os._exit(0)


def _leave_at_last() -> None:
    """End the process even if the device never gives the thread back."""
    timer = threading.Timer(LAST_STEP_S, os._exit, (1,))
    timer.daemon = True
    timer.start()
