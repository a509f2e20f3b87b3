"""The life of a job, from an order to its end: nothing that was accepted is lost.

    accept      header, place, pixels, record; then the job runs in the desk's nursery
    _compute    the worker's messages become progress, events and stored passes
    settled     by the worker; or here, at the deadline, when it is lost, or when it is cancelled
    _retire     the arrays of the field, the terminal event, room for other jobs

What a job has to show is read through `service.results`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import structlog
import trio

from service import deadlines
from service.admission import Admission, Place, Work
from service.decoder_messages import Header
from service.encode import FORMATS, check_encodable, encode_preview
from service.events import Accepted, preview
from service.images import Decoders
from service.jobs import Job, Progress, new_job_id
from service.live_job import LiveJob
from service.mailbox import Broadcast, Mailbox
from service.orders import Order
from service.picture import Picture
from service.prices import EncodePrices
from service.problems import Busy, NoRoom, NotReady, Problem
from service.settings import Settings
from service.store import Store
from service.worker_answers import Answers, WorkerLost
from service.worker_link import WorkerLink
from worker.wire import messages as wire

ARRAYS_S = 60.0  # for a field's arrays to come and be written
TIDY_S = 60.0  # between two looks for jobs that are too old
MAX_LISTENERS = 64  # of one job
_BROKEN = "The service failed over this job, which is a bug; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.desk")


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
    closing: bool = False

    def __post_init__(self) -> None:
        self.admission = Admission(self.settings.max_queue, self.settings.max_deadline_s)

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
            picture = await self.decoders.decode(order.image, order.max_side)
            live = self._made(order, picture, place)
            await trio.to_thread.run_sync(self._keep, live.record, picture)
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
        header = await self.decoders.header(order.image)
        width, height = _shrunk(header, order.max_side)
        for as_format in FORMATS:
            if as_format == order.wanted:
                check_encodable(width, height, as_format)
        return Work(order.kind, width * height, order.passes, order.deadline)

    def _made(self, order: Order, picture: Picture, place: Place) -> LiveJob:
        record = Job(
            id=new_job_id(),
            kind=order.kind,
            created=deadlines.wall_clock(order.arrived),
            deadline_s=order.deadline_s,
            name=order.name,
            background=order.background,
            progress=Progress(passes_total=order.passes if order.kind == "shade" else 0),
            device=self.link.hello.device if self.link.hello else None,
        )
        submit = wire.Submit(
            job=record.id,
            width=picture.width,
            height=picture.height,
            channels=picture.channels,
            budget_s=0.0,  # until it is known when it leaves
            params=order.params,
        )
        worker_by = deadlines.worker_by(order, picture.area, self.prices)
        return LiveJob(record, submit, place, picture, order.arrived, worker_by)

    def _keep(self, record: Job, picture: Picture) -> None:
        self.store.add(record)
        try:
            self.store.put_pixels(record.id, "input", picture)
        except BaseException:
            self.store.delete(record.id)
            raise

    # --- running ------------------------------------------------------------------------------

    async def _run(self, live: LiveJob) -> None:
        answers: Answers | None = None
        try:
            with live.place:
                answers = await self._submit(live)
                await self._compute(live, answers)
            await self._store_result(live)
            await self._retire(live, answers)
        except Exception as error:  # one job's failure must not end the others'
            await self._broken(live, error)
        finally:
            if answers is not None:
                answers.close()
            self.live.pop(live.record.id, None)
            live.close()
        await self._evict()

    async def _submit(self, live: LiveJob) -> Answers:
        now = trio.current_time()
        live.stop.deadline = deadlines.patience(live.worker_by, now, live.submit)
        live.leaves(now)
        pixels = bytes(live.latest.pixels)
        submit = deadlines.with_budget(live.submit, live.worker_by, now)
        return await self.link.submit(submit, pixels)

    async def _compute(self, live: LiveJob, answers: Answers) -> None:
        """Follow the worker to the end of the job, which comes at its deadline at the latest."""
        reason = "the worker did not answer in time"
        try:
            with live.stop:
                async for message, payload in answers:
                    await self._hear(live, message, payload)
                    if isinstance(message, wire.Finished):
                        return
        except WorkerLost as lost:
            reason = str(lost)
        if live.cancelled is not None:
            live.finish_cancelled()
        else:
            live.finish_without_worker(reason)
        # The place is free when the device is: a worker that does not obey is replaced.
        await self.link.cancel(live.record.id)

    async def _hear(self, live: LiveJob, message: wire.ToService, payload: bytes) -> None:
        if isinstance(message, wire.Finished):
            live.finish(message, payload)
        elif isinstance(message, wire.Preview):
            await self._show(live, message, payload)
        elif isinstance(message, wire.Started | wire.Tiles | wire.PassDone):
            if isinstance(message, wire.PassDone):
                await self._store_pass(live, message, payload)
            live.hear(message, payload)

    async def _show(self, live: LiveJob, message: wire.Preview, pixels: bytes) -> None:
        if live.broadcast.listeners and live.pace.allows(trio.current_time()):
            picture = Picture(message.pixel_width, message.pixel_height, message.channels, pixels)
            encoded = await trio.to_thread.run_sync(encode_preview, picture)
            live.broadcast.publish(preview(message, encoded, "webp"))

    async def _store_pass(self, live: LiveJob, message: wire.PassDone, pixels: bytes) -> None:
        submit = live.submit
        picture = Picture(submit.width, submit.height, submit.channels, pixels)
        await self._put(live, f"pass-{message.index}", picture)

    # --- the end ------------------------------------------------------------------------------

    async def _store_result(self, live: LiveJob) -> None:
        if live.result is not None:
            await self._put(live, "result", live.result)
        await self._save(live.record)
        live.announce_end()

    async def _put(self, live: LiveJob, name: str, picture: Picture) -> None:
        try:
            await trio.to_thread.run_sync(self.store.put_pixels, live.record.id, name, picture)
        except NoRoom:
            # Whoever waits for it gets it all the same; later it will be missing.
            _log.error("the disk is full; a picture is not kept", job=live.record.id, name=name)

    async def _retire(self, live: LiveJob, answers: Answers) -> None:
        if not live.expects_arrays:
            return
        live.stop = trio.CancelScope(deadline=trio.current_time() + ARRAYS_S)
        try:
            with live.stop:
                async for message, payload in answers:
                    if isinstance(message, wire.ArrayChunk):
                        await self._store_piece(live, message, payload)
                if live.arrays_complete:
                    await trio.to_thread.run_sync(self.store.arrays_done, live.record.id)
        except (WorkerLost, NoRoom) as error:
            _log.error("a field is not kept", job=live.record.id, reason=str(error))

    async def _store_piece(self, live: LiveJob, chunk: wire.ArrayChunk, payload: bytes) -> None:
        job = live.record.id
        await trio.to_thread.run_sync(self.store.put_array_chunk, job, chunk, payload)
        live.add_piece(chunk, len(payload))

    async def _broken(self, live: LiveJob, error: Exception) -> None:
        _log.exception("a job broke", job=live.record.id, exc_info=error)
        if not live.record.state.ended:
            problem = error if isinstance(error, Problem) else None
            live.fail(problem or Problem(_BROKEN.format(live.record.id)), "the service failed")
            await self._save(live.record)
        live.announce_end()

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
        self.nursery.start_soon(self._save, record)

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

    async def _save(self, record: Job) -> None:
        try:
            await trio.to_thread.run_sync(self.store.save, record)
        except NoRoom:
            _log.error("the disk is full; a record is not kept", job=record.id)

    async def _evict(self) -> None:
        try:
            for job in await trio.to_thread.run_sync(self.store.evict):
                _log.info("a job is no longer kept", job=job)
        except NoRoom:
            _log.error("the disk is full; old jobs cannot be removed")


def _shrunk(header: Header, max_side: int | None) -> tuple[int, int]:
    """Width and height that the picture will have."""
    longer = max(header.width, header.height)
    if max_side is None or longer <= max_side:
        return header.width, header.height
    return (
        max(1, round(header.width * max_side / longer)),
        max(1, round(header.height * max_side / longer)),
    )
