"""A graph that was read, as arrays on their way to the worker; without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.graphs.reading import GraphFile
from worker.graphs.rows import Rows

Array = NDArray[Any]


def packed(file: GraphFile) -> dict[str, Array]:
    """Small: int32 reaches over all nodes and entries, and weights of 1 go without saying."""
    rows = file.rows
    arrays = {"crow": rows.crow.astype(np.int32), "col": rows.col.astype(np.int32)}
    if (rows.w != 1).any():
        arrays["w"] = rows.w
    for name in ("coords", "cost"):
        found = getattr(file, name)
        if found is not None:
            arrays[name] = found
    return arrays


def unpacked(arrays: Mapping[str, Array], part: str = "graph") -> Rows:
    """The graph again, from the arrays of that part."""
    col = arrays[f"{part}.col"]
    w = arrays.get(f"{part}.w", np.ones(len(col), np.float32))
    return Rows(arrays[f"{part}.crow"].astype(np.int64), col.astype(np.int64), w)
