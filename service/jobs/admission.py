"""Who gets in, and the quote: decided from the image's header, before a pixel is decoded.

Two bounds: how many jobs there are, and how much work they are. Work is seconds of the worker, of
each job at most what is left until its deadline, because no job runs longer. Pure: the caller
brings the time.
"""

import math
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from service.problems import Busy, NotReady
from worker.wire.messages import Hello

# Times `max_deadline_s`. Jobs share the worker evenly, so that with more work than this each
# would get less than a quarter of it, and its deadline for little more than its input.
WORK_DEADLINES = 4.0
OUTLINES, OUTLINED = 2.5, 1 << 18
"""Outlines cost so many fields, as measured, of a copy of so many pixels at most."""
WARM_UP_S = 3.0  # until a worker that was started anew is likely to be ready


@dataclass(frozen=True)
class Work:
    """What a job asks for."""

    kind: Literal["shade", "field"]
    pixels: int
    passes: int
    deadline: float  # on the caller's clock, seconds
    effort: float = 1.0  # of a pass's field, in fields of tiles with the default settings
    source_pixels: int = 0  # of the image that strokes are taken from; it has one field
    outlines: bool = False  # whether the outlines of the images may be looked for

    def cost_s(self, hello: Hello) -> float:
        """Seconds of an idle worker for all of it, as it measured itself."""
        shading = hello.shade_s_per_mp if self.kind == "shade" else 0.0
        field = self.effort * hello.field_s_per_mp
        passes = self.passes * (field + shading) * self.pixels
        outlined = sum(min(p, OUTLINED) for p in (self.pixels, self.source_pixels)) * self.outlines
        extra = field * self.source_pixels + OUTLINES * hello.field_s_per_mp * outlined
        return (passes + extra) / 1e6


@dataclass(frozen=True)
class Quote:
    """What a job that got in may expect."""

    position: int  # jobs before it
    seconds: float  # until its end, waiting included


class Place:
    """A job's place, given back when the block around its computation ends."""

    def __init__(self, admission: "Admission", cost_s: float, deadline: float) -> None:
        self.quote = Quote(0, 0.0)
        self.deadline = deadline
        self._admission = admission
        self._cost_s = cost_s
        self._done = 0.0

    def progress(self, share: float) -> None:
        """Note that this share (0..1) of the work is done."""
        self._done = min(1.0, max(self._done, share))

    def left_s(self, now: float) -> float:
        """Seconds of the worker that it may still take."""
        return max(0.0, min(self._cost_s * (1 - self._done), self.deadline - now))

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let somebody else in; harmless when that was done already."""
        self._admission.places.discard(self)


class Admission:
    """The places that are taken."""

    def __init__(self, max_jobs: int, max_deadline_s: float) -> None:
        self.places: set[Place] = set()
        self._max_jobs = max_jobs
        self._max_work_s = WORK_DEADLINES * max_deadline_s

    def reserve(self, work: Work, hello: Hello | None, now: float) -> Place:
        """Take a place.

        Raises:
            NotReady: no worker is ready.
            Busy: too many jobs, or too much work; says when to come back.
        """
        if hello is None:
            raise NotReady(
                "The worker is warming up; send the request again.", retry_after=WARM_UP_S
            )
        place = Place(self, work.cost_s(hello), work.deadline)
        ahead_s = sum(each.left_s(now) for each in self.places)
        self._check(ahead_s, place.left_s(now), now)
        seconds = min(ahead_s + place.left_s(now), max(0.0, work.deadline - now))
        place.quote = Quote(len(self.places), seconds)
        self.places.add(place)
        return place

    def _check(self, ahead_s: float, cost_s: float, now: float) -> None:
        if len(self.places) >= self._max_jobs:
            wait_s = min(each.left_s(now) for each in self.places)
            raise _busy(f"All {self._max_jobs} places are taken", wait_s)
        too_much_s = ahead_s + cost_s - self._max_work_s
        # Alone, a job always gets in: its deadline bounds it.
        if self.places and too_much_s > 0:
            last_s = max(each.deadline for each in self.places) - now
            raise _busy("The jobs before this one are too much work", min(too_much_s, last_s))


def _busy(reason: str, wait_s: float) -> Busy:
    seconds = max(1, math.ceil(wait_s))
    return Busy(f"{reason}; send the request again in {seconds} s.", retry_after=seconds)
