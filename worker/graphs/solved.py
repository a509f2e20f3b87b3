"""What is known of the components of a graph, and how it is kept."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.graphs.eigen import Method

Array = NDArray[Any]


class Solved(NamedTuple):
    """The eigenpairs of one component."""

    component: int
    nodes: Array  # (m,) int64, ascending
    values: Array  # (j,) float64, j <= k, ascending; fewer than k where m <= k or none is known
    vectors: Array  # (j, m) float64, unit length; the largest entry of each is positive
    residual: Array  # (j,) |L v - lambda v|
    converged: Array  # (j,) bool
    precision_limited: Array  # (j,) bool
    largest: float  # no eigenvalue of the component exceeds this
    solver: Method
    iterations: int

    def relative(self) -> tuple[Array, Array]:
        """The residuals relative to the eigenvalues, inf at one of 0, and to the largest of all."""
        tiny = np.finfo(np.float64).tiny
        with np.errstate(over="ignore"):
            over_own = self.residual / np.maximum(self.values, tiny)
        return over_own, self.residual / max(self.largest, tiny)


METHODS: tuple[Method, ...] = ("dense", "lanczos", "lobpcg", "invit")
PAIRS = {"values": "<f8", "residual": "<f8", "converged": "?", "precision_limited": "?"}
"""What there is of every pair."""

KINDS = {"components": "<i8", "largest": "<f8", "vectors": "<f8"} | PAIRS
"""Lists, of all components one after the other; `components` has four numbers of each."""


def listed(solved: Sequence[Solved]) -> dict[str, Array]:
    """Some components as lists."""
    numbers = [
        (each.component, len(each.values), METHODS.index(each.solver), each.iterations)
        for each in solved
    ]
    lists = {
        name: np.concatenate([np.zeros(0, kind), *(getattr(each, name) for each in solved)])
        for name, kind in PAIRS.items()
    }
    vectors = [each.vectors.ravel() for each in solved]
    return lists | {
        "components": np.array(numbers, np.int64).reshape(-1),
        "largest": np.array([each.largest for each in solved], np.float64),
        "vectors": np.concatenate([np.zeros(0), *vectors]),
    }


def unlisted(arrays: Mapping[str, Array], nodes: Sequence[Array]) -> list[Solved]:
    """Those components again.

    Args:
        arrays: as of `listed`.
        nodes: of the components that come first; there may be more than were solved.

    Raises:
        ValueError: the lists do not fit together, or are of another graph.
    """
    for name, kind in KINDS.items():
        array = arrays.get(name)
        if array is None or array.dtype != np.dtype(kind) or array.ndim != 1:
            raise ValueError(f"{name}: not a list of {kind}")
    if len(arrays["components"]) % 4 or len(arrays["components"]) > 4 * len(nodes):
        raise ValueError("components: not those of this graph")
    numbers = arrays["components"].reshape(-1, 4)
    _, rows, methods, _ = numbers.T
    if (numbers < 0).any() or (methods >= len(METHODS)).any():
        raise ValueError("components: not those of a solver")
    lengths = np.array([len(each) for each in nodes[: len(numbers)]], np.int64) * rows
    counts = {name: rows.sum() for name in PAIRS} | {"vectors": lengths.sum(), "largest": len(rows)}
    for name, count in counts.items():  # loop: stages
        if len(arrays[name]) != count:
            raise ValueError(f"{name}: {len(arrays[name])} instead of {count}")
    own = [np.split(arrays[name], rows.cumsum()[:-1]) for name in PAIRS]
    vectors = np.split(arrays["vectors"], lengths.cumsum()[:-1])
    return [
        Solved(
            component=component,
            nodes=nodes[i],
            vectors=vectors[i].reshape(count, -1),
            largest=float(arrays["largest"][i]),
            solver=METHODS[method],
            iterations=iterations,
            **{name: part[i] for name, part in zip(PAIRS, own, strict=True)},
        )
        for i, (component, count, method, iterations) in enumerate(numbers.tolist())
    ]
