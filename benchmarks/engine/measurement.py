"""What is measured: plain values that cross between processes and end in the report."""

import math
import statistics
from dataclasses import dataclass

from benchmarks.engine.timing import Timed


@dataclass(frozen=True)
class Row:
    """One method on one picture."""

    picture: str
    method: str
    took: Timed  # for the whole picture
    sines: tuple[float, ...]  # of the angle to the exact lambda_2 eigenspace, per sampled tile
    failed: int = 0  # sampled tiles for which the method raised an error


@dataclass(frozen=True)
class PictureFacts:
    """How a picture is cut."""

    name: str
    character: str
    width: int
    height: int
    tiles: int
    flat: int  # tiles of one colour
    sampled: int
    peers: bool  # whether the peers were measured on it


@dataclass(frozen=True)
class Certificates:
    """Sampled tiles with a finite bound, and how many of the bounds hold."""

    picture: str
    tolerance: float
    finite: int
    holding: int


@dataclass(frozen=True)
class WholeRow:
    """One method for the vectors of a whole picture's graph."""

    picture: str
    side: int  # pixels
    method: str
    took: Timed
    residual: float | None  # |L v - theta v| of the unit Fiedler vector, where L was written down
    sine: float | None  # to the exact eigenspace, where it could be had
    note: str = ""


@dataclass(frozen=True)
class ScaleRow:
    """The engine on a square picture of so many pixels a side."""

    side: int
    took: Timed
    peak_bytes: int
    import_bytes: int  # held before the picture was there
    cores: int


@dataclass(frozen=True)
class Measured:
    """All of a run."""

    pictures: tuple[PictureFacts, ...]
    rows: tuple[Row, ...]
    certificates: tuple[Certificates, ...]
    whole: tuple[WholeRow, ...]
    scale: tuple[ScaleRow, ...]


def cosine(sine: float) -> float:
    """|cos| of an angle given by its sine, which keeps the digits that |cos| loses near 1."""
    return math.sqrt(max(0.0, 1 - min(1.0, sine) ** 2))


def median_and_least(sines: tuple[float, ...]) -> tuple[float, float]:
    """Median and smallest |cos|."""
    return cosine(statistics.median(sines)), cosine(max(sines))
