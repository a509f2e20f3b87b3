"""Nodes that are wanted, as a list; without torch, for whoever only checks it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.graphs.errors import BadGraph

Array = NDArray[Any]

MOST_VALUES = 10_000_000
"""Of the vectors of a whole graph together: a solver takes about 150 bytes for each."""

MOST_WITH_VECTORS = 20_000
"""Nodes whose local vectors are kept; up to 4096 numbers each."""


def checked_nodes(nodes: Array, n: int) -> Array:
    """The list as int64.

    Raises:
        BadGraph: it is empty, or names the first node that is none, or is listed twice.
    """
    if nodes.ndim != 1 or nodes.dtype.kind not in "iu" or len(nodes) == 0:
        raise BadGraph("params.nodes", "a list of one or more node numbers")
    outside = (nodes < 0) | (nodes >= n)
    again = np.ones(len(nodes), bool)
    again[np.unique(nodes, return_index=True)[1]] = False
    for bad, why in ((outside, f"is no node: 0..{n - 1}"), (again, "is listed twice")):
        if bad.any():
            first = int(bad.argmax())
            raise BadGraph(f"params.nodes[{first}]", f"{nodes[first]} {why}")
    return nodes.astype(np.int64)
