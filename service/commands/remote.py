"""A job at a service, over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from service.client.client import Client, ImageFile, open_client
from service.client.documents import JobDocument
from service.client.errors import ClientError, ServiceError
from service.commands.bars import printable
from service.commands.files import STREAM
from service.commands.task import Task
from service.commands.telling import document_file
from service.commands.work import Told

BUSY_S = 60.0  # to ask again for a place, without a deadline that is shorter
RESULT_S = 30.0  # to ask again for a result that is on its way
GOODBYE_S = 3.0  # to cancel a job that nobody wants any more
_MEDIA = {
    "png": "image/png",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "npz": "application/x-npz",
    "svg": "image/svg+xml",
}
T = TypeVar("T")


@asynccontextmanager
async def open_remote(url: str, key: str | None, task: Task) -> AsyncIterator["RemoteWork"]:
    """A job at the service at this address, with this key; raises ClientError for what is none."""
    async with open_client(url, key) as client:
        yield RemoteWork(client, task)


class RemoteWork:
    """As `service.commands.work.Work`."""

    def __init__(self, client: Client, task: Task) -> None:
        self._client, self._task = client, task
        self._job, self._resumable = "", False

    async def run(self, told: Told) -> JobDocument:
        """Start the job and follow it to its end; cancelled or failing, it cancels the job."""
        told.say("sending")
        try:
            job = await self._started(told)
            told.begin(job.deadline_s, job.progress.passes_total)
            job = await self._client.follow(job.id, told.hear)
        except BaseException:
            with trio.move_on_after(GOODBYE_S, shield=True):
                await self._forget()
            raise
        self._resumable = bool(job.links.get("resume"))
        return job

    async def after_pass(self, index: int) -> bytes:
        """The picture after a complete pass as PNG."""
        return await self._client.image(self._job, index=index)

    async def answer(self, as_format: str) -> bytes | Path:
        """The result as a file of a format."""
        if as_format == "json":
            return document_file(await self._client.raw_document(self._job))
        ask = self._client.field if as_format in ("npz", "svg") else self._client.image
        return await _patiently(partial(ask, self._job, _MEDIA[as_format]), RESULT_S)

    async def leave(self) -> str | None:
        """The service keeps it: the id of the job, where that can be resumed."""
        return self._job if self._resumable else None

    async def _started(self, told: Told) -> JobDocument:
        task = self._task
        start = self._start()
        given = dict(task.fields).get("deadline_s")
        patience_s = BUSY_S if given is None else min(BUSY_S, float(given))
        return await _patiently(partial(self._seen_through, start), patience_s, told)

    def _start(self) -> Callable[[], Awaitable[JobDocument]]:
        """The call that starts the job, or goes on from one."""
        task, order = self._task, self._task.order
        target = _image_file(task.target, order.image) if order.image or not task.resume else None
        source = None if order.source is None else _image_file(str(task.source), order.source)
        if task.resume is not None:
            resume = partial(self._client.resume, task.resume, fields=task.fields)
            return partial(resume, target=target, source=source)
        assert target is not None
        return partial(self._client.start, task.kind, target, source, task.fields)

    async def _seen_through(self, start: Callable[[], Awaitable[JobDocument]]) -> JobDocument:
        """Start; cancelled, for a moment still, or there could be a job that nobody knows of."""
        started: JobDocument | ClientError | None = None
        async with trio.open_nursery() as nursery:
            shield = trio.CancelScope(shield=True)
            nursery.start_soon(_hurry_when_cancelled, shield)
            with shield:
                try:
                    started = await start()
                    self._job = started.id
                except ClientError as error:  # raised below: a nursery would wrap it
                    started = error
            nursery.cancel_scope.cancel()
        await trio.lowlevel.checkpoint_if_cancelled()
        if isinstance(started, JobDocument):
            return started
        assert started is not None  # the shield gives way to a cancellation only
        raise started

    async def _forget(self) -> None:
        if not self._job:
            return
        try:
            job = await self._client.document(self._job)
            if not job.state.ended:  # else this would remove its pictures
                await self._client.remove(self._job)
        except ClientError:
            return  # there is nobody to tell; its deadline ends it


async def _hurry_when_cancelled(shield: trio.CancelScope) -> None:
    try:
        await trio.sleep_forever()
    finally:
        shield.deadline = trio.current_time() + GOODBYE_S


async def _patiently(
    call: Callable[[], Awaitable[T]], patience_s: float, told: Told | None = None
) -> T:
    """Make a call again when its answer says when to, for so many seconds at most."""
    give_up = trio.current_time() + patience_s
    while True:
        try:
            return await call()
        except ServiceError as error:
            wait_s = error.retry_after
            if wait_s is None or trio.current_time() + wait_s > give_up:
                raise
            if told is not None:
                told.note(f"{printable(error.detail)} Trying again in {wait_s:g} s.")
        await trio.sleep(wait_s)


def _image_file(name: str, data: bytes | memoryview) -> ImageFile:
    return ImageFile("stdin" if name == STREAM else Path(name).name, bytes(data))
