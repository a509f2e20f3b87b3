"""Strips of pictures: what each value of a field makes of a drawing and of a photograph."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from benchmarks.gallery.layout import Cell, Row, compose
from benchmarks.gallery.sheets import by_twos, sweep
from benchmarks.gallery.studio import Studio
from benchmarks.gallery.sweeps import DRAWING, PHOTOGRAPH, SWEEPS, Sweep

CELL = 150  # pixels; five of them are as wide as a page

WAYS: Final = (
    Sweep("passes", (1, 2, 3, 4), "the same, again and again"),
    Sweep("scope", ("tiles", "image"), "what has a spectrum"),
    Sweep("solver", ("lobpcg", "lanczos"), "a proved vector, or thirty steps towards it"),
    Sweep("contours", ("auto", "global", "local", "spectral"), "what is a line"),
    Sweep("low_gate", ("segments", "shadow"), "strokes in voids, or tinted lines"),
    Sweep("overlap_mode", ("replace", "blend"), "where strokes meet"),
    Sweep("envelope_curve", ("hold", "stretch"), "after eight passes", {"passes": 8}),
)
"""Fields that a sheet of their own shows in the gallery."""

RENDERS: Final = ("viridis", "ranks", "contours")
SHADED: Final = {each.name: each for each in (*WAYS, *SWEEPS)}
NAMES: Final = (*SHADED, "render")
"""Fields that have a strip."""


def strip(name: str, studio: Studio) -> Image.Image:
    """The strip of a field; the default stands in a frame."""
    rows = _renders(studio) if name == "render" else sweep(studio, SHADED[name])
    return compose("", [[_by_value(cell) for cell in row] for row in rows], CELL)


def _renders(studio: Studio) -> Sequence[Row]:
    rows = [
        [
            Cell(studio.field(name, scope="image", render=render), render, render == RENDERS[0])
            for render in RENDERS
        ]
        for name in (DRAWING, PHOTOGRAPH)
    ]
    return by_twos(rows)


def _by_value(cell: Cell) -> Cell:
    """Without the name of the field, which the page says."""
    return replace(cell, caption=cell.caption.rpartition("=")[2].removeprefix("by "))
