"""The levels of a graph as arrays: to group nodes takes seconds, to read groups a tenth of that."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from worker.graphs.coarsening import Level, grouped
from worker.graphs.graph import offsets, segment_sums
from worker.graphs.laplacian import SparseLaplacian

Array = NDArray[Any]
PARTS = ("label", "entries", "col", "w")


def level_arrays(levels: Sequence[Level]) -> dict[str, Array]:
    """All that cannot be had at once from the graph below; names begin with `level`."""
    return {
        f"level{index}.{name}": each
        for index, level in enumerate(levels)
        for name, each in level.arrays.items()
    }


def kept_levels(arrays: Mapping[str, Array], fine: SparseLaplacian) -> list[Level]:
    """The levels below a graph again, to the bit, as many as `level_arrays` was given.

    Raises:
        ValueError: they are not levels of such a graph.
    """
    levels: list[Level] = []
    mass = torch.ones_like(fine.degree)
    while f"level{len(levels)}.label" in arrays:  # loop: stages
        parts = {name: arrays.get(f"level{len(levels)}.{name}") for name in PARTS}
        levels.append(_level(parts, fine, mass))
        fine, mass = levels[-1].laplacian, levels[-1].mass
    return levels


def _level(parts: Mapping[str, Array | None], fine: SparseLaplacian, mass: torch.Tensor) -> Level:
    label, entries, col, w = (_list(name, each) for name, each in parts.items())
    n, reached = len(entries), np.zeros(len(entries), bool)
    if not 0 < n < fine.n or len(label) != fine.n or not _within(label, n):
        raise ValueError("label: not the groups of this graph")
    reached[label] = True
    if not reached.all() or entries.min() < 1 or entries.sum() != len(col) or len(w) != len(col):
        raise ValueError("entries: not those of so many groups")
    if not _within(col, n) or not (np.isfinite(w) & (w > 0)).all():
        raise ValueError("col: not edges between groups")
    device = mass.device
    counts, cols, groups = (torch.from_numpy(x.astype(np.int64)) for x in (entries, col, label))
    weights = torch.from_numpy(w.astype(np.float64)).to(device)
    counts = counts.to(device)
    degree = segment_sums(weights, counts)
    laplacian = SparseLaplacian(offsets(counts), cols.to(device), weights, degree)
    return grouped(laplacian, groups.to(device), mass)


def _list(name: str, array: Array | None) -> Array:
    kinds = ("f4", "f8") if name == "w" else ("i4",)
    if array is None or array.ndim != 1 or array.dtype.str[1:] not in kinds:
        raise ValueError(f"{name}: not a list of a level")
    return array


def _within(values: Array, n: int) -> bool:
    return len(values) == 0 or bool(0 <= values.min() <= values.max() < n)
