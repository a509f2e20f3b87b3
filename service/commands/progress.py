"""A job's progress as a bar on a terminal, on one line that is drawn again and again."""

import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import TextIO

import trio

from service.client.documents import JobDocument
from service.commands.bars import Line
from service.exits import complain
from service.jobs.events import Accepted, Event, Pass, Snapshot, Started, Terminal, Tiles
from service.jobs.jobs import JobState

CLEAR = "\r\x1b[K"  # to the beginning of the line, and nothing after it
_FRAME_S = 0.1
_BAR_OF = "━╸─…"


class Bar:
    """One line on a terminal; elsewhere nothing."""

    def __init__(
        self,
        name: str,
        *,
        quiet: bool,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._quiet, self._clock = name, quiet, clock
        self._stream = stream or sys.stderr
        self.shown = not quiet and self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._unicode = _speaks(self._stream)
        self._began, self._deadline_s = clock(), 0.0
        self._passes = 0
        self._stage = "starting"
        self._tiles: tuple[int, int] | None = None  # done, of all
        self._pass = -1
        self._bounds: dict[tuple[int, int], float] = {}  # by the tile's corner, of this pass

    # --- what is told ---------------------------------------------------------------------------

    def begin(self, deadline_s: float, passes: int) -> None:
        """The seconds count from here; a field has no passes."""
        self._began, self._deadline_s, self._passes = self._clock(), deadline_s, passes

    def say(self, stage: str) -> None:
        """What goes on besides the computation."""
        self._stage, self._tiles = stage, None
        self.draw()

    def note(self, text: str) -> None:
        """Say something that stays, above the line."""
        if not self._quiet:
            self.clear()
            complain(text, 0)
            self.draw()

    def hear(self, event: Event) -> None:
        """Take note of how far the job is; drawn with the next frame."""
        if isinstance(event, Tiles):
            self._hear_tiles(event)
        elif isinstance(event, Snapshot):
            self._hear_snapshot(event)
        elif isinstance(event, Accepted):
            ahead = event.quote.position
            self._stage = f"waiting, {ahead} before it" if ahead else "waiting"
        elif isinstance(event, Started):
            self._stage = "starting"
        elif isinstance(event, Pass):
            self._stage = self._named(min(event.index + 1, event.of))
        elif isinstance(event, Terminal):
            self._stage = "writing"

    # --- the line -------------------------------------------------------------------------------

    async def keep_drawing(self) -> None:
        """Draw until cancelled, so that the seconds count where nothing else happens."""
        while self.shown:
            self.draw()
            await trio.sleep(_FRAME_S)

    def draw(self) -> None:
        """Draw the line as it is now."""
        if self.shown:
            line = self._line().drawn(_width(self._stream) - 1, unicode=self._unicode)
            print(CLEAR + line, end="", file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self.shown:
            print(CLEAR, end="", file=self._stream, flush=True)

    def close(self) -> None:
        """Take the line away for good."""
        self.clear()
        self.shown = False

    def _line(self) -> Line:
        elapsed = f"{self._clock() - self._began:.1f}"
        seconds = f"{elapsed}/{self._deadline_s:g} s" if self._deadline_s else f"{elapsed} s"
        if self._tiles is None:
            return Line(self._name, self._stage, seconds=seconds)
        done, total = self._tiles
        of_tiles = total > self._passes + 1  # else each is a whole image: its bound says more
        return Line(
            self._name,
            self._stage,
            share=done / total if of_tiles or self._passes else None,
            counts=f"{done}/{total} tiles" if of_tiles else "",
            bound=self._bound(),
            seconds=seconds,
        )

    def _bound(self) -> str:
        if not self._bounds:
            return ""
        bound = median(self._bounds.values())
        return f"bound {bound:.3f}" if bound < 1 else "no bound below 1 yet"

    # --- what is heard --------------------------------------------------------------------------

    def _hear_tiles(self, event: Tiles) -> None:
        if event.pass_index != self._pass:
            self._pass = event.pass_index
            self._bounds.clear()
        for each in event.certificates:
            if each.angle_bound is not None:
                self._bounds[each.y, each.x] = each.angle_bound
        self._stage = self._named(event.pass_index)
        self._tiles = event.done, max(1, event.total)

    def _hear_snapshot(self, event: Snapshot) -> None:
        job = JobDocument.of(event.document)
        progress = job.progress
        if job.state.ended:
            self._stage = "writing"
        elif job.state is JobState.QUEUED or not progress.tiles_total:
            self._stage = "waiting"
        else:
            self._stage = self._named(min(progress.passes_done + 1, progress.passes_total))
            self._tiles = progress.tiles_done, progress.tiles_total

    def _named(self, pass_index: int) -> str:
        if not self._passes:
            return "field"
        return f"pass {pass_index} of {self._passes}" if pass_index else "source"


def _speaks(stream: TextIO) -> bool:
    """Whether the stream takes the characters of a fine bar."""
    try:
        _BAR_OF.encode(stream.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def _width(stream: TextIO) -> int:
    """Of the terminal, in cells."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
