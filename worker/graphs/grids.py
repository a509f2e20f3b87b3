"""Graphs over the points of a grid, by index arithmetic."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.graphs.edges import check_size, compressed
from worker.graphs.rows import Rows

Mask = NDArray[np.bool_]
Weights = NDArray[np.floating[Any]]
Offset = tuple[int, int]  # rows, columns


class Joins(NamedTuple):
    """The edges along one offset, at their first ends."""

    there: Mask | bool = True  # (rows, columns): whether there is one
    w: Weights | float = 1.0  # (rows, columns)


def grid_graph(rows: int, columns: int, joins: Mapping[Offset, Joins]) -> Rows:
    """Node r * columns + c is joined to the point at each offset from it, if that is on the grid.

    Args:
        rows: at least 1.
        columns: at least 1.
        joins: by offsets to later nodes: (0, 1), (1, -1), (1, 0), (1, 1), ...

    Raises:
        BadGraph: too large.
    """
    check_size(rows * columns, 2 * rows * columns * len(joins), "params")
    half = sorted(joins)
    both = [*((-dr, -dc) for dr, dc in reversed(half)), *half]  # ascending, as the columns must be
    there = np.zeros((rows, columns, len(both)), bool)
    w = np.zeros((rows, columns, len(both)), np.float32)
    for place, (dr, dc) in enumerate(both):
        here, other = _overlap(rows, dr, columns, dc)
        backwards = (dr, dc) < (0, 0)
        join = joins[(-dr, -dc) if backwards else (dr, dc)]
        first_end = other if backwards else here
        there[*here, place] = np.broadcast_to(join.there, (rows, columns))[first_end]
        w[*here, place] = np.broadcast_to(join.w, (rows, columns))[first_end]
    index = np.arange(rows * columns).reshape(rows, columns, 1)
    col = (index + [dr * columns + dc for dr, dc in both])[there]
    crow = np.concatenate([[0], there.sum(2).cumsum()])
    return compressed(crow, col, w[there])


def _overlap(
    rows: int, dr: int, columns: int, dc: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The points whose neighbour at an offset is on the grid, and those neighbours."""
    here = slice(max(0, -dr), rows - max(0, dr)), slice(max(0, -dc), columns - max(0, dc))
    there = slice(max(0, dr), rows - max(0, -dr)), slice(max(0, dc), columns - max(0, -dc))
    return here, there
