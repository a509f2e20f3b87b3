"""The life of a job, from an order to its end: nothing that was accepted is lost.

    accept      `service.jobs.entrance`: the same work, or header, place, pixels, record
    _run        `service.jobs.computation`, in the desk's nursery; then room for other jobs

What a job has to show is read through `service.jobs.results`.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import msgspec
import structlog
import trio

from service.jobs.admission import Admission
from service.jobs.claims import Claims
from service.jobs.computation import Computation
from service.jobs.entrance import Entrance, digested
from service.jobs.jobs import Job, full_id
from service.jobs.live_job import LiveJob
from service.jobs.looking import Looking
from service.jobs.mailbox import Broadcast, Mailbox
from service.jobs.reception import AnyOrder
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.wall_clock import WallClock
from service.link.worker_link import WorkerLink
from service.metrics.metrics import Metrics
from service.pictures.images import Decoders
from service.pictures.prices import EncodePrices
from service.problems import Busy, Conflict, NoLongerKept, NotReady, Unable, UnknownJob
from service.settings import Settings
from service.threads import give_back_memory

TIDY_S = 60.0  # between two looks for jobs that are too old
MAX_LISTENERS = 64  # of one job
_log = structlog.stdlib.get_logger("itten.desk")


@asynccontextmanager
async def open_desk(
    settings: Settings, link: WorkerLink, decoders: Decoders, store: Store, prices: EncodePrices
) -> AsyncIterator["Desk"]:
    """Take orders while the block runs; jobs that still run at its end are cut off."""
    async with trio.open_nursery() as nursery:
        desk = Desk(settings, link, decoders, store, prices, nursery)
        nursery.start_soon(desk.tidy)
        nursery.start_soon(desk.metrics.sample_loop)
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
    computing: list[Shared] = field(default_factory=list)
    ids: Claims = field(default_factory=Claims)  # that callers chose
    admission: Admission = field(init=False)
    computation: Computation = field(init=False)
    entrance: Entrance = field(init=False)
    metrics: Metrics = field(default_factory=Metrics)
    looking: Looking = field(default_factory=Looking)
    clock: WallClock = field(default_factory=WallClock)
    closing: bool = False

    def __post_init__(self) -> None:
        self.admission = Admission(self.settings.max_queue)
        self.computation = Computation(self.link, self.store)
        self.entrance = Entrance(
            self.settings,
            self.link,
            self.decoders,
            self.store,
            self.prices,
            self.admission,
            self.computing,
            self._begin,
            self._enter,
            self._see_off_soon,
            self.computation.aside,
        )

    # --- getting in ---------------------------------------------------------------------------

    async def accept(self, order: AnyOrder, job: str | None = None) -> LiveJob:
        """Start a job, or let it take part in the same work; as `Entrance.accept`."""
        if self.closing:
            raise NotReady("The service is stopping; send the request again.")
        return await self.entrance.accept(order, job)

    async def put(self, job: str, order: AnyOrder) -> tuple[Job, bool]:
        """The owner's job of this id, and whether it is new; an id that was removed is free again.

        Raises:
            Conflict: it is another job's.
            As `accept`.
        """
        known_as = full_id(order.owner, job)
        async with self.ids.hold(known_as):
            try:
                known = await self.find(known_as)
            except (UnknownJob, NoLongerKept):
                return (await self.accept(order, job)).record, True
        if known.digest != await digested(order):
            raise Conflict("This id is that of a job with other content; choose another id.")
        return known, False

    def _begin(self, shared: Shared) -> None:
        self.computing.append(shared)
        self.nursery.start_soon(self._run, shared)

    def _enter(self, live: LiveJob) -> None:
        self.live[live.record.id] = live

    # --- getting out --------------------------------------------------------------------------

    async def _run(self, shared: Shared) -> None:
        try:
            await self.computation.run(shared)
        finally:
            self.computing.remove(shared)
            for live in shared.members[:1]:
                self.metrics.used(live.record)
            for live in shared.members:
                self._close(live)
            if shared.rest is not None:
                self._begin(shared.rest)
        await self._evict()

    def _see_off_soon(self, live: LiveJob) -> None:
        self.nursery.start_soon(self._see_off, live)

    async def _see_off(self, live: LiveJob) -> None:
        """End a job that was cancelled while others go on."""
        try:
            await self.computation.save(live.record)
            live.announce_end()
        finally:
            self._close(live)

    def _close(self, live: LiveJob) -> None:
        self.live.pop(live.record.id, None)
        self.metrics.ended(live.record)
        live.close()

    # --- listening, stopping ------------------------------------------------------------------

    def listen(self, record: Job) -> Mailbox:
        """A mailbox for the events of a job, which may have ended long ago.

        Raises:
            Busy: too many listen already.
            Conflict: its end was never kept, or another process computes it.
        """
        live = self.live.get(record.id)
        if live is None and not record.state.ended:
            raise Conflict("Nothing more is known of this job; send the request again.")
        document = record.document()
        broadcast = Broadcast.of_ended(document) if live is None else live.broadcast
        if broadcast.listeners >= MAX_LISTENERS:
            raise Busy(f"{MAX_LISTENERS} clients listen to this job already.")
        return broadcast.subscribe(document)

    async def find(self, job: str) -> Job:
        """The record of a job, by its full id; raises UnknownJob, NoLongerKept."""
        current = self._current.get(job)
        if current is None:
            current = await trio.to_thread.run_sync(self.store.find, job)
        return current

    async def wait(self, job: str, seconds: float) -> None:
        """Return when a job has ended, or after so many seconds."""
        live = self.live.get(job)
        if live is not None:
            with trio.move_on_after(seconds):
                await live.settled.wait()

    async def newest(self, owner: str | None = "") -> list[Job]:
        """The newest 50 jobs of an owner, or of all, the newest first."""
        current = self._current  # one that ends meanwhile may be read before its end is kept
        kept = await trio.to_thread.run_sync(partial(self.store.newest, owner=owner))
        return [current.get(each.id, each) for each in kept]

    @property
    def _current(self) -> dict[str, Job]:
        """The records that are newer than what the store has."""
        return self.computation.unsaved | {job: live.record for job, live in self.live.items()}

    async def remove(self, job: str) -> None:
        """Cancel a job that runs; remove one that has ended."""
        live = self.live.get(job)
        running = live is not None and not live.settled.is_set()
        if live is not None:
            live.cancel("it was cancelled on request")
            await live.closed.wait()
        if not running:
            await trio.to_thread.run_sync(self.store.delete, job)
            self.computation.unsaved.pop(job, None)

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
        """Remove what is too old, and give back memory, now and then."""
        while True:
            await self._evict()
            await trio.to_thread.run_sync(give_back_memory)
            await trio.sleep(TIDY_S)

    async def _evict(self) -> None:
        for record in list(self.computation.unsaved.values()):
            await self.computation.save(record)
        now, sure = self.clock.look()
        evict = partial(self.store.evict, now, by_age=sure)
        try:
            for job in await trio.to_thread.run_sync(evict):
                _log.info("a job is no longer kept", job=job)
        except (Unable, sqlite3.Error, OSError) as error:
            _log.error("old jobs cannot be removed", reason=str(error))
