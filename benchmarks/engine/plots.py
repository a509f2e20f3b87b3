"""Figures: error against time, and time and memory against pixels."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.engine import summary
from benchmarks.engine.measurement import Measured

LEAST_ERROR = 1e-8  # drawn no lower: rounding
STYLE: Any = {"svg.hashsalt": "itten", "svg.fonttype": "none", "font.size": 8, "axes.grid": True}
MARKS = "ov^Ds<>Ph*X"


def draw(measured: Measured, folder: Path) -> None:
    """Write the figures as SVG."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(STYLE):
        _save(error_against_time(measured), folder / "error-time.svg")
        _save(against_pixels(measured), folder / "pixels.svg")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None}, facecolor="white")


def error_against_time(measured: Measured) -> Figure:
    """One panel a picture, one line a family, one mark a setting; bars reach to the worst tile."""
    names = [p.name for p in measured.pictures if p.peers]
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.6 * rows + 1.0), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        _errors(axes, measured, name)
    for axes in panels[-1]:
        axes.set_xlabel("ms a tile")
    for axes in panels[:, 0]:
        axes.set_ylabel("sine of the angle")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _errors(axes: Axes, measured: Measured, picture: str) -> None:
    for i, name in enumerate(summary.families(measured.rows)):
        rows = [
            r for r in measured.rows if r.picture == picture and summary.family(r.method) == name
        ]
        times = [summary.per_tile(measured, r) for r in rows]
        median = np.maximum([np.median(r.sines) for r in rows], LEAST_ERROR)
        worst = np.maximum([max(r.sines) for r in rows], LEAST_ERROR)
        axes.errorbar(
            times,
            median,
            yerr=[np.zeros(len(rows)), worst - median],
            label=name,
            **_look(i),
            elinewidth=0.5,
        )
    axes.set(xscale="log", yscale="log", title=picture)


def against_pixels(measured: Measured) -> Figure:
    """The engine at all sizes; peers on each picture, at the cheapest setting that solves it."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    pixels = np.array([r.side**2 for r in measured.scale])
    left.plot(pixels, [r.took.wall for r in measured.scale], label="Itten", **_look(0))
    for i, name in enumerate(summary.families(measured.rows)):
        _picture_times(left, measured, name, i)
    left.set(xscale="log", yscale="log", xlabel="pixels", ylabel="seconds")
    left.legend(fontsize=6)
    right.plot(pixels, [r.peak_bytes / 2**20 for r in measured.scale], label="peak", **_look(0))
    before = [r.import_bytes / 2**20 for r in measured.scale]
    right.plot(pixels, before, "--", color="grey", label="before the picture")
    right.set(xscale="log", xlabel="pixels", ylabel="MiB", ylim=(0, None))
    right.legend()
    return figure


def _picture_times(axes: Axes, measured: Measured, name: str, place: int) -> None:
    if place == 0:  # the engine itself
        return
    points = []
    for p in measured.pictures:
        best = summary.cheapest(measured, p.name, name)
        if best is not None:
            points.append((p.width * p.height, best.took.wall))
    if points:
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, label=name, **(_look(place) | {"linestyle": ""}))


def _look(place: int) -> dict[str, Any]:
    """The engine first and thick."""
    return {
        "color": f"C{place}",
        "marker": MARKS[place % len(MARKS)],
        "markersize": 4,
        "linewidth": 2 if place == 0 else 1,
        "linestyle": "-",
    }
