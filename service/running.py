"""Everything that `itten serve` runs, in one tree of nurseries, from start to signal to end."""

import gc
import signal
from contextlib import suppress
from functools import partial

import structlog
import trio

from service import threads
from service.app import create_app
from service.http.limits import Limits, within
from service.http.serving import serve
from service.jobs.desk import Desk
from service.link.worker_link import WorkerLink
from service.open_files import raise_limit
from service.parts import open_parts
from service.settings import Settings

# Beyond the longest deadline. All has ended 3 s after it: closing connections takes up to 1 s, the
# worker up to 0.5 s.
GRACE_S = 1.0  # for answers to be sent
ARRAYS_S = 1.5  # for what follows an answer to be kept
_log = structlog.stdlib.get_logger("itten")


async def run_service(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; a second one ends it at once. Returns the exit status.

    Raises:
        StoreError: the data directory cannot be used.
        OSError: the address cannot be listened on.
        WorkerUnusable: in a group, when the worker cannot use the device asked for.
    """
    threads.prepare()
    status = 1  # unless the end is reached in good order
    shutdown = trio.Event()
    with trio.CancelScope() as everything:
        async with trio.open_nursery() as nursery:
            await nursery.start(_watch_signals, shutdown, everything)
            async with open_parts(settings) as desk:
                await _serve(settings, desk, shutdown)
            status = 0
            nursery.cancel_scope.cancel()
    return status


async def _serve(settings: Settings, desk: Desk, shutdown: trio.Event) -> None:
    patience = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_close_desk, desk, shutdown, patience)
        async with trio.open_nursery() as serving:
            urls = await serving.start(
                partial(
                    serve,
                    create_app(desk),
                    host=settings.host,
                    port=settings.port,
                    shutdown=shutdown,
                    grace_s=settings.max_deadline_s + GRACE_S,
                    max_body=settings.max_body_bytes,
                    limits=_limits(),
                    trusted=settings.trusted_proxies,
                )
            )
            nursery.start_soon(_announce, desk.link, urls)
        with patience:
            await desk.drain()
        nursery.cancel_scope.cancel()


def _limits() -> Limits:
    files = raise_limit()
    limits = within(files)
    if limits.connections < Limits.connections:
        _log.warning(
            "few files may be open: raise the limit (ulimit -n, LimitNOFILE) to 1024 or more",
            files=files,
            connections=limits.connections,
        )
    return limits


async def _close_desk(desk: Desk, shutdown: trio.Event, patience: trio.CancelScope) -> None:
    await shutdown.wait()
    desk.closing = True
    patience.deadline = trio.current_time() + desk.settings.max_deadline_s + ARRAYS_S


async def _announce(link: WorkerLink, urls: list[str]) -> None:
    # What is there now stays: looking through it again and again took the event loop 15 ms.
    gc.freeze()
    _log.info("listening; the worker is warming up", urls=urls)
    await link.wait_ready()
    with suppress(OSError):  # whoever has started it may not listen
        for url in urls:
            print(f"Itten is ready at {url}", flush=True)


async def _watch_signals(
    shutdown: trio.Event,
    everything: trio.CancelScope,
    task_status: trio.TaskStatus[None],
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            if shutdown.is_set():
                everything.cancel()
            _log.info("stopping", signal=signal.Signals(number).name)
            shutdown.set()
