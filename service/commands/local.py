"""A job on this machine: the worker and the decoders of the service, and no server."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import trio

from service.client.documents import JobDocument
from service.commands.options import MAX_DEADLINE_S
from service.commands.task import Task
from service.commands.telling import document_file
from service.commands.work import Told
from service.commands.work_file import WorkFile
from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.live_job import LiveJob
from service.jobs.mailbox import PreviewPace
from service.jobs.orders import Order, Wanted
from service.jobs.reception import each_image
from service.logs import configure_logs
from service.parts import open_parts
from service.pictures.encode import Format
from service.problems import NoResultYet, NotFound, NotReady
from service.settings import PREFIX, Settings
from worker.wire.config import rgb

READY_S = 150.0  # for a worker on a cold disk
_WANTED: dict[str, Wanted] = {
    "png": "png",
    "webp": "webp",
    "jpg": "jpeg",
    "npz": "npz",
    "svg": "svg",
    "json": "document",
}


def local_settings(device: str | None) -> Settings:
    """Of a job on this machine, and its log: what an operator wants to know is left out.

    Raises:
        SettingsError: names what is wrong in the environment.
    """
    spoken = {} if device is None else {f"{PREFIX}DEVICE": device}
    settings = Settings.from_env({**os.environ, **spoken})
    settings = replace(settings, log_level="warning") if settings.log_level == "info" else settings
    configure_logs(settings)
    return settings


@asynccontextmanager
async def open_local(settings: Settings, task: Task) -> AsyncIterator["LocalWork"]:
    """Run worker and decoders around a job; nothing of it is kept.

    Raises:
        StoreError, OSError: there is no place for temporary files.
        WorkerUnusable: in a group, when the worker cannot use the device asked for.
    """
    with tempfile.TemporaryDirectory(prefix="itten-") as directory:
        apart = replace(settings, data=Path(directory), max_deadline_s=MAX_DEADLINE_S)
        async with open_parts(apart) as desk:
            order = replace(task.order, wanted=_WANTED[task.output.as_format])
            yield LocalWork(desk, order, task.work_file)


class LocalWork:
    """As `service.commands.work.Work`."""

    def __init__(self, desk: Desk, order: Order, work_file: WorkFile | None = None) -> None:
        self._desk, self._order, self._work_file = desk, order, work_file
        self._live: LiveJob | None = None

    async def run(self, told: Told) -> JobDocument:
        """Start the job and follow it to its end; it ends with the desk in any case."""
        told.say("waiting for the worker")
        await self._check_pictures()
        await self._wait_ready()
        live = await self._desk.accept(replace(self._order, arrived=trio.current_time()))
        live.shared.pace = _NoPreviews()
        self._live, record = live, live.record
        told.begin(record.deadline_s, record.progress.passes_total)
        with self._desk.listen(record) as mailbox:
            async for envelope in mailbox:
                await told.hear(envelope.event)
        return JobDocument.of(record.document())

    async def after_pass(self, index: int) -> bytes | None:
        """The picture after a complete pass as PNG; of those before it went on there is none."""
        try:
            shown = await results.after_pass(self._desk, self._job.record, index)
        except (NotFound, NoResultYet):
            if self._order.work:
                return None
            raise
        return await self._encoded(shown, "png")

    async def answer(self, as_format: str) -> bytes | Path:
        """The result as a file of a format, or where it lies."""
        job, wanted = self._job.record, _WANTED[as_format]
        if wanted == "document":
            return document_file(job.document())
        if wanted == "npz":
            return await results.field_npz(self._desk, job)
        if wanted == "svg":
            return await results.drawing_svg(self._desk, job)
        return await self._encoded(await results.result(self._desk, job), wanted)

    async def leave(self) -> str | None:
        """Keep it in the file that was named for it, where there is more than lies there."""
        file = self._work_file
        if file is None:
            return None
        await self._job.closed.wait()
        job = self._job.record.id
        left = await trio.to_thread.run_sync(self._desk.store.get_work, job, file.key)
        if left:
            await trio.to_thread.run_sync(file.write, left)
        return str(file.path) if file.exists else None

    async def _check_pictures(self) -> None:
        """What is wrong with a file shows before the worker is warm."""
        decoders = self._desk.decoders
        decoders.max_pixels = self._desk.settings.pixel_limit("cuda")  # its device decides, later
        await each_image(self._order, decoders.header)

    async def _wait_ready(self) -> None:
        with trio.move_on_after(READY_S) as patience:
            await self._desk.link.wait_ready()
        if patience.cancelled_caught:
            raise NotReady(f"no worker is ready after {READY_S:g} s; the lines above may say why")

    async def _encoded(self, shown: results.Shown, as_format: Format) -> bytes:
        background = rgb(self._job.record.background)
        return await trio.to_thread.run_sync(
            self._desk.prices.encode, shown.picture, as_format, background
        )

    @property
    def _job(self) -> LiveJob:
        assert self._live is not None  # it has been run
        return self._live


class _NoPreviews(PreviewPace):
    """Nobody looks at them here."""

    def allows(self, now: float) -> bool:  # noqa: ARG002 - as every pace
        return False
