"""A job under way: its record, what it has come to so far, and who waits for it. No I/O.

settled     the record has an end, and `result` is there if there will be one
fielded     the arrays of the field are in the store, or will never be
closed      nothing more happens; the store has all of it
"""

import math
from dataclasses import dataclass, field

import msgspec
import numpy as np
import structlog
import trio

from service.jobs.admission import Place
from service.jobs.events import from_worker, terminal
from service.jobs.job_files import ARRAYS
from service.jobs.jobs import Job, JobState, Timings
from service.jobs.mailbox import Broadcast, PreviewPace
from service.pictures.picture import Picture
from service.problems import NotReady, Problem
from worker.wire.messages import ArrayChunk, Finished, PassDone, Started, Submit, Tiles

_FAILED = "The computation failed, which is a bug of the service; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False)
class LiveJob:
    """One job from its acceptance until the store has all of it."""

    record: Job
    submit: Submit
    place: Place
    sent: tuple[Picture, ...]  # the input and the source; let go of on the way to the worker
    arrived: float  # the end of the upload, by trio's clock
    worker_by: float  # when the worker must have answered, by trio's clock
    latest: Picture = field(init=False)  # the input, then the picture after each pass
    result: Picture | None = None
    cancelled: str | None = None  # why nobody wants it any more
    expects_arrays: bool = False
    broadcast: Broadcast = field(init=False)
    pace: PreviewPace = field(default_factory=PreviewPace)
    stop: trio.CancelScope = field(default_factory=trio.CancelScope)
    settled: trio.Event = field(default_factory=trio.Event)
    fielded: trio.Event = field(default_factory=trio.Event)
    closed: trio.Event = field(default_factory=trio.Event)
    _arrays: dict[str, int] = field(default_factory=dict)  # bytes that are missing

    def __post_init__(self) -> None:
        self.latest = self.sent[0]
        self.broadcast = Broadcast(self.record.id)

    def leaves(self, now: float) -> None:
        """Note that it goes to the worker; what came before counts as waiting."""
        self.record.timings = Timings(queue_s=now - self.arrived)

    def cancel(self, reason: str) -> None:
        """Stop: the computation, or after its end the arrays that still come."""
        if not self.settled.is_set():
            self.cancelled = reason
        self.expects_arrays = False
        self.stop.cancel()

    def hear(self, message: Started | Tiles | PassDone, payload: bytes) -> None:
        """Take note of the worker's progress, and pass it on."""
        if isinstance(message, Started):
            self._started()
        elif isinstance(message, Tiles):
            self._count(message)
        else:
            self._pass_done(message, payload)
        self.broadcast.publish(from_worker(message))

    def finish(self, message: Finished, payload: bytes) -> None:
        """Take the worker's answer."""
        if message.state == "failed":
            _log.error("a job failed", job=self.record.id, reason=message.reason)
            self.fail(Problem(_FAILED.format(self.record.id)), "the computation failed")
            return
        furthest = self.record.progress.passes_done
        if message.state == "partial" and message.passes_done < furthest:
            self.finish_without_worker("a worker was lost, and the next did not come as far")
            return
        result = self._picture(message.channels, payload) if payload else None
        self.record.finish(message)
        self.expects_arrays = message.arrays
        self._settle(result)

    def finish_without_worker(self, reason: str) -> None:
        """End with what there is: the picture after the last pass, at least the input."""
        if self.record.kind == "field":
            problem = NotReady(f"There is no field: {reason}; send the request again.")
            self.fail(problem, reason)
            return
        self.record.move(JobState.PARTIAL, reason)
        self._settle(self.latest)

    def finish_cancelled(self) -> None:
        """End because nobody wants it any more."""
        self.record.move(JobState.CANCELLED, self.cancelled)
        self._settle(None)

    def fail(self, problem: Problem, reason: str) -> None:
        """End without a result."""
        self.record.move(JobState.FAILED, reason)
        self.record.problem = problem.to_document()
        self._settle(None)

    def add_piece(self, chunk: ArrayChunk, size: int) -> None:
        """Note that a piece of an array has come, of so many bytes."""
        whole = np.dtype(chunk.dtype).itemsize * math.prod(chunk.shape)
        self._arrays[chunk.name] = self._arrays.get(chunk.name, whole) - size

    @property
    def arrays_complete(self) -> bool:
        """Whether every array of the field has come, whole."""
        return set(ARRAYS) <= set(self._arrays) and not any(self._arrays.values())

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
        self.place.progress(message.done / max(1, message.total))

    def _pass_done(self, message: PassDone, payload: bytes) -> None:
        # Run again from the beginning, it is a while until the job is as far as it was.
        if message.index > self.record.progress.passes_done:
            self.latest = self._picture(self.submit.channels, payload)
            if message.index < message.of:  # the next one has no tiles yet
                self.record.pass_tiles_converged = 0
        self._advance(passes_done=message.index, passes_total=message.of)

    def _advance(self, **counts: int) -> None:
        known = msgspec.structs.asdict(self.record.progress)
        furthest = {name: max(known[name], count) for name, count in counts.items()}
        self.record.progress = msgspec.structs.replace(self.record.progress, **furthest)

    def _picture(self, channels: int, payload: bytes) -> Picture:
        return Picture(self.submit.width, self.submit.height, channels, payload)

    def _settle(self, result: Picture | None) -> None:
        self.result = result
        self.settled.set()
