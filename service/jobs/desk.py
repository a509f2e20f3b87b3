"""The life of a job, from an order to its end: nothing that was accepted is lost.

    accept      header, place, pixels, record
    _run        `service.jobs.computation`, in the desk's nursery; then room for other jobs

What a job has to show is read through `service.jobs.results`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec
import structlog
import trio

from service.jobs import deadlines
from service.jobs.admission import Admission, Place, Work
from service.jobs.computation import Computation
from service.jobs.events import Accepted
from service.jobs.job_files import INPUT
from service.jobs.jobs import Job, Progress, new_job_id
from service.jobs.live_job import LiveJob
from service.jobs.mailbox import Broadcast, Mailbox
from service.jobs.orders import Order
from service.jobs.store import Store
from service.link.worker_link import WorkerLink
from service.pictures.decoder_messages import Header
from service.pictures.decoder_process import File
from service.pictures.encode import FORMATS, check_encodable
from service.pictures.images import Decoders
from service.pictures.picture import Picture
from service.pictures.prices import EncodePrices
from service.problems import Busy, NoRoom, NotReady, Refused
from service.settings import Settings
from worker.wire import messages as wire

TIDY_S = 60.0  # between two looks for jobs that are too old
MAX_LISTENERS = 64  # of one job
_log = structlog.stdlib.get_logger("itten.desk")
T = TypeVar("T")


@asynccontextmanager
async def open_desk(
    settings: Settings, link: WorkerLink, decoders: Decoders, store: Store, prices: EncodePrices
) -> AsyncIterator["Desk"]:
    """Take orders while the block runs; jobs that still run at its end are cut off."""
    async with trio.open_nursery() as nursery:
        desk = Desk(settings, link, decoders, store, prices, nursery)
        nursery.start_soon(desk.tidy)
        yield desk
        nursery.cancel_scope.cancel()


@dataclass(eq=False)
class Desk:
    """Everything that a job needs on its way."""

    settings: Settings
    link: WorkerLink
    decoders: Decoders
    store: Store
    prices: EncodePrices
    nursery: trio.Nursery
    live: dict[str, LiveJob] = field(default_factory=dict)
    admission: Admission = field(init=False)
    computation: Computation = field(init=False)
    closing: bool = False

    def __post_init__(self) -> None:
        self.admission = Admission(self.settings.max_queue, self.settings.max_deadline_s)
        self.computation = Computation(self.link, self.store)

    # --- getting in ---------------------------------------------------------------------------

    async def accept(self, order: Order) -> LiveJob:
        """Start a job; its place is reserved before its pixels are decoded.

        Raises:
            NotReady, Busy: no place; when to come back.
            UnsupportedFormat, BrokenImage, TooManyPixels: what is wrong with the image.
            NotAcceptable: the picture does not fit into the format that was asked for.
            NoRoom: the disk is full.
        """
        work = await self._measured(order)
        place = self.admission.reserve(work, self.link.hello, trio.current_time())
        try:
            decode = partial(self.decoders.decode, max_side=order.max_side)
            live = self._made(order, await each_image(order, decode), place)
            await trio.to_thread.run_sync(self._keep, live.record, live.latest)
        except BaseException:
            place.release()
            raise
        # From here to the nursery without a pause: cancelled, the caller leaves nothing behind.
        self.live[live.record.id] = live
        live.broadcast.publish(Accepted(place.quote.position, place.quote.seconds))
        self.nursery.start_soon(self._run, live)
        return live

    async def _measured(self, order: Order) -> Work:
        if self.closing:
            raise NotReady("The service is stopping; send the request again.")
        if self.link.hello is not None:  # what fits depends on the device
            self.decoders.max_pixels = self.settings.pixel_limit(self.link.hello.device)
        headers = await each_image(order, self.decoders.header)
        (width, height), *source = [_shrunk(header, order.max_side) for header in headers]
        for as_format in FORMATS:
            if as_format == order.wanted:
                check_encodable(width, height, as_format)
        return Work(
            order.kind,
            width * height,
            order.passes,
            order.deadline,
            order.effort,
            source_pixels=sum(w * h for w, h in source) if order.solves_source else 0,
            outlines=order.outlines,
        )

    def _made(self, order: Order, pictures: tuple[Picture, ...], place: Place) -> LiveJob:
        record = Job(
            id=new_job_id(),
            kind=order.kind,
            created=deadlines.wall_clock(order.arrived),
            deadline_s=order.deadline_s,
            name=order.name,
            background=order.background,
            drawing=order.is_drawing,
            progress=Progress(passes_total=order.passes if order.kind == "shade" else 0),
            device=self.link.hello.device if self.link.hello else None,
        )
        target, *source = pictures
        submit = wire.Submit(
            job=record.id,
            width=target.width,
            height=target.height,
            channels=target.channels,
            budget_s=0.0,  # until it is known when it leaves
            params=order.params,
            source=wire.Shape(*source[0].shape) if source else None,
        )
        worker_by = deadlines.worker_by(order, target.area, self.prices)
        return LiveJob(record, submit, place, pictures, order.arrived, worker_by)

    def _keep(self, record: Job, picture: Picture) -> None:
        self.store.add(record)
        try:
            self.store.put_pixels(record.id, INPUT, picture)
        except BaseException:
            self.store.delete(record.id)
            raise

    async def _run(self, live: LiveJob) -> None:
        try:
            await self.computation.run(live)
        finally:
            self.live.pop(live.record.id, None)
            live.close()
        await self._evict()

    # --- listening, stopping ------------------------------------------------------------------

    def listen(self, record: Job) -> Mailbox:
        """A mailbox for the events of a job, which may have ended long ago.

        Raises:
            Busy: too many listen already.
        """
        live = self.live.get(record.id)
        document = record.document()
        broadcast = Broadcast.of_ended(document) if live is None else live.broadcast
        if broadcast.listeners >= MAX_LISTENERS:
            raise Busy(f"{MAX_LISTENERS} clients listen to this job already.")
        return broadcast.subscribe(document)

    async def find(self, job: str) -> Job:
        """The record of a job; raises UnknownJob, NoLongerKept."""
        live = self.live.get(job)
        return live.record if live else await trio.to_thread.run_sync(self.store.find, job)

    async def newest(self) -> list[Job]:
        """The newest 50 jobs, the newest first."""
        kept = await trio.to_thread.run_sync(self.store.newest)
        return [self.live[each.id].record if each.id in self.live else each for each in kept]

    async def remove(self, job: str) -> None:
        """Cancel a job that runs; remove one that has ended."""
        live = self.live.get(job)
        running = live is not None and not live.settled.is_set()
        if live is not None:
            live.cancel("it was cancelled on request")
            await live.closed.wait()
        if not running:
            await trio.to_thread.run_sync(self.store.delete, job)

    def note_encoding(self, record: Job, seconds: float) -> None:
        """Keep what encoding the answer took; the answer does not wait for that."""
        record.timings = msgspec.structs.replace(record.timings, encode_s=seconds)
        self.nursery.start_soon(self.computation.save, record)

    async def drain(self) -> None:
        """Take no more orders, and return when every job has ended."""
        self.closing = True
        for live in list(self.live.values()):
            await live.closed.wait()

    async def tidy(self) -> None:
        """Remove what is too old, now and then."""
        while True:
            await self._evict()
            await trio.sleep(TIDY_S)

    async def _evict(self) -> None:
        try:
            for job in await trio.to_thread.run_sync(self.store.evict):
                _log.info("a job is no longer kept", job=job)
        except NoRoom:
            _log.error("the disk is full; old jobs cannot be removed")


async def each_image(order: Order, look: Callable[[File], Awaitable[T]]) -> tuple[T, ...]:
    """What there is to see in each image; what is wrong with one of two says with which."""
    found = []
    for name, file in order.files.items():
        try:
            found.append(await look(file))
        except Refused as problem:
            if len(order.files) > 1:
                raise type(problem)(f"{name}: {problem.detail}") from problem
            raise
    return tuple(found)


def _shrunk(header: Header, max_side: int | None) -> tuple[int, int]:
    """Width and height that the picture will have."""
    longer = max(header.width, header.height)
    if max_side is None or longer <= max_side:
        return header.width, header.height
    return (
        max(1, round(header.width * max_side / longer)),
        max(1, round(header.height * max_side / longer)),
    )
