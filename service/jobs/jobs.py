"""A job as the service keeps and shows it: its id, its states, its document.

    queued ──► running ──► complete
      │  ▲       │  │
      │  └───────┘  ├────► partial     the deadline came first, or a restart
      │ worker died │
      │             ├────► failed
      └─────────────┴────► cancelled

From `queued` a job can also end at once, except as complete. Nothing follows an end; but a restart
that cuts off the arrays of an answer, with which a job is complete, leaves it partial.
"""

import math
import re
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from service.access.keys import OWNER
from service.jobs.admission import Quote
from worker.wire.jobs import KINDS
from worker.wire.messages import Finished, Skipped

JOB_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_FULL_ID = re.compile(rf"(?:{OWNER}\.)?{JOB_ID.pattern}")


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return not NEXT[self]


_STOPPED = frozenset({JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED})
NEXT: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: _STOPPED | {JobState.RUNNING},
    JobState.RUNNING: _STOPPED | {JobState.COMPLETE, JobState.QUEUED},
    JobState.COMPLETE: frozenset(),
    JobState.PARTIAL: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


class StateError(Exception):
    """A move that the table does not have: a bug of the caller's."""


class Progress(msgspec.Struct, frozen=True):
    """How far a job is, over all its passes; the tiles of a source count too."""

    tiles_done: int = 0
    tiles_total: int = 0
    passes_done: int = 0
    passes_total: int = 0
    eta_s: float | None = None  # seconds until the end, as last estimated

    def document(self, *, running: bool) -> dict[str, Any]:
        """The counts, and while it runs also when it is likely to end."""
        counts = msgspec.structs.asdict(self)
        if not running:
            del counts["eta_s"]
        return counts


class Quality(msgspec.Struct, frozen=True):
    """Bounds on sin(angle to the exact eigenspace) over the tiles; null where there is none."""

    angle_bound_median: float | None = None
    angle_bound_max: float | None = None


class Timings(msgspec.Struct, frozen=True):
    """Where the time went, in seconds."""

    queue_s: float = 0.0
    field_s: float = 0.0
    shade_s: float = 0.0
    encode_s: float = 0.0


class Job(msgspec.Struct, kw_only=True):
    """The record of one job. `document` is what callers see of it; the store keeps all of it."""

    id: str  # as it is kept; its owner knows it as `public_id`
    kind: str
    created: float  # seconds since the epoch
    deadline_s: float
    owner: str = ""  # whose key; empty where there are no keys
    name: str = ""  # stem of the file name of its pictures
    background: str = "#ffffff"  # for formats without alpha
    drawing: bool = False  # a line drawing: there is an SVG of it
    digest: str = ""  # of the work: jobs of the same digest come to the same result
    spec: dict[str, Any] = {}  # what was asked for, every field but the deadline
    facts: dict[str, int] = {}  # of what it works on, where its answer is data: how large that is
    state: JobState = JobState.QUEUED
    status_reason: str | None = None
    resumed_from: str | None = None
    shared_with: int = 0  # jobs that wait for the same computation
    quote: Quote | None = None  # what was expected when it was accepted
    progress: Progress = Progress()
    quality: Quality = Quality()
    timings: Timings = Timings()
    pass_tiles_converged: int = 0  # of the pass that was reached
    pass_tiles_total: int = 0
    device: str | None = None
    oom_retries: int = 0
    skipped: list[Skipped] = []
    linked: list[str] = []  # of an answer that is data: arrays that are not in its document
    problem: dict[str, Any] | None = None
    arrays_due: bool = False  # it is complete with arrays of its answer that are not all kept yet

    @property
    def closed(self) -> bool:
        """Whether it has ended and nothing more comes of it."""
        return self.state.ended and not self.arrays_due

    def move(self, state: JobState, reason: str | None = None) -> None:
        """Go to another state.

        Raises:
            StateError: the table has no such move.
        """
        if state not in NEXT[self.state]:
            raise StateError(f"job {self.id} cannot go from {self.state} to {state}")
        self.state = state
        self.status_reason = reason

    def lose_arrays(self, reason: str) -> None:
        """The arrays of its answer will not come: all but those is there, and it can be resumed."""
        self.state, self.status_reason, self.arrays_due = JobState.PARTIAL, reason, False

    def finish(self, message: Finished) -> None:
        """Take over the worker's last word: state, counts, bounds, seconds."""
        self.move(JobState(message.state), message.reason)
        self.progress = Progress(
            message.tiles_done, message.tiles_total, message.passes_done, message.passes_total
        )
        self.pass_tiles_converged = message.pass_tiles_converged
        self.pass_tiles_total = message.pass_tiles_total
        self.quality = Quality(
            _finite(message.angle_bound_median), _finite(message.angle_bound_max)
        )
        self.timings = msgspec.structs.replace(
            self.timings,
            queue_s=self.timings.queue_s + message.queue_s,  # the service's share came before
            field_s=message.field_s,
            shade_s=message.shade_s,
        )
        self.oom_retries = message.oom_retries
        self.skipped = list(message.skipped)
        # A shaded picture is all of its answer; the field it was made by only comes with it.
        is_whole = not message.arrays or self.kind == "shade"
        self.arrays_due = self.state is JobState.COMPLETE and not is_whole

    @property
    def public_id(self) -> str:
        """The id among those of its owner."""
        return public_id(self.id)

    def reached(self, passes: int) -> None:
        """Note that so many passes are kept, of which the record may not know all."""
        counts = self.progress
        if passes > counts.passes_done:
            least = counts.tiles_total * passes // max(1, counts.passes_total)
            done = max(counts.tiles_done, least)
            self.progress = msgspec.structs.replace(counts, passes_done=passes, tiles_done=done)

    @property
    def resumable(self) -> bool:
        """Whether another job can go on from here."""
        return self.state is JobState.PARTIAL and bool(self.spec)

    @property
    def is_data(self) -> bool:
        """Whether its answer is data."""
        return self.kind in KINDS

    def _data_links(self) -> dict[str, str | None]:
        """What is there instead of pictures."""
        if not self.is_data:
            return {}
        path = f"/jobs/{self.public_id}"
        kind = KINDS[self.kind]
        image = f"{path}/image" if kind.picture else None
        graph = {"graph": f"{path}/graph"} if kind.graph else {}
        return {"image": image, "field": None, "result": f"{path}/result"} | graph

    @property
    def explains(self) -> bool:
        """Whether it keeps how its passes came about."""
        return bool(self.spec.get("explain"))

    def document(self) -> dict[str, Any]:
        """The job document of the API."""
        optional = {
            "status_reason": self.status_reason,
            "owner": self.owner or None,
            "resumed_from": self.resumed_from and public_id(self.resumed_from),
            "shared_with": self.shared_with or None,
            "input": self.facts or None,
            "problem": self.problem,
            "quote": asdict(self.quote) if self.quote and not self.state.ended else None,
        }
        return {
            "id": self.public_id,
            "kind": self.kind,
            "state": str(self.state),
            "name": self.name,
            "spec": self.spec,
            "created": timestamp(self.created),
            "deadline_s": self.deadline_s,
            "progress": self.progress.document(running=self.state is JobState.RUNNING),
            "quality": msgspec.structs.asdict(self.quality),
            "timings": msgspec.structs.asdict(self.timings),
            "device": self.device,
            "oom_retries": self.oom_retries,
            "skipped": [msgspec.structs.asdict(each) for each in self.skipped],
            "links": links(self.public_id, resumable=self.resumable, explains=self.explains)
            | self._data_links(),
        } | {name: value for name, value in optional.items() if value is not None}


def links(job: str, *, resumable: bool = False, explains: bool = False) -> dict[str, str | None]:
    """Where the parts of a job are found, and where it goes on."""
    path = f"/jobs/{job}"
    return {
        "self": path,
        "events": f"{path}/events",
        "image": f"{path}/image",
        "field": f"{path}/field",
        "explanation": f"{path}/explanation" if explains else None,
        "resume": f"{path}/resume" if resumable else None,
    }


def new_job_id() -> str:
    """128 random bits as 22 characters that are safe in a path, and as the value of an option."""
    # An id that begins with a dash would be an option itself: `--resume -ID`.
    return next(job for job in iter(lambda: secrets.token_urlsafe(16), "") if job[0] != "-")


def is_job_id(text: str) -> bool:
    """Whether this can be the id of a job, as callers say it."""
    return JOB_ID.fullmatch(text) is not None


def is_full_id(text: str) -> bool:
    """Whether this can be the id of a job, as it is kept."""
    return _FULL_ID.fullmatch(text) is not None


def full_id(owner: str, job: str) -> str:
    """The id that a job is kept under: each owner has a name space of ids."""
    return f"{owner}.{job}" if owner else job


def public_id(job: str) -> str:
    """The id of a job among those of its owner."""
    return job.rpartition(".")[2]


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339, in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
