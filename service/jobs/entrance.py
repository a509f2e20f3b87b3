"""How an order becomes a job under way: it joins the same work, or gets a place of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import trio

from service.jobs import earlier
from service.jobs.admission import Admission
from service.jobs.claims import Claims
from service.jobs.data_orders import DataOrder
from service.jobs.data_reception import DataReception
from service.jobs.events import Accepted
from service.jobs.job_files import INPUT, SOURCE
from service.jobs.jobs import Job, full_id
from service.jobs.live_job import LiveJob
from service.jobs.orders import digest
from service.jobs.packed import Packed
from service.jobs.picture_reception import PictureReception
from service.jobs.reception import AnyOrder, fitting, new_record
from service.jobs.set_aside import Aside
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.work import DataWork, Work
from service.link.worker_link import WorkerLink
from service.pictures.images import Decoders
from service.pictures.picture import Picture
from service.pictures.prices import EncodePrices
from service.problems import Busy, NoLongerKept, Unable
from service.settings import Settings
from worker.wire.messages import Submit

T = TypeVar("T")
Input = Picture | Packed
LATE_S = 0.1  # after its deadline a picture that has been decoded still comes back as it was

# Requests that come together may be taken up in another order: one that is due this much earlier
# takes part all the same, and is answered that much late.
JOIN_S = 0.1


class Reception(Protocol):
    """How one order is looked at; the two kinds of it know what jobs work on."""

    async def measured(self) -> Work | DataWork:
        """What it asks of the worker; raises what is wrong with its files."""

    async def inputs(self) -> tuple[Input, ...]:
        """What the job works on; once it is measured and has a place."""

    def note(self, record: Job) -> None:
        """Add to the record what measuring has shown."""

    def joined_by(self, inputs: tuple[Input, ...]) -> float:
        """When the worker must have answered if it joins a computation over these."""

    def live(self, record: Job, first: Input, by: float) -> LiveJob:
        """The job under way."""

    def submit(self, inputs: tuple[Input, ...], work: bytes) -> Submit:
        """What the worker is told."""


async def digested(order: AnyOrder) -> str:
    """The digest of an order; hashing is left to a thread."""
    if order.earlier is not None:
        return order.earlier.digest
    return await trio.to_thread.run_sync(digest, order)


@dataclass(eq=False)
class Entrance:
    """Lets orders in; what it calls when one is in does not pause."""

    settings: Settings
    link: WorkerLink
    decoders: Decoders
    store: Store
    prices: EncodePrices
    admission: Admission
    computing: list[Shared]  # what may be joined
    begin: Callable[[Shared], None]  # has a computation run
    enter: Callable[[LiveJob], None]  # has a job known
    see_off: Callable[[LiveJob], None]  # brings one to its end that leaves while others stay
    aside: Aside  # what workers died over
    claims: Claims = field(default_factory=Claims)

    async def accept(self, order: AnyOrder, job: str | None = None) -> LiveJob:
        """Start a job, or let it take part in the same work that is under way.

        A place is reserved before pixels are decoded; who joins needs none. `job` is an id that
        nobody else has.

        Raises:
            NotReady, Busy, SetAside: no place; when to come back.
            UnsupportedFormat, BrokenImage, TooManyPixels: what is wrong with the image.
            NotAcceptable: the picture does not fit into the format that was asked for.
            NoRoom, Damaged: the disk is full, or has lost the records.
        """
        record = new_record(order, await digested(order), job)
        self.aside.check(full_id(order.owner, record.digest), trio.current_time())
        if joined := await self._join(order, record):
            return joined
        # The same once more waits until the first is decoded, to join it then.
        async with self.claims.hold(full_id(order.owner, record.digest)):
            if self._same(order, record.digest)[0] is None:
                return await self._begin(order, record)
        return await self._join(order, record) or await self._begin(order, record)

    def _reception(self, order: AnyOrder) -> Reception:
        if isinstance(order, DataOrder):
            return DataReception(order, self.decoders, self.store)
        return PictureReception(order, self.decoders, self.store, self.prices)

    async def _begin(self, order: AnyOrder, record: Job) -> LiveJob:
        if ready := self.link.workers.values():  # what fits depends on the device
            limits = [self.settings.pixel_limit(each.device) for each in ready]
            self.decoders.max_pixels = min(limits)
        reception = self._reception(order)
        work = await _in_time(order, reception.measured)
        reception.note(record)
        now = trio.current_time()
        place = self.admission.reserve(work, self.link.workers, now, order.owner)
        record.quote, record.device = place.quote, place.device
        try:
            inputs = await _in_time(order, reception.inputs)
            left = fitting(order.work, inputs)
            live = reception.live(record, inputs[0], work.deadline)
            if order.earlier is not None:
                live.kept = bool(left)
                await earlier.begin_with(self.store, live, order.earlier)
            await trio.to_thread.run_sync(self._keep, record, inputs, order.earlier)
            await self._check_caller(record)
        except BaseException:
            place.release()
            raise
        # From here to the nursery without a pause: cancelled, the caller leaves nothing behind.
        shared = Shared(
            reception.submit(inputs, left),
            place,
            inputs,
            work.deadline,
            record.digest,
            self.see_off,
            left,
            now,
        )
        self.begin(shared)
        return self._entered(live, shared)

    async def _check_caller(self, record: Job) -> None:
        """Forget a job whose caller has left while it was written down: threads are not cancelled.

        Raises:
            trio.Cancelled: that is so.
        """
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self.store.delete, record.id)
            raise

    def _keep(self, record: Job, inputs: tuple[Input, ...], before: Job | None) -> None:
        if before is None:
            self.store.add(record, dict(zip((INPUT, SOURCE), inputs, strict=False)))
        else:
            self.store.add(record, earlier=before.id)

    async def _join(self, order: AnyOrder, record: Job) -> LiveJob | None:
        """Take part in the same work where it is under way and ends no later than this may."""
        shared, worker_by = self._same(order, record.digest)
        if shared is None:
            return None
        record.quote = shared.quote(trio.current_time())
        record.device = shared.place.device
        record.facts = shared.members[0].record.facts
        await trio.to_thread.run_sync(self.store.add, record)
        if not await self._inherited(record, shared):
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self.store.delete, record.id)
            return None
        await self._check_caller(record)
        # As in `_begin`: no pause.
        reception = self._reception(order)
        return self._entered(reception.live(record, shared.pictures[0], worker_by), shared)

    def _same(self, order: AnyOrder, digested: str) -> tuple[Shared | None, float]:
        """The same work, and when this order's must have been answered."""
        # Of the same owner: who shares a computation can tell that there was one.
        open_to_it = [
            each for each in self.computing if each.joinable and each.owner == order.owner
        ]
        same = [each for each in open_to_it if each.digest == digested]
        if order.earlier is not None:  # what begins anew may not come as far
            same = [each for each in same if each.submit.work_bytes]
        if not same:
            return None, 0.0
        by = self._reception(order).joined_by(same[0].pictures)
        early = [each for each in same if each.worker_by <= by + JOIN_S]
        return max(early, key=lambda each: each.worker_by, default=None), by

    async def _inherited(self, record: Job, shared: Shared) -> bool:
        """Take over the files of those who wait already; False when it is too late for that."""
        with trio.CancelScope(shield=True):  # for a moment: the record is there already
            while shared.joinable:
                known = shared.passes_done
                other = shared.members[0].record.id
                try:
                    await trio.to_thread.run_sync(self.store.inherit, record.id, other)
                except (NoLongerKept, Unable):
                    return False
                if shared.passes_done == known:
                    return shared.joinable
        return False

    def _entered(self, live: LiveJob, shared: Shared) -> LiveJob:
        shared.join(live)
        self.enter(live)
        assert live.record.quote is not None
        live.broadcast.publish(Accepted(live.record.quote))
        return live


async def _in_time(order: AnyOrder, look: Callable[[], Awaitable[T]]) -> T:
    """What there is to see in an order's files, if its deadline does not come first.

    Raises:
        Busy: too many pictures were looked at before.
    """
    with trio.move_on_at(order.deadline + LATE_S):
        return await look()
    raise Busy("The deadline came before the files were read; send them again, with more time.")
