"""The tables, and the page they stand on."""

from pathlib import Path
from statistics import median
from string import Template

from benchmarks.chaos.blows import LASTS_S
from benchmarks.chaos.cases import BROKEN, SOUND, WAYS, End
from benchmarks.chaos.run import DISK_MIB, Results
from benchmarks.engine.report import table

TEMPLATE = Path(__file__).with_name("README.template.md")
NONE = "-"
ENDS: tuple[End, ...] = (*SOUND, *BROKEN)


def page(results: Results, machine: str) -> str:
    """The whole of benchmarks/chaos/README.md."""
    options, stopped = results.options, results.stopped
    return Template(TEMPLATE.read_text()).substitute(
        machine=machine,
        seconds=f"{options.seconds:g}",
        seed=options.seed,
        rate=f"{options.rate:g}",
        side=options.most_side,
        cases=len(results.accounts),
        blows=sum(not each.missed for each in results.struck),
        disk=DISK_MIB,
        stopped=f"{stopped.seconds:.1f} s, with status {stopped.status}",
        failed_starts=results.failed_starts,
        accounts=accounts(results),
        struck=struck(results),
        complaints=complaints(results),
    )


def accounts(results: Results) -> str:
    """How each way of asking ended, how often."""
    found = [(case.way, each.end) for case, each in results.accounts]
    lines = [
        [way, *(sum(each == (way, end) for each in found) or NONE for end in ENDS)] for way in WAYS
    ]
    total = ["all", *(sum(each[1] == end for each in found) or NONE for end in ENDS)]
    return table(["", *ENDS], [*lines, total])


def struck(results: Results) -> str:
    """What was done, how often, and how long until the service took work again."""
    lines = []
    for kind in LASTS_S:
        hits = [each for each in results.struck if each.kind == kind and not each.missed]
        back = [each.back_s for each in hits if each.back_s is not None]
        times = [f"{median(back):.1f} s", f"{max(back):.1f} s"] if back else [NONE, NONE]
        lines.append([kind, len(hits) or NONE, *times])
    return table(["", "times", "takes work again after, median", "worst"], lines)


def complaints(results: Results) -> str:
    """What must not be, one a line."""
    if not results.complaints:
        return "Nothing is unaccounted for."
    return "\n".join(f"- {each}" for each in results.complaints)
