"""Every picture of docs/ but the plot of the load, by name."""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from benchmarks.gallery import album
from benchmarks.gallery.making import drawn
from benchmarks.gallery.plans import PROJECT, plans
from benchmarks.gallery.studio import Studio
from benchmarks.manual import strips
from benchmarks.manual.steps import Steps

QUALITY = 50  # of WebP; what a strip shows is coarser than what that loses
FRONT_CELL = 240  # pixels of a picture of the README

Maker = Callable[[], Image.Image]


def makers(studio: Studio) -> dict[str, Maker]:
    """How each picture is made, by its file's name below docs/."""
    front = {
        f"{plan.name.removeprefix('docs-')}.png": partial(drawn, plan, studio, FRONT_CELL)
        for plan in plans(PROJECT)
        if plan.bare
    }
    swept = {
        f"parameters/{name}.webp": partial(strips.strip, name, studio) for name in strips.NAMES
    }
    steps = {f"steps/{name}.webp": make for name, make in Steps(studio).names.items()}
    return front | steps | swept


@torch.inference_mode()
def make(only: Iterable[str], folder: Path) -> None:
    """Write the pictures of these names, all for none; tell on stderr.

    Raises:
        LookupError: a name is no picture's.
    """
    known = makers(Studio(album.own()))
    wanted = [name for name in known if not only or Path(name).stem in only]
    missing = set(only) - {Path(name).stem for name in wanted}
    if missing:
        raise LookupError(f"no such picture: {', '.join(sorted(missing))}")
    for number, name in enumerate(wanted, 1):
        started = time.perf_counter()
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        known[name]().save(path, optimize=True, quality=QUALITY, method=6)
        took = time.perf_counter() - started
        print(f"[{number}/{len(wanted)}] {name}: {took:.1f} s", file=sys.stderr, flush=True)
