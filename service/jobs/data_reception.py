"""How an order is looked at whose answer is data: its parts are read and checked at once."""

from dataclasses import dataclass, field

import numpy as np
import trio

from service import tracing
from service.jobs import deadlines
from service.jobs.data_orders import DataOrder
from service.jobs.job_files import INPUT_NPZ
from service.jobs.jobs import Job, new_job_id
from service.jobs.live_data import LiveData
from service.jobs.packed import Packed, packed
from service.jobs.store import Store
from service.jobs.work import DataWork
from service.pictures.decoder_process import File
from service.pictures.decoder_socket import Arrays
from service.pictures.images import Decoders
from service.pictures.picture import Picture
from service.problems import (
    BadSpec,
    BrokenImage,
    FieldError,
    NoLongerKept,
    TooManyPixels,
    UnsupportedFormat,
)
from service.spec.reading import bad_spec
from worker.wire.jobs.kind import Part
from worker.wire.messages import Submit

_GONE = "What the job works on was removed; send the request again."


@dataclass(eq=False)
class DataReception:
    """As `service.jobs.entrance.Reception`."""

    order: DataOrder
    decoders: Decoders
    store: Store
    _input: Packed | None = None
    _facts: dict[str, int] = field(default_factory=dict)

    async def measured(self) -> DataWork:
        """By what its parts hold."""
        order = self.order
        if order.earlier is None:
            self._input = await self._read()
            self._check()
        else:
            kept = await trio.to_thread.run_sync(self.store.get_file, order.earlier.id, INPUT_NPZ)
            if kept is None:
                raise NoLongerKept(_GONE)
            self._input, self._facts = Packed(kept), order.earlier.facts
        kind, params = order.described, order.described.read(order.params.values)
        seconds = kind.estimate(params, self._facts)
        return DataWork(order.kind, seconds, self._input.nbytes, self._by)

    async def inputs(self) -> tuple[Packed, ...]:
        """What was read."""
        assert self._input is not None  # it was measured
        return (self._input,)

    def note(self, record: Job) -> None:
        """How large it is."""
        record.facts = self._facts

    def joined_by(self, inputs: tuple[Picture | Packed, ...]) -> float:  # noqa: ARG002
        """When the worker must have answered, by trio's clock."""
        return self._by

    def live(self, record: Job, first: Picture | Packed, by: float) -> LiveData:
        """The job under way."""
        return LiveData(record, first, self.order.arrived, by)

    def submit(self, inputs: tuple[Picture | Packed, ...], work: bytes) -> Submit:
        """What the worker is told; its id is of this computation."""
        return Submit(
            job=new_job_id(),
            width=0,
            height=0,
            channels=0,
            budget_s=0.0,  # until it is known when it leaves
            params=self.order.params,
            arrays_bytes=inputs[0].nbytes,
            work_bytes=len(work),
            keep_work=self.order.keep_work,
            trace=tracing.current(),
        )

    @property
    def _by(self) -> float:
        return self.order.deadline - deadlines.MARGIN_S

    async def _read(self) -> Packed:
        arrays: dict[str, np.ndarray] = {}
        for part in self.order.described.parts:
            if part.name in self.order.files:
                read = await self._part(part)
                arrays |= {
                    part.name + name: each
                    for name, each in read.arrays.items()
                    if part.keeps(name, each)
                }
                self._facts |= read.facts
        return await trio.to_thread.run_sync(packed, arrays)

    async def _part(self, part: Part) -> Arrays:
        file = self.order.files[part.name]
        try:
            if part.sort == "image":
                return await self._picture(part.name, file)
            return await self.decoders.arrays(part.sort, file)
        except BadSpec as problem:
            raise bad_spec([_within(part.name, each) for each in problem.errors]) from problem
        except BrokenImage as problem:
            if part.sort == "image":
                raise
            message = "takes too much time or memory to be read; send less"
            raise bad_spec([(part.name, message)]) from problem

    async def _picture(self, part: str, file: File) -> Arrays:
        try:
            return _of_picture(part, await self.decoders.decode(file))
        except (BrokenImage, TooManyPixels, UnsupportedFormat) as problem:
            raise type(problem)(f"{part}: {problem.detail}") from problem

    def _check(self) -> None:
        order = self.order
        params = order.described.read(order.params.values)
        if errors := list(order.described.check(params, self._facts)):
            raise bad_spec(errors)


def _of_picture(part: str, picture: Picture) -> Arrays:
    pixels = np.frombuffer(picture.pixels, np.uint8)
    shape = (picture.height, picture.width, picture.channels)
    return Arrays({"": pixels.reshape(shape)}, {f"{part}_pixels": picture.area})


def _within(part: str, error: FieldError) -> tuple[str, str]:
    """The error of a part's member, by its full name."""
    member = error.field.removeprefix(part)
    dot = "." if member and member[0] not in ".[" else ""
    return f"{part}{dot}{member}", error.message
