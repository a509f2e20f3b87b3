"""How an order over pictures is looked at: sizes first, and pixels once it has a place."""

from dataclasses import dataclass
from functools import partial
from math import prod

import trio

from service.jobs import deadlines, earlier
from service.jobs.jobs import Job
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order
from service.jobs.packed import Packed
from service.jobs.reception import check_wanted, each_image, shrunk, submit_of, work_of
from service.jobs.store import Store
from service.jobs.work import Work
from service.pictures.images import Decoders
from service.pictures.picture import Picture
from service.pictures.prices import EncodePrices
from worker.wire.messages import Submit


@dataclass(eq=False, frozen=True)
class PictureReception:
    """As `service.jobs.entrance.Reception`."""

    order: Order
    decoders: Decoders
    store: Store
    prices: EncodePrices

    async def measured(self) -> Work:
        """By the headers of its pictures."""
        order = self.order
        if order.earlier is None:
            headers = await each_image(order, self.decoders.header)
            sizes = [shrunk(header, order.max_side) for header in headers]
        else:
            sizes = await trio.to_thread.run_sync(earlier.kept_sizes, self.store, order)
        check_wanted(order, *sizes[0])
        return work_of(order, sizes, deadlines.worker_by(order, prod(sizes[0]), self.prices))

    async def inputs(self) -> tuple[Picture, ...]:
        """Its pixels."""
        order = self.order
        if order.earlier is not None:
            return await trio.to_thread.run_sync(earlier.kept_pictures, self.store, order)
        return await each_image(order, partial(self.decoders.decode, max_side=order.max_side))

    def note(self, record: Job) -> None:
        """Nothing more."""

    def joined_by(self, inputs: tuple[Picture | Packed, ...]) -> float:
        """When the worker must have answered, by trio's clock; raises NotAcceptable."""
        target = inputs[0]
        assert isinstance(target, Picture)
        check_wanted(self.order, target.width, target.height)
        return deadlines.worker_by(self.order, target.area, self.prices)

    def live(self, record: Job, first: Picture | Packed, by: float) -> LiveJob:
        """The job under way."""
        return LiveJob(record, first, self.order.arrived, by)

    def submit(self, inputs: tuple[Picture | Packed, ...], work: bytes) -> Submit:
        """What the worker is told."""
        pictures = [each for each in inputs if isinstance(each, Picture)]
        return submit_of(self.order, pictures, work)
