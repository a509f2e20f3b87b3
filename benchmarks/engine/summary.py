"""From measurements to what is compared: methods, families, and what equal accuracy costs."""

import math
from collections.abc import Iterable

from benchmarks.engine.choice import DEFAULT_TOLERANCE
from benchmarks.engine.measurement import Measured, Row, median_and_least

ENGINE = f"Itten, tolerance {DEFAULT_TOLERANCE:g}"
MEDIAN, LEAST = 0.9999, 0.995
"""|cos| that counts as solved: what the engine promises of the tiles of a picture."""


def methods(rows: Iterable[Row]) -> list[str]:
    """In the order they were measured."""
    return list(dict.fromkeys(row.method for row in rows))


def family(method: str) -> str:
    """A method without its setting."""
    return method.partition(", ")[0]


def families(rows: Iterable[Row]) -> list[str]:
    """In the order they were measured."""
    return list(dict.fromkeys(family(method) for method in methods(rows)))


def solves(row: Row) -> bool:
    """Whether a method is accurate enough on a picture."""
    median, least = median_and_least(row.sines)
    return median >= MEDIAN and least >= LEAST


def engine_row(measured: Measured, picture: str) -> Row:
    """The engine at its default tolerance."""
    return next(r for r in measured.rows if (r.picture, r.method) == (picture, ENGINE))


def cheapest(measured: Measured, picture: str, name: str) -> Row | None:
    """A family's fastest setting that solves the picture; None if none does."""
    rows = [r for r in measured.rows if r.picture == picture and family(r.method) == name]
    return min(filter(solves, rows), key=lambda r: r.took.wall, default=None)


def per_tile(measured: Measured, row: Row) -> float:
    """Milliseconds by the clock for a tile of more than one colour."""
    facts = next(p for p in measured.pictures if p.name == row.picture)
    return 1e3 * row.took.wall / (facts.tiles - facts.flat)


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers; nan of none."""
    logs = [math.log(v) for v in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan
