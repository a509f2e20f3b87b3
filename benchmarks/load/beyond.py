"""What more workers would do: docs/beyond-one-machine.md, by simulation and from what was measured.

python -m benchmarks.load.beyond              a minute; prints the tables
python -m benchmarks.load.beyond --write      and writes the page

Costs are those of `make load`, from costs.json; what a request moves is from traffic.json.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from string import Template

import msgspec

from benchmarks.engine.report import table
from benchmarks.load.arrivals import sample
from benchmarks.load.calibrate import say
from benchmarks.load.costs import FILE, SAMPLED, SEED, Costs
from benchmarks.load.report import number, percent, seconds
from benchmarks.load.several import SECONDS, Found, InTurn, found
from benchmarks.load.simulate import DECODERS
from benchmarks.load.summary import quantile
from benchmarks.load.traffic import FILE as TRAFFIC
from benchmarks.load.traffic import MIXED, Traffic
from service.settings import Settings

TEMPLATE = Path(__file__).with_name("beyond.template.md")
PAGE = Path(__file__).parents[2] / "docs" / "beyond-one-machine.md"
LOADS, MANY = (1.0, 2.0), 8
GIGABIT = 1e9 / 8  # bytes a second
Row = tuple[str, Callable[[Found], str]]

ROWS: list[Row] = [
    ("requests", lambda f: str(f.figures.total)),
    ("complete", lambda f: percent(f.figures.share("complete"))),
    ("partial", lambda f: percent(f.figures.share("partial"))),
    ("refused", lambda f: percent(f.figures.share("refused"))),
    ("late by more than 0.3 s", lambda f: str(f.figures.late)),
    ("time to the answer, 50 %", lambda f: seconds(quantile(f.figures.answers_s, 0.5))),
    ("time to the answer, 99 %", lambda f: seconds(quantile(f.figures.answers_s, 0.99))),
    ("passes done of those asked for", lambda f: percent(f.figures.passes_share)),
    ("workers busy, the least and the most", lambda f: _span(f.uses)),
    ("workers idle beside a queue", lambda f: percent(f.beside)),
    ("the service's cores, decoding and encoding", lambda f: percent(f.service)),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, then print or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    write = parser.parse_args(arguments).write
    costs = msgspec.json.decode(FILE.read_bytes(), type=Costs)
    traffic = msgspec.json.decode(TRAFFIC.read_bytes(), type=Traffic)
    tables = dict(_tables(costs, traffic))
    if write:
        PAGE.write_text(Template(TEMPLATE.read_text()).substitute(tables))
    else:
        print("\n\n".join(f"## {name}\n\n{text}" for name, text in tables.items()))
    return 0


def _tables(costs: Costs, traffic: Traffic) -> Iterator[tuple[str, str]]:
    alone = costs.capacity(1 << 30)
    yield "capacity", f"{alone:.2f}"
    yield "minutes", f"{SECONDS / 60:g}"
    for times in LOADS:
        say(f"{times:g} times the capacity")
        yield f"load_{times:g}", _simulated(costs, times * alone)
    yield "limits", _limits(costs, traffic, alone)
    few, mix = (
        statistics.fmean(each.side**2 for each in sample(SEED, size)) for size in (MIXED, SAMPLED)
    )
    yield "mixed", str(MIXED)
    yield "pixels", percent(few / mix)
    yield "kept", f"{Settings().keep_bytes / traffic.mix.kept:.0f}"
    yield "moved", _moved(traffic)
    yield "idle", percent(traffic.idle)


def _simulated(costs: Costs, rate: float) -> str:
    columns = {str(n): partial(found, costs, n, n * rate) for n in (1, 2, 4, MANY)}
    columns[f"{MANY} in turn"] = partial(found, costs, MANY, MANY * rate, InTurn)
    all_of_them = {name: run() for name, run in columns.items()}
    return table(
        ["workers", *all_of_them],
        ([name, *map(cell, all_of_them.values())] for name, cell in ROWS),
    )


def _limits(costs: Costs, traffic: Traffic, alone: float) -> str:
    """Of each part, what a request of the mix takes, and how many workers fill it."""
    mix, sides = traffic.mix, [costs.sides[each.side] for each in sample(SEED, SAMPLED)]
    decoding = statistics.fmean(each.before_s for each in sides)
    encoding = statistics.fmean(each.encode_s for each in sides)
    processor = mix.loop_s + mix.threads_s + mix.decoders_s
    parts: list[tuple[str, float, float, Callable[[float], str]]] = [
        (f"decoding, {DECODERS} processes", decoding, DECODERS, seconds),
        ("decoding and encoding, all cores", decoding + encoding, costs.cores, seconds),
        ("event loop, 1 core", mix.loop_s, 1 - traffic.idle, seconds),
        ("all of the service, all cores", processor, costs.cores, seconds),
    ]
    parts += [
        (f"{name.replace('_', ' ')}, 1 Gbit/s", getattr(mix, name), GIGABIT, _bytes)
        for name in ("upload", "answer", "to_worker", "from_worker")
    ]
    return table(
        ["part of the service", "a request takes", "full at, requests a second", "workers"],
        (
            [name, text(takes), number(room / takes), number(room / takes / alone)]
            for name, takes, room, text in sorted(parts, key=lambda each: each[2] / each[1])
        ),
    )


def _moved(traffic: Traffic) -> str:
    sizes = ("upload", "answer", "to_worker", "from_worker", "fields", "work", "kept")
    times = ("loop_s", "threads_s", "decoders_s")
    return table(
        ["pixels of a side", *(name.replace("_", " ") for name in sizes), *(n[:-2] for n in times)],
        (
            [
                side,
                *(_bytes(getattr(each, name)) for name in sizes),
                *(seconds(getattr(each, name)) for name in times),
            ]
            for side, each in [*sorted(traffic.sides.items()), ("the mix", traffic.mix)]
        ),
    )


def _span(shares: Sequence[float]) -> str:
    return f"{percent(min(shares))}, {percent(max(shares))}"


def _bytes(value: float) -> str:
    return f"{value / 1e6:.0f} MB" if value >= 1e7 else f"{value / 1e6:.2g} MB"


if __name__ == "__main__":
    sys.exit(main())
