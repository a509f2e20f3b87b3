"""The tables, and the page they stand on."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template

from benchmarks.engine.report import table
from benchmarks.load.outcome import End
from benchmarks.load.results import Load, Results
from benchmarks.load.summary import Figures, quantile

TEMPLATE = Path(__file__).with_name("README.template.md")
NONE = "-"
Row = tuple[str, Callable[[Load], str]]


def page(results: Results) -> str:
    """The whole of benchmarks/load/README.md."""
    return Template(TEMPLATE.read_text()).substitute(
        tables(results),
        machine=results.machine,
        seconds=f"{results.seconds:g}",
        seed=results.seed,
        capacity=f"{results.capacity:.2f}",
        difference=percent(results.difference),
    )


def tables(results: Results) -> dict[str, str]:
    """Markdown tables by their name in the template."""
    return {
        "answers": _by_load(results, ANSWERS),
        "machine_use": _by_load(results, MACHINE),
        "simulated": _simulated(results),
        "scenes": _scenes(results),
        "costs": _costs(results),
    }


def percent(share: float | None) -> str:
    """Of 1."""
    return NONE if share is None else f"{100 * share:.1f} %"


def seconds(value: float | None) -> str:
    """Milliseconds where it is short; with the sign."""
    if value is None or value != value:
        return NONE
    return f"{1000 * value:.0f} ms" if abs(value) < 0.0995 else f"{value:.2f} s"


def number(value: float | None) -> str:
    """Three digits."""
    return NONE if value is None else f"{value:.3g}"


def _share(end: End) -> Callable[[Load], str]:
    return lambda load: percent(load.figures.share(end))


def _answer(share: float) -> Callable[[Load], str]:
    return lambda load: seconds(quantile(load.figures.answers_s, share))


def _over(share: float) -> Callable[[Load], str]:
    return lambda load: seconds(quantile(load.figures.overs_s, share))


def _cores(of: str) -> Callable[[Load], str]:
    return lambda load: f"{load.watch.cores(of):.2f}"


def _rss(of: str) -> Callable[[Load], str]:
    """First, half-way, last and most, in MiB."""

    def cell(load: Load) -> str:
        found = [getattr(each, of).rss >> 20 for each in load.watch.samples]
        return f"{found[0]}, {found[len(found) // 2]}, {found[-1]}, {max(found)}"

    return cell


ANSWERS: list[Row] = [
    ("requests", lambda load: str(load.figures.total)),
    ("requests a second", lambda load: number(load.rate)),
    *((end, _share(end)) for end in ("complete", "partial", "refused", "hung up")),
    ("lost, or an error", lambda load: str(_bugs(load.figures))),
    ("later than deadline + 0.3 s", lambda load: str(load.figures.late)),
    *((f"time to the answer, {100 * s:g} %", _answer(s)) for s in (0.5, 0.9, 0.99)),
    *((f"after the deadline, {100 * s:g} %", _over(s)) for s in (0.5, 0.9, 0.99, 0.999)),
    ("after the deadline, the worst", _over(1.0)),
    ("passes done of those asked for", lambda load: percent(load.figures.passes_share)),
    ("angle bound, median", lambda load: number(load.figures.bound)),
    ("Retry-After, mean", lambda load: seconds(load.figures.retry_after_s)),
]
MACHINE: list[Row] = [
    ("device given to jobs that ended", lambda load: percent(load.device_share)),
    *((f"cores: {of}", _cores(of)) for of in ("worker", "service", "helpers", "harness")),
    *(
        (f"memory of the {of}: first, half-way, last, most MiB", _rss(of))
        for of in ("worker", "service")
    ),
    ("worker replaced", lambda load: str(load.watch.restarts)),
    ("event loop late, 50 %", lambda load: seconds(load.loop_delay_s(0.5))),
    ("event loop late, 99 %", lambda load: seconds(load.loop_delay_s(0.99))),
    ("health answered, 99 %", lambda load: seconds(quantile(sorted(load.watch.alive_s), 0.99))),
    ("harness behind its plan, 99 %", lambda load: seconds(_behind(load))),
]


def _bugs(figures: Figures) -> int:
    return figures.counts["failed"] + figures.counts["lost"]


def _behind(load: Load) -> float:
    return quantile(sorted(each.behind_s for each in load.measured), 0.99)


def _by_load(results: Results, rows: Iterable[Row]) -> str:
    header = ["times the capacity", *(f"{load.times:g}" for load in results.loads)]
    return table(header, ([name, *map(cell, results.loads)] for name, cell in rows))


def _simulated(results: Results) -> str:
    """Measured and simulated side by side, and how far off."""
    ends: tuple[End, ...] = ("complete", "partial", "refused")
    rows: list[tuple[str, Callable[[Figures], str]]] = [
        *((f"{end}, of all", lambda f, end=end: percent(f.share(end))) for end in ends),
        ("median latency", lambda f: seconds(quantile(f.answers_s, 0.5))),
        ("90 % latency", lambda f: seconds(quantile(f.answers_s, 0.9))),
        ("passes done", lambda f: number(f.passes)),
    ]

    def cell(load: Load, name: str, text: Callable[[Figures], str]) -> str:
        off = percent(load.differences[name])
        return f"{text(load.figures)} / {text(load.expected)} ({off})"

    header = ["measured / simulated (off)", *(f"{load.times:g}" for load in results.loads)]
    return table(
        header, ([name, *(cell(load, name, text) for load in results.loads)] for name, text in rows)
    )


def _scenes(results: Results) -> str:
    rows: list[Sequence[object]] = []
    for each in results.throughput:
        what = f"512 px fields by {each.clients} client{'s' * (each.clients > 1)}"
        rows.append((what, f"{each.per_field_s:.0f} tiles/s", f"{each.per_cpu_s:.0f} tiles/s"))
    if results.behind is not None:
        worst, alone = max(results.behind.behind_s), results.behind.alone_s
        rows.append(("256 px alone", seconds(alone), NONE))
        factor = f"{results.behind.factor:.2f} times"
        rows.append(("256 px behind 4096 px, the worst", seconds(worst), factor))
    return table(("", "by engine time, or by the clock", "by processor time, or ratio"), rows)


def _costs(results: Results) -> str:
    names = ("first_s", "later_s", "outline_s", "shade_s", "conclude_s", "before_s", "encode_s")
    header = ("pixels of a side", *(name.removesuffix("_s") for name in names), "arrays")
    return table(
        header,
        (
            [side, *(seconds(getattr(costs, name)) for name in (*names, "arrays_s"))]
            for side, costs in sorted(results.costs.sides.items())
        ),
    )
