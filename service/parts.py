"""A desk with all that it needs, for the service and for a single command; nothing of HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import trio

from service.jobs.desk import Desk, open_desk
from service.jobs.store import Store
from service.link.worker_link import open_workers
from service.logs import worker_logs
from service.pictures.images import open_decoders
from service.pictures.prices import EncodePrices
from service.settings import Settings


@asynccontextmanager
async def open_parts(
    settings: Settings, worker_command: Sequence[str] | None = None
) -> AsyncIterator[Desk]:
    """Run workers, decoders, store and prices around a desk; `worker_command` is for tests.

    Raises:
        StoreError: the data directory cannot be used.
        WorkerUnusable: in a group, when the worker cannot use the device asked for.
    """
    store = await trio.to_thread.run_sync(partial(_open_store, settings))
    try:
        async with (
            open_workers(
                settings.workers,
                device=settings.device,
                threads=settings.threads,
                command=worker_command,
                environment=worker_logs(settings),
            ) as link,
            open_decoders(settings.pixel_limit("cpu")) as decoders,
        ):
            prices = await trio.to_thread.run_sync(EncodePrices.measured)
            async with open_desk(settings, link, decoders, store, prices) as desk:
                yield desk
    finally:
        store.close()


def _open_store(settings: Settings) -> Store:
    return Store(settings.data, keep_s=settings.keep_s, keep_bytes=settings.keep_bytes)
