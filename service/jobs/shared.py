"""A computation in the worker, and the jobs that wait for it: those that asked for the same.

Each job keeps its record, its events and its deadline. The one that began the computation is
nothing special: it goes on as long as anybody waits. When its time is over, those who have more
go on from what was reached, in a computation of their own. No I/O.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
import trio

from service.jobs import deadlines
from service.jobs.admission import Place, Quote
from service.jobs.array_files import array_bytes
from service.jobs.events import Event
from service.jobs.job_files import ARRAYS, DATA
from service.jobs.jobs import new_job_id
from service.jobs.live_job import LiveJob
from service.jobs.mailbox import PreviewPace
from service.jobs.packed import Packed
from service.pictures.picture import Picture
from worker.wire.framing import MAX_PAYLOAD
from worker.wire.messages import ArrayChunk, Finished, PassDone, Patch, Started, Submit, Tiles

MORE_S = 0.5  # that somebody must have to go on, besides what it takes to hand the work on


@dataclass(eq=False)
class Shared:
    """One computation, from the place it was given until the store has all of it."""

    submit: Submit
    place: Place
    pictures: tuple[Picture | Packed, ...]  # the input and the source
    worker_by: float  # when the worker must have answered, by trio's clock
    digest: str
    see_off: Callable[[LiveJob], None]  # brings a job to its end that leaves while others stay
    work: bytes = b""  # what an earlier job left; let go of on the way to the worker
    began: float = 0.0  # when it got its place, by trio's clock
    members: list[LiveJob] = field(default_factory=list)
    rest: "Shared | None" = None  # how those go on who have more time
    carrier: LiveJob = field(init=False)  # the arrays are written below it
    told: bool = False  # the members' ends are kept and announced
    ended: bool = False  # the members have the worker's answer, or what stands for it
    pace: PreviewPace = field(default_factory=PreviewPace)
    stop: trio.CancelScope = field(default_factory=trio.CancelScope)
    _hands_on: bool = False  # the rest waits for what is left to go on from
    _named: set[str] = field(default_factory=lambda: set(ARRAYS))  # arrays that are to come
    _arrays: dict[str, int] = field(default_factory=dict)  # bytes that are missing

    @property
    def joinable(self) -> bool:
        """Whether somebody may still join."""
        return not self.ended and not self.stop.cancel_called

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return all(each.cancelled is not None for each in self.members)

    @property
    def owner(self) -> str:
        """Whose it is; all its members are."""
        return self.members[0].record.owner

    @property
    def lead(self) -> LiveJob:
        """The job below which its arrays are written."""
        return self.members[0] if self.members else self.carrier

    @property
    def listeners(self) -> int:
        """How many listen to any of the members."""
        return sum(each.broadcast.listeners for each in self.members)

    @property
    def passes_done(self) -> int:
        """Passes that every member knows of."""
        return self.members[0].record.progress.passes_done

    def quote(self, now: float) -> Quote:
        """What who joins now may expect."""
        quote = self.place.quote
        return replace(quote, position=0, seconds=max(0.0, quote.seconds - (now - self.began)))

    def go_on_from(self, work: bytes) -> None:
        """Begin with the npz that an earlier computation left, where one frame has room for it."""
        room = MAX_PAYLOAD - sum(each.nbytes for each in self.pictures)
        self.work = work if len(work) <= room else b""
        self.submit = msgspec.structs.replace(self.submit, work_bytes=len(self.work))

    def join(self, live: LiveJob) -> None:
        """Let a job take part from now on; it is told what the others know."""
        if self.members:
            live.catch_up(self.members[0])
        live.shared = self
        self.members.append(live)
        self._count()

    def leave(self, live: LiveJob, reason: str) -> None:
        """A job does not want it any more; the last one ends the computation."""
        if live.settled.is_set():
            live.expects_arrays = False
            if not self.expects_arrays:
                self.stop.cancel()
            return
        live.cancelled = reason
        if len(self.members) == 1:
            self.stop.cancel()
            return
        self.members.remove(live)
        live.finish_cancelled()
        self._count()
        self.see_off(live)

    # --- what the worker says -----------------------------------------------------------------

    def leaves(self, now: float) -> None:
        """Note that it goes to the worker."""
        for each in self.members:
            each.leaves(now)

    def hear(self, message: Started | Tiles | Patch | PassDone, payload: bytes) -> None:
        """Take note of the worker's progress, and pass it on."""
        if isinstance(message, Tiles | Patch):
            self.place.progress(message.done / max(1, message.total))
        for each in self.members:
            if isinstance(message, Started):
                each.record.device = self.place.device  # it may have moved
            each.hear(message, payload)

    def publish(self, event: Event) -> None:
        """Tell every listener of every member."""
        for each in self.members:
            each.broadcast.publish(event)

    def finish(self, message: Finished, payload: bytes, now: float) -> None:
        """Take the worker's answer; who has more time than a partial one took goes on."""
        self._named = {DATA + name for name in message.named} or set(ARRAYS)
        if message.state == "partial":
            self._part(now, arrays=message.arrays)
        self._end()
        if message.state == "complete" and not self.submit.work_bytes:
            self.place.learn(message.field_s + message.shade_s)
        for each in self.members:
            each.finish(message, payload)

    def finish_without_worker(self, reason: str, late: float | None = None) -> None:
        """End with what there is; cancelled when nobody waits.

        Of a worker that only was late, at this time, those who have more of it go on.
        """
        if late is not None:
            self._part(late, arrays=False)
        self._end_each(lambda each: each.finish_without_worker(reason, late=late is not None))

    def set_aside(self, reason: str) -> None:
        """End what workers died over, as `finish_without_worker`."""
        self._end_each(lambda each: each.set_aside(reason))

    def _end_each(self, finish: Callable[[LiveJob], None]) -> None:
        self._end()
        for each in self.members:
            if each.cancelled is not None:
                each.finish_cancelled()
            else:
                finish(each)

    # --- arrays -------------------------------------------------------------------------------

    @property
    def expects_arrays(self) -> bool:
        """Whether somebody wants the arrays that follow the answer."""
        return self._hands_on or any(each.expects_arrays for each in self.members)

    def add_piece(self, chunk: ArrayChunk, size: int) -> None:
        """Note that a piece of an array of the field has come, of so many bytes."""
        self._arrays[chunk.name] = self._arrays.get(chunk.name, array_bytes(chunk)) - size

    def forget_pieces(self) -> None:
        """All of them come again."""
        self._arrays.clear()

    @property
    def arrays_complete(self) -> bool:
        """Whether every array of the field has come, whole."""
        return self._named <= set(self._arrays) and not any(self._arrays.values())

    def _part(self, now: float, *, arrays: bool) -> None:
        """Let those go on who have more time."""
        took = max(now, self.worker_by)
        more_s = MORE_S + deadlines.NPZ_S_PER_PIXEL * self.submit.target.area
        staying = [each for each in self.members if each.cancelled is None]
        patient = [each for each in staying if each.worker_by - took >= more_s]
        if not patient:
            return
        self.carrier = patient[0]
        self.members = [each for each in self.members if each not in patient]
        by = self.place.deadline = min(each.worker_by for each in patient)
        submit = msgspec.structs.replace(self.submit, job=new_job_id(), work_bytes=0)
        self.rest = Shared(submit, self.place, self.pictures, by, self.digest, self.see_off)
        self.rest.members, self._hands_on = patient, arrays
        self.rest.began = self.began
        for each in patient:
            each.shared = self.rest
        self.rest._count()

    def _end(self) -> None:
        self.ended, self.pictures = True, ()
        self.carrier = self.members[0] if self.members else self.carrier
        for each in self.members:
            each.record.shared_with = 0

    def _count(self) -> None:
        for each in self.members:
            each.record.shared_with = len(self.members) - 1
