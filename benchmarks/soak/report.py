"""The tables, and the page they stand on."""

from pathlib import Path
from string import Template

from benchmarks.engine.report import table
from benchmarks.load.outcome import ENDS
from benchmarks.soak.run import BOUNDS, MIB, Results

NONE = "-"  # too short to say
TEMPLATE = Path(__file__).with_name("README.template.md")


def page(results: Results, machine: str) -> str:
    """The whole of benchmarks/soak/README.md."""
    options = results.options
    return Template(TEMPLATE.read_text()).substitute(
        machine=machine,
        minutes=f"{options.minutes:g}",
        clients=options.clients,
        side=options.most_side,
        seed=options.seed,
        jobs=results.ends.total(),
        samples=len(results.samples),
        ends=ends(results),
        trends=trends(results),
        complaints=complaints(results),
    )


def ends(results: Results) -> str:
    """What became of the requests."""
    return table([*ENDS], [[results.ends[end] for end in ENDS]])


def trends(results: Results) -> str:
    """What is held, and how that goes."""
    found = results.trends()
    lines = []
    for name, bound in BOUNDS.items():
        held, unit = results.series(name), MIB if name in _BYTES else 1
        cells = [f"{value / unit:.1f}" for value in (held[0], max(held), held[-1])]
        growth = f"{found[name].per_thousand / unit:+.2f}" if name in found else NONE
        lines.append([_title(name), *cells, growth, f"{bound.per_thousand / unit:g}"])
    header = ["", "first", "most", "last", "floor, over 1000 jobs", "a leak from"]
    return table(header, lines)


def complaints(results: Results) -> str:
    """What must not be, one a line."""
    if not results.complaints:
        return "Nothing leaks." if results.trends() else "Too short to say what leaks."
    return "\n".join(f"- {each}" for each in results.complaints)


_BYTES = {name for name in BOUNDS if name.endswith("rss") or name == "disk"}


def _title(name: str) -> str:
    return f"{name}, MiB" if name in _BYTES else name
