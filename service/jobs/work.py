"""What a job asks of the worker, in seconds of an idle one, as the worker measured itself."""

from dataclasses import dataclass
from typing import Literal

from worker.wire.messages import Hello

OUTLINES, OUTLINED = 2.5, 1 << 18
"""Outlines cost so many fields, as measured, of a copy of so many pixels at most."""
CONCLUDE_S_PER_MP = 0.1  # pixels to and fro, and blending what there is; on two cores
DATA_S, DATA_S_PER_BYTE = 0.02, 8e-9  # the same of data: to and fro, and the answer
LEAST_CORRECTION, MOST_CORRECTION = 0.5, 4.0  # blank paper costs nothing: no reason to let all in
_FADING = 0.9  # of what was learned before, with every job
_PRIOR_S = 1.0  # the measurement of the warm-up weighs as much as so long a job


@dataclass(frozen=True)
class Cost:
    """Seconds of an idle worker."""

    mandatory: float  # to take it in and to conclude
    floor: float  # to its coarse field and one pass
    fields: float  # of the source, and outlines: before the first pass is complete
    each_pass: float
    passes: int

    @property
    def full(self) -> float:
        """All that was asked for, without what is mandatory."""
        return self.fields + self.passes * self.each_pass

    def passes_in(self, seconds: float) -> int:
        """How many passes so many seconds are enough for; the first may do with its floor."""
        if seconds < self.floor:
            return 0
        if self.each_pass <= 0:
            return self.passes
        return max(1, min(self.passes, int((seconds - self.fields) / self.each_pass)))

    def corrected(self, factor: float) -> "Cost":
        """The same on a worker that takes so many times longer."""
        return Cost(
            self.mandatory,
            self.floor * factor,
            self.fields * factor,
            self.each_pass * factor,
            self.passes,
        )


@dataclass(frozen=True)
class Work:
    """What a job asks for."""

    kind: Literal["shade", "field"]
    pixels: int
    passes: int
    deadline: float  # of the worker's answer, on the caller's clock, seconds
    effort: float = 1.0  # of a pass's field, in fields of tiles with the default settings
    source_pixels: int = 0  # of the image that strokes are taken from; it has one field
    outlines: bool = False  # whether the outlines of the images may be looked for

    @property
    def quoted_passes(self) -> int:
        """Passes that a quote speaks of."""
        return self.passes if self.kind == "shade" else 0

    def cost(self, hello: Hello) -> Cost:
        """Seconds of an idle worker for its parts."""
        area, source = self.pixels / 1e6, self.source_pixels / 1e6
        shading = hello.shade_s_per_mp * area if self.kind == "shade" else 0.0
        field_s = self.effort * hello.field_s_per_mp
        # A worker that has not measured the coarse part does all of a field before it shades.
        coarse_s = self.effort * (hello.coarse_s_per_mp or hello.field_s_per_mp)
        outlined = sum(min(p, OUTLINED) for p in (self.pixels, self.source_pixels)) / 1e6
        outlines = OUTLINES * hello.field_s_per_mp * outlined * self.outlines
        return Cost(
            mandatory=CONCLUDE_S_PER_MP * (area + source),
            floor=coarse_s * (area + source) + outlines + shading,
            fields=field_s * source + outlines,
            each_pass=field_s * area + shading,
            passes=self.passes,
        )


@dataclass(frozen=True)
class DataWork:
    """What a job asks for whose answer is data; none of it is a pass."""

    kind: str
    seconds: float  # of two CPU cores, estimated
    nbytes: int  # of its input
    deadline: float  # as that of `Work`
    quoted_passes: int = 0

    def cost(self, hello: Hello) -> Cost:  # noqa: ARG002 - it has not measured that
        """Seconds of an idle worker for its parts."""
        mandatory = DATA_S + DATA_S_PER_BYTE * self.nbytes
        return Cost(mandatory, floor=0.0, fields=self.seconds, each_pass=0.0, passes=0)


class Correction:
    """How many times longer jobs take than estimated; learned from those that ended complete.

    Seconds are summed before they are divided: a small job, mostly fixed costs, says little
    about a large one.
    """

    def __init__(self) -> None:
        self._estimated = self._actual = _PRIOR_S

    @property
    def factor(self) -> float:
        """What to multiply an estimate with."""
        return min(MOST_CORRECTION, max(LEAST_CORRECTION, self._actual / self._estimated))

    def learn(self, estimated_s: float, actual_s: float) -> None:
        """Take a job into account that was estimated so, uncorrected, and took so long."""
        self._estimated = _FADING * self._estimated + estimated_s
        self._actual = _FADING * self._actual + actual_s
