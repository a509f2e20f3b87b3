"""The picture of a run: what became of requests, how late, how good, and what it took."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.load.outcome import GRACE_S, End
from benchmarks.load.results import Load, Results
from benchmarks.load.summary import quantile

STYLE: Any = {"font.size": 8, "axes.grid": True, "axes.axisbelow": True}
COLOURS: dict[End, str] = {
    "complete": "C2",
    "partial": "C1",
    "refused": "C7",
    "hung up": "C0",
    "failed": "C3",
    "lost": "k",
}


def draw(results: Results, path: Path) -> None:
    """Write the picture as PNG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.6), layout="constrained")
        axes = figure.subplots(2, 2)
        _ends(axes[0, 0], results)
        _overs(axes[0, 1], results)
        _curve(axes[1, 0], results)
        _memory(axes[1, 1], results)
        figure.savefig(path, dpi=110, facecolor="white", metadata={"Software": None})


def _ends(axes: Axes, results: Results) -> None:
    """Bars in pairs: measured, and simulated beside it, paler."""
    places = np.arange(len(results.loads))
    for shift, alpha in ((-0.2, 1.0), (0.2, 0.45)):
        below = np.zeros(len(places))
        for end, colour in COLOURS.items():
            shares = np.array(
                [
                    (each.figures if shift < 0 else each.expected).share(end)
                    for each in results.loads
                ]
            )
            label = end if shift < 0 and shares.any() else None
            axes.bar(places + shift, shares, 0.38, below, color=colour, alpha=alpha, label=label)
            below += shares
    axes.set_xticks(places, _names(results))
    axes.set(title="what became of requests; simulated: pale", xlabel="times the capacity")
    axes.legend(fontsize=6, loc="lower left")


def _overs(axes: Axes, results: Results) -> None:
    """How much before or after their deadlines answers came."""
    for place, load in enumerate(results.loads):
        overs = load.figures.overs_s
        if overs:
            shares = np.arange(1, len(overs) + 1) / len(overs)
            axes.step(overs, shares, color=f"C{place}", label=f"{load.times:g}")
    axes.axvline(GRACE_S, color="C3", linestyle="--", linewidth=1)
    axes.set(title="answered by; dashed: deadline + 0.3 s", xlabel="seconds after the deadline")
    axes.set(ylabel="share of the answers")
    axes.legend(fontsize=6, loc="upper left")


def _curve(axes: Axes, results: Results) -> None:
    """Latency and passes against the load."""
    times = [load.times for load in results.loads]
    for colour, share in (("C0", 0.5), ("C1", 0.9)):
        for line, of in (("o-", "figures"), ("x--", "expected")):
            values = [quantile(getattr(load, of).answers_s, share) for load in results.loads]
            told = "simulated" if of == "expected" else "measured"
            axes.plot(times, values, line, color=colour, label=f"{100 * share:g} %, {told}")
    axes.set(xscale="log", ylim=(0, None), xlabel="times the capacity")
    axes.set_xticks(times, _names(results))
    axes.set(title="seconds to the answer; passes done (green, right)")
    right = axes.twinx()
    for line, of in (("o-", "figures"), ("x--", "expected")):
        passes = [getattr(load, of).passes for load in results.loads]
        right.plot(times, passes, line, color="C2")
    right.set(ylim=(0, None))
    right.grid(visible=False)
    axes.legend(fontsize=6)


def _memory(axes: Axes, results: Results) -> None:
    """Resident memory over the loads, one after the other."""
    began = 0.0
    for place, load in enumerate(results.loads):
        at = [began + each.at_s for each in load.watch.samples]
        for of, line in (("worker", "-"), ("service", ":")):
            mib = [getattr(each, of).rss / 2**20 for each in load.watch.samples]
            label = f"{of}, load {load.times:g}"
            axes.plot(at, mib, line, color=f"C{place}", linewidth=1, label=label)
        began = at[-1]
    axes.set(title="memory, MiB", xlabel="seconds", ylim=(0, None))
    axes.legend(fontsize=6, ncols=2)


def _names(results: Results) -> list[str]:
    return [_name(load) for load in results.loads]


def _name(load: Load) -> str:
    return f"{load.times:g}"
