"""Any computation that leaves something goes on from it to the same bytes, wherever it was left."""

import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from worker.fibers import Fiber
from worker.graphs.packing import packed
from worker.graphs.reading import read_document
from worker.paths import harmonic
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Computation, Result

CPU = torch.device("cpu")
NAME = re.compile("[a-z0-9_.-]{1,80}")  # as those of files
Inputs = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def graph(rows: int, cols: int) -> Inputs:
    file = read_document({"generator": "square", "params": {"rows": rows, "cols": cols}})
    return {f"graph.{name}": each for name, each in packed(file).items()}


def picture(side: int) -> Inputs:
    return {"height": np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)}


QUERIES = [[0, 143], [5, 100], [7, 7], [140, 3], [12, 99]]
JOBS: dict[str, tuple[str, dict[str, Any], Inputs]] = {
    "harmonic": ("graph.path", {"queries": QUERIES}, graph(12, 12)),
    "local": ("graph.path", {"queries": QUERIES, "method": "local"}, graph(12, 12)),
    "dijkstra": ("graph.path", {"queries": QUERIES, "method": "dijkstra"}, graph(12, 12)),
    "extrude": ("lattice.extrude", {}, graph(12, 12)),
    "egg": ("render.egg", {"size": 320, "supersample": 2}, picture(20)),
    "texture": ("texture.synth", {"size": 40, "egg_size": 32, "carrier_name": "noise"}, {}),
    "large texture": ("texture.synth", {"size": 128, "egg_size": 32, "modes": 3}, {}),
    "rankk": ("rankk", {"k": 3}, {"x": np.random.default_rng(2).normal(size=(300, 50))}),
}


def begun(job: str) -> Computation:
    name, values, inputs = JOBS[job]
    kind = KINDS[name]
    return kind.begin(kind.read(values), inputs, CPU)


def ended(computation: Computation) -> Result:
    while not computation.finished:
        computation.step()
    return computation.result()


def stopped(computation: Computation, dice: random.Random, whole: int) -> None:
    """After some whole steps, within the next one."""
    for _ in range(whole):
        if computation.finished:
            return
        computation.step()
    if not computation.finished:
        piece = Fiber(computation.step)
        for _ in range(dice.randrange(40)):  # operations of torch
            piece.resume(0)
        piece.abandon()


@pytest.mark.parametrize("job", JOBS)
def test_left_anywhere_it_comes_to_the_same_bytes(job: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(harmonic, "AT_ONCE", 300)
    once, dice = ended(begun(job)), random.Random(7)
    left = 0
    computation = begun(job)
    while not computation.finished:
        stopped(computation, dice, 20 << left)
        done, partial = computation.done, computation.result()
        assert partial.document["done"] == done <= computation.total
        work = {name: each.copy() for name, each in computation.work().items()}
        assert all(NAME.fullmatch(name) and each.ndim for name, each in work.items())
        if computation.finished:
            break
        computation, left = begun(job), left + 1
        if work:
            computation.restore(work)
        assert computation.result().document["total"] == once.document["total"]
    again = computation.result()
    assert again.document == once.document
    assert again.arrays.keys() == once.arrays.keys()
    for name, each in once.arrays.items():
        assert each.tobytes() == again.arrays[name].tobytes(), name
