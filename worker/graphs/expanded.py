"""What is known of an expansion map; without torch, for whoever only reads it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.graphs.ragged import Ragged

Array = NDArray[Any]

KEPT = ("lambda2", "gap", "ball_size", "hops", "degenerate")
"""What is known of each node that is done."""


class Expanded:
    """Values of the balls around nodes, as far as they are done."""

    def __init__(self, nodes: Array, radius: int) -> None:
        """Nothing is done of these (t,) nodes."""
        self.nodes, self._radius = nodes, radius
        self.done = np.zeros(self.total, bool)
        self.lambda2 = np.full(self.total, np.nan)
        self.gap = np.full(self.total, np.nan)
        self.ball_size = np.zeros(self.total, np.int32)
        self.hops = np.zeros(self.total, np.int8)
        self.degenerate = np.zeros(self.total, bool)
        self.ragged = Ragged()

    @property
    def total(self) -> int:
        """Nodes that are wanted."""
        return len(self.nodes)

    @property
    def count(self) -> int:
        """Nodes that are done."""
        return int(self.done.sum())

    @property
    def finished(self) -> bool:
        """Whether all are done."""
        return bool(self.done.all())

    def expansion(self) -> Array:
        """(t,) float64: lambda_2 * (radius + 1)^2, which does not depend on the scale."""
        expanded: Array = self.lambda2 * (self.hops.astype(np.float64) + 1) ** 2
        return expanded

    def truncated(self) -> Array:
        """(t,) bool: balls of too many nodes, which are those of a smaller radius."""
        cut: Array = self.done & (self.hops < self._radius)
        return cut

    def checkpoint(self) -> dict[str, Array]:
        """What another one of the same graph, settings and nodes can go on from."""
        done = self.done
        kept = {name: getattr(self, name)[done] for name in KEPT}
        return {"done": np.packbits(done), **kept, **self.ragged.arrays()}

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over a checkpoint.

        Raises:
            ValueError: these are not the arrays of a map like this one.
        """
        bits = arrays.get("done")
        if bits is None or bits.dtype != np.uint8 or bits.shape != (-(-self.total // 8),):
            raise ValueError(f"done: not the bits of {self.total} nodes")
        done = np.unpackbits(bits, count=self.total).astype(bool)
        count = int(done.sum())
        for name in KEPT:  # loop: stages
            here, there = getattr(self, name), arrays.get(name)
            if there is None or there.dtype != here.dtype or there.shape != (count,):
                raise ValueError(f"{name}: not {here.dtype} of {count} nodes")
        ragged = Ragged.of(arrays)
        self.done = done
        for name in KEPT:  # loop: stages
            getattr(self, name)[done] = arrays[name]
        self.ragged = ragged
