"""A job under way: its record, what it has come to so far, and who waits for it. No I/O.

settled     the record has an end, and `result` is there if there will be one
fielded     the arrays of the field are in the store, or will never be
closed      nothing more happens; the store has all of it
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
import trio
from msgspec.structs import asdict, replace

from service.jobs.events import from_worker, terminal
from service.jobs.jobs import Job, JobState, Timings
from service.jobs.mailbox import Broadcast
from service.jobs.packed import Packed
from service.jobs.set_aside import set_aside
from service.pictures.picture import Picture
from service.problems import NotReady, Problem
from worker.wire.config import rgb
from worker.wire.messages import Finished, PassDone, Patch, Started, Tiles

if TYPE_CHECKING:
    from service.jobs.shared import Shared

NO_FIELD = (33, 145, 140)  # the middle of viridis: nothing is known
_FAILED = "The computation failed, which is a bug of the service; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False)
class LiveJob:
    """One job from its acceptance until the store has all of it."""

    record: Job
    latest: Picture | Packed  # the input, then the picture after each pass
    arrived: float  # the end of the upload, by trio's clock
    worker_by: float  # when the worker must have answered, by trio's clock
    shared: "Shared" = field(init=False)  # the computation that it takes part in
    result: Picture | None = None
    answer: bytes | None = None  # JSON, of a job whose answer is data
    cancelled: str | None = None  # why nobody wants it any more
    expects_arrays: bool = False
    kept: bool = False  # whether the store has something to go on from
    broadcast: Broadcast = field(init=False)
    settled: trio.Event = field(default_factory=trio.Event)
    fielded: trio.Event = field(default_factory=trio.Event)
    closed: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self.broadcast = Broadcast(self.record.public_id)

    @property
    def picture(self) -> Picture:
        """`latest`, of a job over pictures."""
        assert isinstance(self.latest, Picture)
        return self.latest

    def leaves(self, now: float) -> None:
        """Note that it goes to the worker; what came before counts as waiting."""
        if self.record.state is not JobState.QUEUED:  # it goes on
            return
        self.record.timings = Timings(queue_s=now - self.arrived)

    def cancel(self, reason: str) -> None:
        """Leave the computation, or after its end the arrays that still come."""
        self.shared.leave(self, reason)

    def catch_up(self, other: "LiveJob") -> None:
        """Take over how far a job has come whose computation this one joins."""
        if other.record.state is JobState.RUNNING:
            self.record.move(JobState.RUNNING)
        self.record.progress = other.record.progress
        self.record.pass_tiles_converged = other.record.pass_tiles_converged
        self.record.pass_tiles_total = other.record.pass_tiles_total
        self.latest, self.kept = other.latest, other.kept

    def hear(self, message: Started | Tiles | Patch | PassDone, payload: bytes) -> None:
        """Take note of the worker's progress, and pass it on."""
        if isinstance(message, Started):
            self._started()
        elif isinstance(message, Patch):
            self._advance(tiles_done=message.done, tiles_total=message.total)
            self.record.progress = replace(self.record.progress, eta_s=message.eta_s)
        elif isinstance(message, Tiles):
            self._count(message)
            counts = self.record.progress
            # Run again from the beginning, it shows what it had come to, not less.
            message = replace(message, done=counts.tiles_done, total=counts.tiles_total)
        elif not self._pass_done(message, payload):
            return
        self.broadcast.publish(from_worker(message))

    def finish(self, message: Finished, payload: bytes) -> None:
        """Take the worker's answer."""
        if message.state == "failed":
            _log.error("a job failed", job=self.record.id, reason=message.reason)
            self.fail(Problem(_FAILED.format(self.record.public_id)), "the computation failed")
            return
        furthest = self.record.progress.passes_done
        behind = message.state == "partial" and message.passes_done < furthest
        if behind and self.record.resumed_from is None:
            self.finish_without_worker("a worker was lost, and the next did not come as far")
            return
        result = self._picture(message.channels, payload) if payload else None
        self.record.finish(message)
        if behind:
            # It went back to where nothing was left out, or began anew: what there was is better.
            self._advance(passes_done=furthest)
            result = self.picture
        self.expects_arrays = message.arrays
        self._settle(result)

    def finish_without_worker(self, reason: str, *, late: bool = False) -> None:
        """End with what there is: the picture after the last pass, at least the input.

        Of a field there is nothing to show: an even picture when the worker was too late for more,
        as it would have answered with less time, or where it can be gone on with; else a problem.
        """
        if self.record.kind == "field" and (late or self.kept):
            self.record.move(JobState.PARTIAL, reason)
            self._settle(self._nothing())
            return
        if self.record.kind == "field":
            problem = NotReady(f"There is no field: {reason}; send the request again.")
            self.fail(problem, reason)
            return
        self.record.move(JobState.PARTIAL, reason)
        self._settle(self.picture)

    def set_aside(self, reason: str) -> None:
        """End because workers died over it: with its passes, if there are any."""
        if self.record.progress.passes_done:
            self.finish_without_worker(reason)
        else:
            self.fail(set_aside(), reason)

    def _nothing(self) -> Picture:
        colour = rgb(self.record.background) if self.record.drawing else NO_FIELD
        width, height = self.picture.width, self.picture.height
        return Picture(width, height, 3, bytes(colour) * (width * height))

    def finish_cancelled(self) -> None:
        """End because nobody wants it any more."""
        self.record.move(JobState.CANCELLED, self.cancelled)
        self.record.shared_with = 0
        self._settle(None)

    def fail(self, problem: Problem, reason: str) -> None:
        """End without a result."""
        self.record.move(JobState.FAILED, reason)
        self.record.problem = problem.to_document()
        self._settle(None)

    def announce_end(self) -> None:
        """Say the end to whoever listens."""
        self.broadcast.publish(terminal(self.record.document()))

    def close(self) -> None:
        """Let go of whoever still waits for something."""
        self.fielded.set()
        self.closed.set()

    def _started(self) -> None:
        if self.record.state is JobState.RUNNING:  # the first worker died, this is another
            self.record.move(JobState.QUEUED)
        self.record.move(JobState.RUNNING)

    def _count(self, message: Tiles) -> None:
        # Run again from the beginning, it is a while until the job is as far as it was.
        if message.done >= self.record.progress.tiles_done and message.pass_index:
            self.record.pass_tiles_converged = message.pass_done
            self.record.pass_tiles_total = message.pass_total
        self._advance(tiles_done=message.done, tiles_total=message.total)
        self.record.progress = replace(self.record.progress, eta_s=message.eta_s)

    def _pass_done(self, message: PassDone, payload: bytes) -> bool:
        """Take a pass over; False for one that an earlier run had come to."""
        # Run again from the beginning, it is a while until the job is as far as it was.
        news = message.index > self.record.progress.passes_done
        if news:
            self.latest = self._picture(self.picture.channels, payload)
            if message.index < message.of:  # the next one has no tiles yet
                self.record.pass_tiles_converged = 0
        self._advance(passes_done=message.index, passes_total=message.of)
        return news

    def _advance(self, **counts: int) -> None:
        known = asdict(self.record.progress)
        furthest = {name: max(known[name], count) for name, count in counts.items()}
        self.record.progress = replace(self.record.progress, **furthest)

    def _picture(self, channels: int, payload: bytes) -> Picture:
        return Picture(self.picture.width, self.picture.height, channels, payload)

    def _settle(self, result: Picture | None) -> None:
        self.result = result
        self.settled.set()
