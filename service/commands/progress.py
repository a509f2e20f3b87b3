"""What a command says about its job: a line that changes while it runs, and one at the end."""

import sys
from statistics import median
from typing import TextIO

from service.jobs.events import Event, Tiles
from service.jobs.jobs import Job, JobState

CLEAR = "\r\x1b[K"  # to the beginning of the line, and nothing after it


class ProgressLine:
    """One line on a terminal; elsewhere nothing."""

    def __init__(self, name: str, *, quiet: bool, stream: TextIO | None = None) -> None:
        self._name = name
        self._stream = stream or sys.stderr
        self.shown = not quiet and self._stream.isatty()
        self._pass = 0
        self._bounds: dict[tuple[int, int], float] = {}  # by the tile's corner, of this pass

    def say(self, text: str) -> None:
        """Replace the line."""
        if self.shown:
            print(f"{CLEAR}{self._name}: {text}", end="", file=self._stream, flush=True)

    def hear(self, event: Event, passes: int) -> None:
        """Take note of how far the job is."""
        if isinstance(event, Tiles):
            self._note_bounds(event)
            self.say(self._told(event, passes))

    def clear(self) -> None:
        """Take the line away."""
        if self.shown:
            print(CLEAR, end="", file=self._stream, flush=True)

    def _note_bounds(self, event: Tiles) -> None:
        if event.pass_index != self._pass:
            self._pass = event.pass_index
            self._bounds.clear()
        for each in event.certificates:
            if each.angle_bound is not None:
                self._bounds[each.y, each.x] = each.angle_bound

    def _told(self, event: Tiles, passes: int) -> str:
        parts = [f"pass {event.pass_index} of {passes}"] if passes else []
        if event.total > max(1, passes):  # one tile a pass is the whole image: its bound says more
            parts.append(f"{event.done}/{event.total} tiles")
        if self._bounds:
            bound = median(self._bounds.values())
            parts.append(f"bound {bound:.3f}" if bound < 1 else "no bound below 1 yet")
        return ", ".join(parts) or "no bound yet"


def summary(job: Job) -> str:
    """What came out, in one line."""
    seconds = sum((job.timings.queue_s, job.timings.field_s, job.timings.shade_s))
    parts = [str(job.state), _tiles(job), _bound(job), f"{seconds:.1f} s on {job.device}"]
    return ", ".join(filter(None, parts))


def missing(job: Job) -> str | None:
    """What a partial result lacks, in one line; None of a complete one."""
    if job.state is not JobState.PARTIAL:
        return None
    done, total = job.progress.passes_done, job.progress.passes_total
    passes = f"{done} of {total} passes done, " if total else ""
    reached = _tiles(job) or _bound(job) or "no field"
    why = job.status_reason or f"the {job.deadline_s:g} s were up"
    return f"partial: {passes}{reached} when {why}; a longer --deadline-s gets further"


def _tiles(job: Job) -> str:
    total = job.pass_tiles_total
    return f"{job.pass_tiles_converged} of {total} tiles certified" if total > 1 else ""


def _bound(job: Job) -> str:
    bound = job.quality.angle_bound_max
    return "" if bound is None else f"bound at most {bound:.2g}"
