"""From plans to files: one sheet after the other, and the page."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from benchmarks.gallery import album
from benchmarks.gallery.layout import CELL, bare, compose
from benchmarks.gallery.page import index
from benchmarks.gallery.plans import PROJECT, Plan, chosen, plans, selected
from benchmarks.gallery.studio import Studio

LEVELS = 63
"""Steps of each colour in a sheet: a third fewer bytes, and no value is off by more than 2."""

STEPS = [round(round(v * LEVELS / 255) * 255 / LEVELS) for v in range(256)]
PALETTE = 256
"""Colours of a picture for the README; small areas keep their own, which they would not in a sheet
with many pictures."""


def selection(only: Sequence[str], images: Sequence[Path]) -> tuple[list[Plan], Studio]:
    """The sheets to make, and where their jobs are run.

    Args:
        only: names of sheets, or how they begin; empty for all.
        images: pictures in place of the project's own.

    Raises:
        LookupError: a name is no sheet's.
    """
    makers = album.files(images) if images else album.own()
    return selected(plans(chosen(list(makers)) if images else PROJECT), only), Studio(makers)


@torch.inference_mode()
def make(wanted: Sequence[Plan], studio: Studio, folder: Path) -> None:
    """Write the sheets as PNG, and index.html that shows them; tell on stderr."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    for number, plan in enumerate(wanted, 1):
        started = time.perf_counter()
        drawn(plan, studio).save(folder / f"{plan.name}.png", optimize=True)
        _tell(f"[{number}/{len(wanted)}] {plan.name}: {time.perf_counter() - started:.1f} s")
    (folder / "index.html").write_text(index(wanted, folder))
    _tell(f"{len(wanted)} sheets in {time.perf_counter() - began:.0f} s")


def drawn(plan: Plan, studio: Studio, cell: int = CELL) -> Image.Image:
    """The sheet as a picture, in few enough colours for a small file; cells in pixels."""
    rows = plan.rows(studio)
    if plan.bare:
        return bare(rows, cell).quantize(PALETTE, Image.Quantize.MAXCOVERAGE, kmeans=1)
    return compose(plan.title, rows, cell).point(STEPS * 3)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
