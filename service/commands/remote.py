"""A job at a service, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

from service.client.async_jobs import AsyncJob
from service.client.asynchronous import AsyncItten
from service.client.documents import JobDocument
from service.client.errors import ServiceError
from service.client.pictures import ImageFile
from service.client.results import Format
from service.commands.bars import printable
from service.commands.files import STREAM
from service.commands.task import Task
from service.commands.telling import document_file
from service.commands.work import Told
from service.jobs.events import Terminal
from service.spec.fields import FieldSpec, ShadeSpec
from service.spec.reading import read_text

BUSY_S = 60.0  # to ask again for a place, without a deadline that is shorter
_MODELS: Final = {"shade": ShadeSpec, "field": FieldSpec}


@asynccontextmanager
async def open_remote(url: str, key: str | None, task: Task) -> AsyncIterator["RemoteWork"]:
    """A job at the service at this address, with this key; raises ClientError for what is none."""
    async with AsyncItten(url, key, patience_s=patience_s(task)) as itten:
        yield RemoteWork(itten, task)


def patience_s(task: Task) -> float:
    """How long a busy service is asked for a place, in seconds."""
    given = dict(task.fields).get("deadline_s")
    return BUSY_S if given is None else min(BUSY_S, float(given))


class RemoteWork:
    """As `service.commands.work.Work`."""

    def __init__(self, itten: AsyncItten, task: Task) -> None:
        self._itten, self._task = itten, task
        self._started: AsyncJob | None = None
        self._document: dict[str, Any] = {}  # at its end

    async def run(self, told: Told) -> JobDocument:
        """Start the job and follow it to its end; cancelled or failing, it cancels the job."""

        def busy(refused: ServiceError) -> None:
            told.note(f"{printable(refused.detail)} Trying again in {refused.retry_after:g} s.")

        self._itten.on_wait = busy
        told.say("sending")
        self._started = await self._start()
        async with self._started as job, aclosing(job.events()) as events:
            told.begin(job.document.deadline_s, job.document.progress.passes_total)
            async for event in events:
                await told.hear(event)
                if isinstance(event, Terminal):
                    self._document = event.document
        return job.document

    async def after_pass(self, index: int) -> bytes:
        """The picture after a complete pass as PNG."""
        return await self._job.after_pass(index)

    async def answer(self, as_format: str) -> bytes | Path:
        """The result as a file of a format."""
        if as_format == "json":
            return document_file(self._document)
        return await self._job.read(cast(Format, as_format))  # the options allow no other

    async def leave(self) -> str | None:
        """The service keeps it: the id of the job, where that can be resumed."""
        return self._job.id if self._job.document.links.get("resume") else None

    async def _start(self) -> AsyncJob:
        """Start the job, or go on from one."""
        task, order = self._task, self._task.order
        fields: dict[str, Any] = read_text(_MODELS[task.kind], task.fields)
        target = _image_file(task.target, order.image) if order.image or not task.resume else None
        source = None if order.source is None else _image_file(str(task.source), order.source)
        if task.resume is not None:
            earlier = await self._itten.job(task.resume)
            return await earlier.resume(target=target, source=source, **fields)
        assert target is not None
        if task.kind == "field":
            return await self._itten.submit("field", target, **fields)
        return await self._itten.submit("shade", target, source, **fields)

    @property
    def _job(self) -> AsyncJob:
        assert self._started is not None  # it has been run
        return self._started


def _image_file(name: str, data: bytes | memoryview) -> ImageFile:
    return ImageFile("stdin" if name == STREAM else Path(name).name, bytes(data))
