"""Lists of different lengths, one for each of several positions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]


class Ragged:
    """The nodes of balls and a number on each, in the order in which they were computed."""

    def __init__(self) -> None:
        self._parts: list[tuple[Array, Array, Array, Array]] = []

    def add(self, positions: Array, sizes: "Tensor", nodes: "Tensor", values: "Tensor") -> None:
        """Append the balls of (c,) positions: (c,) sizes, and (T,) nodes and values."""
        lengths, where, what = (part.cpu().numpy() for part in (sizes.int(), nodes, values))
        self._parts.append((positions, lengths, where, what))

    def arrays(self) -> dict[str, Array]:
        """All of them; nothing where nothing was added."""
        if not self._parts:
            return {}
        joined = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        return dict(zip(NAMES, joined, strict=True))

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> "Ragged":
        """What `arrays` gave.

        Raises:
            ValueError: they do not fit together.
        """
        found = [arrays.get(name) for name in NAMES]
        ragged = cls()
        if all(part is None for part in found):
            return ragged
        positions, sizes, nodes, values = (np.asarray(part) for part in found)
        kinds = [part.dtype.kind for part in (positions, sizes, nodes, values)]
        if kinds != ["i", "i", "i", "f"] or len(positions) != len(sizes) or (sizes < 0).any():
            raise ValueError("vectors: not those of balls")
        if not len(nodes) == len(values) == sizes.sum():
            raise ValueError("vectors: not as many as the balls have nodes")
        ragged._parts.append((positions, sizes, nodes, values))
        return ragged


NAMES = ("vector_position", "vector_size", "vector_node", "vector")
