"""Every message that crosses the socket between service and worker.

A message travels as one frame: a msgpack header (one of the structs below, told apart by its tag)
and a payload of raw bytes, empty unless the struct's docstring names one. Pixels are uint8,
row-major, (height, width, channels), channels 3 (RGB) or 4 (RGBA, not premultiplied).
"""

from typing import Literal

import msgspec

from worker.wire.explained import Match, Segment
from worker.wire.params import DataParams, JobParams

PROTOCOL = 8
BYTES_AS_A_PIXEL = 4  # of the arrays of a graph: with 2 million nodes it is worked on in 0.6 GB


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all messages; the tag is the class name."""


# --- service to worker -------------------------------------------------------------------------


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """A picture's size in pixels and bytes."""

    width: int
    height: int
    channels: int

    @property
    def area(self) -> int:
        """How many pixels, the unit of all prices."""
        return self.width * self.height

    @property
    def nbytes(self) -> int:
        """How many bytes its pixels are."""
        return self.area * self.channels


class Trace(msgspec.Struct, frozen=True):
    """The request that something is done for, as W3C Trace Context and log lines name it."""

    request_id: str
    trace_id: str  # 32 hexadecimal digits
    span_id: str  # 16: what the service does for the request
    parent_id: str | None = None  # 16: what its caller does

    @property
    def log_fields(self) -> dict[str, str]:
        """What a log line says of it."""
        return {name: text for name, text in msgspec.structs.asdict(self).items() if text}


class Submit(Message, frozen=True):
    """Start a job. Payload: its pictures' pixels or its input as an npz, the work to go on from."""

    job: str
    width: int  # these are 0 where the answer is data
    height: int
    channels: int
    budget_s: float  # seconds from now until the worker must have sent `Finished`
    params: JobParams
    source: Shape | None = None  # where strokes are taken from; None: the input itself
    arrays_bytes: int = 0  # of an npz: the input of a job whose answer is data
    work_bytes: int = 0  # of an npz: what an earlier job over the same left
    keep_work: bool = False  # whether to send, now and then, what is needed to go on
    explain: bool = False  # whether to send how each pass came about
    apart: bool = False  # a worker may have died over it: it has its turns alone
    trace: Trace | None = None  # for the log

    @property
    def log_fields(self) -> dict[str, str]:
        """What a log line says about whom it concerns."""
        return {"job": self.job} | (self.trace.log_fields if self.trace else {})

    @property
    def target(self) -> Shape:
        """The input's size."""
        return Shape(self.width, self.height, self.channels)

    @property
    def shapes(self) -> list[Shape]:
        """The pictures of the payload, in order."""
        if isinstance(self.params, DataParams):
            return []
        return [self.target] if self.source is None else [self.target, self.source]

    @property
    def input_bytes(self) -> int:
        """Bytes of the payload before the work to go on from."""
        return sum(each.nbytes for each in self.shapes) + self.arrays_bytes

    @property
    def size(self) -> int:
        """Pixels of its pictures, or as many as take the memory that its arrays lead to."""
        return sum(each.area for each in self.shapes) + self.arrays_bytes // BYTES_AS_A_PIXEL


class Cancel(Message, frozen=True):
    """Stop a job; answered by `Finished` with state `cancelled`, also for a job not known."""

    job: str


# --- worker to service -------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message: the worker has warmed up and takes jobs."""

    device: str  # as torch names it: `cpu`, `cuda:0`
    device_name: str
    warning: str | None  # said loudly when CUDA was not usable
    shade_s_per_mp: float  # measured while warming up: seconds of one pass per megapixel
    field_s_per_mp: float
    coarse_s_per_mp: float = 0.0  # the part of it until every tile has a vector
    protocol: int = PROTOCOL


class Counts(msgspec.Struct):
    """What a worker has done; nothing here ever falls."""

    turns: int = 0  # of the device
    overruns: int = 0  # turns that took more than twice a quantum
    busy_seconds: float = 0.0  # of turns
    batches: int = 0
    batch_jobs: int = 0  # in all batches together
    batch_tiles: int = 0
    batch_room: int = 0  # tiles that a quantum had room for
    tiles: int = 0  # that converged, or were called degenerate
    iterations: int = 0  # of those

    def since(self, earlier: "Counts") -> "Counts":
        """What came after an earlier count."""
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(earlier)
        return Counts(*(now - then for now, then in zip(mine, theirs, strict=True)))

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Counts(*(one + more for one, more in zip(mine, theirs, strict=True)))


class Stats(Message, frozen=True):
    """How the worker stands, every second in which that has changed."""

    counts: Counts  # since the connection was opened
    resident_bytes: int  # of the process
    device_bytes: int | None = None  # of CUDA memory that the process has taken


class Turn(Message, frozen=True):
    """Which jobs may have the device from now on; sent before they have it, for it may be the last.

    Short turns are told of together, those of jobs that are `apart` one by one. None: it is the
    turn of another service.
    """

    jobs: list[str]


class Started(Message, frozen=True):
    """The job has left the queue."""

    job: str


class Certificate(msgspec.Struct, frozen=True, array_like=True):
    """What is proved about one tile."""

    y: int
    x: int
    height: int
    width: int
    status: Literal["coarse", "refining", "converged", "degenerate"]
    angle_bound: float | None  # bound on sin(angle to the lambda_2 eigenspace); None: no bound
    lambda2: float
    iterations: int


class Tiles(Message, frozen=True):
    """Tiles got better; certificates since the last such message."""

    job: str
    pass_index: int  # 1-based; 0: these are tiles of the source
    done: int  # over all passes and the source together
    total: int
    pass_done: int  # of this pass, or of the source
    pass_total: int
    certificates: list[Certificate]
    eta_s: float | None = None  # seconds until the job's end, estimated


class Patch(Message, frozen=True):
    """Parts of a job whose answer is data are done; what they came to since the last such message.

    Of very many at a time some are left out: the result has them all.
    """

    job: str
    done: int
    total: int
    index: list[int]
    values: dict[str, list[float | None]]  # at those places, by name
    eta_s: float | None = None  # seconds until the job's end, estimated


class Preview(Message, frozen=True):
    """A small picture of the state so far. Payload: its pixels, at most 512 px a side.

    `x`, `y`, `width`, `height` is the rectangle of the whole picture that it shows.
    """

    job: str
    kind: Literal["field", "image"]
    pass_index: int
    x: int
    y: int
    width: int
    height: int
    full_width: int
    full_height: int
    pixel_width: int
    pixel_height: int
    channels: int


class PassDone(Message, frozen=True):
    """A pass is complete. Payload: the whole picture after it, channels as submitted."""

    job: str
    index: int  # 1-based
    of: int


class Explained(Message, frozen=True):
    """How a pass came about, before its `PassDone`; of jobs with `explain`.

    Payload: its layers, as `worker.wire.explained` has them.
    """

    job: str
    index: int  # 1-based
    segments: list[Segment]
    matches: list[Match]


class Skipped(msgspec.Struct, frozen=True):
    """Something left out on purpose, and why."""

    what: str
    why: str


class Finished(Message, frozen=True):
    """The last message about a job's answer, exactly one per job.

    Payload: the resulting pixels (channels as submitted; a field job: its RGB picture), or where
    the answer is data the result as a JSON object; empty when cancelled or failed. With `arrays` a
    run of `ArrayChunk` follows, closed by `ArraysDone`.
    """

    job: str
    state: Literal["complete", "partial", "failed", "cancelled"]
    reason: str | None = None
    channels: int = 3
    pass_tiles_converged: int = 0  # of the pass that was reached
    pass_tiles_total: int = 0
    passes_done: int = 0
    passes_total: int = 0
    tiles_done: int = 0  # over all passes and the source
    tiles_total: int = 0
    angle_bound_median: float | None = None
    angle_bound_max: float | None = None
    queue_s: float = 0.0
    field_s: float = 0.0
    shade_s: float = 0.0
    oom_retries: int = 0
    skipped: list[Skipped] = []
    arrays: bool = False
    named: list[str] = []  # of an answer that is data: its arrays
    linked: list[str] = []  # those of them that are not in the payload, as lists
    fatal: bool = False  # not the last: the device is lost over this job, and the worker ends


class ArrayChunk(Message, frozen=True):
    """A piece of one array of the field, in C order. Payload: bytes from `offset`."""

    job: str
    name: str  # of the field: see `field_arrays`; with `work.` of a checkpoint, `result.` of data
    dtype: str  # numpy's name
    shape: tuple[int, ...]
    offset: int  # bytes


class Checkpoint(Message, frozen=True):
    """The arrays of work since the last such message are all there: a run can go on from them.

    It may come at any time between `Started` and `ArraysDone`.
    """

    job: str
    whole: bool  # whether it stands by itself; else it adds to those before it
    arrays: int  # how many: of one that did not arrive at all nothing else would tell


class ArraysDone(Message, frozen=True):
    """No more `ArrayChunk` for this job."""

    job: str


ToWorker = Submit | Cancel
ToService = (
    Hello
    | Stats
    | Turn
    | Started
    | Tiles
    | Patch
    | Preview
    | Explained
    | PassDone
    | Finished
    | ArrayChunk
    | Checkpoint
    | ArraysDone
)
