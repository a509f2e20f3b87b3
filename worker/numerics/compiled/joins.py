"""The edges of a graph summed to those of its groups; see `worker.numerics.hierarchy.edge_sums`."""

from typing import Any

from numpy.typing import NDArray

from worker.numerics.compiled import compiled

Array = NDArray[Any]


@compiled
def join(
    weights: Array,  # (S, pad + n)
    shifts: Array,
    pad: int,
    nodes: Array,  # (n,)
    start: int,
    stop: int,
    row: Array,  # the row of `sums` for every distance of two nodes; row 0 takes what is no edge
    sums: Array,  # (R, size) float64
) -> None:
    """Add every edge with its first end in start..stop at the smaller of its two nodes."""
    n, last = len(nodes), len(row) - 1
    for s in range(len(shifts)):
        shift = shifts[s]
        w = weights[s, pad:]
        for i in range(start, min(stop, n - shift)):
            near, far = nodes[i], nodes[i + shift]
            distance = min(abs(far - near), last)
            sums[row[distance], min(near, far)] += w[i]
