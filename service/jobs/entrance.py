"""How an order becomes a job under way: it joins the same work, or gets a place of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TypeVar

import trio

from service.jobs import deadlines, earlier
from service.jobs.admission import Admission, Work
from service.jobs.claims import Claims
from service.jobs.events import Accepted
from service.jobs.job_files import INPUT, SOURCE
from service.jobs.jobs import Job, full_id
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order, digest
from service.jobs.reception import (
    check_wanted,
    each_image,
    fitting,
    new_record,
    shrunk,
    submit_of,
    work_of,
)
from service.jobs.set_aside import Aside
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.link.worker_link import WorkerLink
from service.pictures.images import Decoders
from service.pictures.picture import Picture
from service.pictures.prices import EncodePrices
from service.problems import Busy, NoLongerKept, NoRoom
from service.settings import Settings

T = TypeVar("T")
LATE_S = 0.1  # after its deadline a picture that has been decoded still comes back as it was

# Requests that come together may be taken up in another order: one that is due this much earlier
# takes part all the same, and is answered that much late.
JOIN_S = 0.1


async def digested(order: Order) -> str:
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

    async def accept(self, order: Order, job: str | None = None) -> LiveJob:
        """Start a job, or let it take part in the same work that is under way.

        A place is reserved before pixels are decoded; who joins needs none. `job` is an id that
        nobody else has.

        Raises:
            NotReady, Busy, SetAside: no place; when to come back.
            UnsupportedFormat, BrokenImage, TooManyPixels: what is wrong with the image.
            NotAcceptable: the picture does not fit into the format that was asked for.
            NoRoom: the disk is full.
        """
        device = self.link.hello.device if self.link.hello else None
        record = new_record(order, await digested(order), device, job)
        self.aside.check(full_id(order.owner, record.digest), trio.current_time())
        if joined := await self._join(order, record):
            return joined
        # The same once more waits until the first is decoded, to join it then.
        async with self.claims.hold(full_id(order.owner, record.digest)):
            if self._same(order, record.digest)[0] is None:
                return await self._begin(order, record)
        return await self._join(order, record) or await self._begin(order, record)

    async def _measured(self, order: Order) -> Work:
        if self.link.hello is not None:  # what fits depends on the device
            self.decoders.max_pixels = self.settings.pixel_limit(self.link.hello.device)
        if order.earlier is None:
            headers = await each_image(order, self.decoders.header)
            sizes = [shrunk(header, order.max_side) for header in headers]
        else:
            sizes = await trio.to_thread.run_sync(earlier.kept_sizes, self.store, order)
        check_wanted(order, *sizes[0])
        return work_of(order, sizes, deadlines.worker_by(order, prod(sizes[0]), self.prices))

    async def _pictures(self, order: Order) -> tuple[Picture, ...]:
        if order.earlier is not None:
            return await trio.to_thread.run_sync(earlier.kept_pictures, self.store, order)
        return await each_image(order, partial(self.decoders.decode, max_side=order.max_side))

    async def _begin(self, order: Order, record: Job) -> LiveJob:
        work = await _in_time(order, self._measured)
        now = trio.current_time()
        place = self.admission.reserve(work, self.link.hello, now)
        record.quote = place.quote
        try:
            pictures = await _in_time(order, self._pictures)
            order = fitting(order, pictures)
            live = LiveJob(record, pictures[0], order.arrived, work.deadline)
            if order.earlier is not None:
                live.kept = bool(order.work)
                await earlier.begin_with(self.store, live, order.earlier)
            await trio.to_thread.run_sync(self._keep, record, pictures, order.earlier)
        except BaseException:
            place.release()
            raise
        # From here to the nursery without a pause: cancelled, the caller leaves nothing behind.
        shared = Shared(
            submit_of(order, pictures),
            place,
            pictures,
            work.deadline,
            record.digest,
            self.see_off,
            order.work,
            now,
        )
        self.begin(shared)
        return self._entered(live, shared)

    def _keep(self, record: Job, pictures: tuple[Picture, ...], before: Job | None) -> None:
        if before is None:
            self.store.add(record, dict(zip((INPUT, SOURCE), pictures, strict=False)))
        else:
            self.store.add(record, earlier=before.id)

    async def _join(self, order: Order, record: Job) -> LiveJob | None:
        """Take part in the same work where it is under way and ends no later than this may."""
        shared, worker_by = self._same(order, record.digest)
        if shared is None:
            return None
        record.quote = shared.quote(trio.current_time())
        await trio.to_thread.run_sync(self.store.add, record)
        if not await self._inherited(record, shared):
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self.store.delete, record.id)
            return None
        # As in `_begin`: no pause.
        return self._entered(LiveJob(record, shared.pictures[0], order.arrived, worker_by), shared)

    def _same(self, order: Order, digested: str) -> tuple[Shared | None, float]:
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
        target = same[0].pictures[0]
        check_wanted(order, target.width, target.height)
        by = deadlines.worker_by(order, target.area, self.prices)
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
                except (NoLongerKept, NoRoom):
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


async def _in_time(order: Order, look: Callable[[Order], Awaitable[T]]) -> T:
    """What there is to see in an order's pictures, if its deadline does not come first.

    Raises:
        Busy: too many pictures were looked at before.
    """
    with trio.move_on_at(order.deadline + LATE_S):
        return await look(order)
    raise Busy("The deadline came before the image was decoded; send the request again.")
