"""The tables, and the page they stand on."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template

from benchmarks.engine import summary
from benchmarks.engine.measurement import Measured, Row, cosine, median_and_least

TEMPLATE = Path(__file__).with_name("README.template.md")
NONE = "-"


def page(measured: Measured, machine: str, took_s: float) -> str:
    """The whole of benchmarks/README.md."""
    return Template(TEMPLATE.read_text()).substitute(
        tables(measured),
        machine=machine,
        minutes=f"{took_s / 60:.0f}",
        median=summary.MEDIAN,
        least=summary.LEAST,
    )


def tables(measured: Measured) -> dict[str, str]:
    """Markdown tables by their name in the template."""
    return {
        "pictures": pictures(measured),
        "factors": factors(measured),
        "overview": overview(measured),
        "times": by_picture(measured, lambda row: seconds(row.took.wall)),
        "accuracy": by_picture(measured, accuracy),
        "certificates": certificates(measured),
        "whole": whole(measured),
        "scale": scale(measured),
    }


def pictures(measured: Measured) -> str:
    """What was measured on."""
    return table(
        ("picture", "character", "pixels", "tiles", "of one colour", "sampled"),
        (
            (p.name, p.character, f"{p.width} x {p.height}", p.tiles, p.flat, p.sampled)
            for p in measured.pictures
        ),
    )


def factors(measured: Measured) -> str:
    """How many times as long as the engine each family takes to solve a picture."""
    compared = [p.name for p in measured.pictures if p.peers]

    def line(name: str) -> list[str]:
        pairs = [
            (summary.cheapest(measured, p, name), summary.engine_row(measured, p)) for p in compared
        ]
        solved = [(peer, own) for peer, own in pairs if peer is not None]
        cells = [NONE if peer is None else times(peer, own) for peer, own in pairs]
        mean = summary.geometric_mean(p.took.wall / o.took.wall for p, o in solved)
        core = summary.geometric_mean(p.took.cpu / o.took.cpu for p, o in solved)
        return [name, *cells, number(mean), number(core)]

    header = ("cheapest setting that solves the picture", *compared, "mean", "mean, core time")
    names = summary.families(measured.rows)
    return table(header, (line(name) for name in names if name != summary.family(summary.ENGINE)))


def times(peer: Row, own: Row) -> str:
    """A factor by the clock."""
    return number(peer.took.wall / own.took.wall)


def overview(measured: Measured) -> str:
    """Every method over all pictures that have peers."""
    names = {p.name for p in measured.pictures if p.peers}

    def line(method: str) -> list[str]:
        rows = [r for r in measured.rows if r.method == method and r.picture in names]
        sines = tuple(s for r in rows for s in r.sines)
        median, least = median_and_least(sines)
        wall = summary.geometric_mean(summary.per_tile(measured, r) for r in rows)
        share = summary.geometric_mean(r.took.cpu / r.took.wall for r in rows)
        failed = sum(r.failed for r in rows)
        solved = f"{sum(map(summary.solves, rows))} of {len(rows)}"
        cells = [method, f"{wall:.3g}", f"{wall * share:.3g}", digits(median), digits(least)]
        return [*cells, solved, str(failed or NONE)]

    header = ("method", "ms a tile", "core ms a tile", "median |cos|", "least |cos|")
    return table(
        (*header, "pictures solved", "tiles failed"),
        (line(m) for m in summary.methods(measured.rows)),
    )


def by_picture(measured: Measured, cell: Callable[[Row], str]) -> str:
    """Methods down, pictures across."""
    found = {(r.method, r.picture): r for r in measured.rows}
    names = [p.name for p in measured.pictures]
    return table(
        ("method", *names),
        (
            [m, *(cell(found[m, p]) if (m, p) in found else NONE for p in names)]
            for m in summary.methods(measured.rows)
        ),
    )


def accuracy(row: Row) -> str:
    """Median and least |cos|."""
    median, least = median_and_least(row.sines)
    return f"{digits(median)} / {digits(least)}"


def certificates(measured: Measured) -> str:
    """How many bounds hold, by tolerance."""
    tolerances = dict.fromkeys(c.tolerance for c in measured.certificates)

    def line(tolerance: float) -> list[str]:
        chosen = [c for c in measured.certificates if c.tolerance == tolerance]
        finite, holding = sum(c.finite for c in chosen), sum(c.holding for c in chosen)
        share = f"{100 * holding / finite:.1f} %" if finite else NONE
        return [f"{tolerance:g}", str(finite), str(holding), share]

    header = ("tolerance", "sampled tiles with a finite bound", "bound >= true sine", "share")
    return table(header, (line(t) for t in tolerances))


def whole(measured: Measured) -> str:
    """Vectors of whole pictures."""
    return table(
        ("picture", "method", "seconds", "core seconds", "residual", "|cos|", ""),
        (
            (
                f"{r.picture}, {r.side} x {r.side}",
                r.method,
                seconds(r.took.wall),
                seconds(r.took.cpu),
                NONE if r.residual is None else f"{r.residual:.1e}",
                NONE if r.sine is None else digits(cosine(r.sine)),
                r.note,
            )
            for r in measured.whole
        ),
    )


def scale(measured: Measured) -> str:
    """The engine against pixels."""
    return table(
        (
            "pixels",
            "seconds",
            "µs a pixel",
            "cores busy",
            "peak MiB",
            "before the picture",
        ),
        (
            (
                f"{r.side} x {r.side}",
                seconds(r.took.wall),
                f"{1e6 * r.took.wall / r.side**2:.2f}",
                f"{100 * r.took.cpu / (r.took.wall * r.cores):.0f} %",
                r.peak_bytes >> 20,
                r.import_bytes >> 20,
            )
            for r in measured.scale
        ),
    )


def table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    cells = [[str(cell).replace("|", r"\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def seconds(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def number(value: float) -> str:
    """A factor, two or more digits."""
    if math.isnan(value):
        return NONE
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def digits(cos: float) -> str:
    """|cos| rounded down, so that 1.00000 is only said of what is closer than 1e-6."""
    return "1.00000" if cos > 1 - 1e-6 else f"{math.floor(cos * 1e5) / 1e5:.5f}"
