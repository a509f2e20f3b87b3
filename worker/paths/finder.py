"""What finds paths for many queries, readable after each step and resumable."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.graph import Graph

Array = NDArray[Any]
SAVED = "walking."  # before the names of arrays of what is under way


class Finder(ABC):
    """The paths of q queries on one graph; a query whose ends are not connected stays at its start.

    The same graph, queries and device give the same paths, also over several runs.
    """

    def __init__(self, graph: Graph, start: Tensor, goal: Tensor) -> None:
        """Begin with nothing done; cheap.

        Args:
            graph: of n nodes.
            start: (q,) int64.
            goal: (q,) int64.
        """
        self.graph, self.start, self.goal = graph, start, goal
        self.routes: list[Array | None] = [None] * len(start)
        """(m,) int64 nodes of each query that has ended, from its start on."""

    @property
    def done(self) -> int:
        """Queries that have ended."""
        return sum(route is not None for route in self.routes)

    @property
    def finished(self) -> bool:
        """Whether all have."""
        return self.done == len(self.routes)

    @abstractmethod
    def step(self) -> None:
        """Go on for a short while."""

    def so_far(self) -> list[Array]:
        """Everybody's nodes: of who has not ended, those that he has been to."""
        under_way = self.under_way()
        return [
            under_way.get(query, start[None]) if route is None else route
            for query, (route, start) in enumerate(
                zip(self.routes, self.start.cpu().numpy(), strict=True)
            )
        ]

    def under_way(self) -> dict[int, Array]:
        """The nodes so far of queries that have not ended, by their numbers."""
        return {}

    def checkpoint(self) -> dict[str, Array]:
        """What another finder of the same paths can go on from; nobody writes to it again."""
        nowhere = np.full(1, -1)  # no array is empty
        routes = [nowhere if route is None else route for route in self.routes]
        saved = {SAVED + name: each for name, each in self._saved().items()}
        return saved | {
            "lengths": np.array([len(route) for route in routes]),
            "nodes": np.concatenate(routes),
        }

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over a checkpoint.

        Raises:
            ValueError, KeyError: it is that of something else.
        """
        lengths, nodes = arrays["lengths"], arrays["nodes"]
        if lengths.shape != (len(self.routes),) or int(lengths.sum()) != len(nodes):
            raise ValueError(f"not the paths of {len(self.routes)} queries")
        parts = np.split(nodes, lengths.cumsum()[:-1])
        self.routes = [part if part[0] >= 0 else None for part in parts]
        self._go_on({n.removeprefix(SAVED): a for n, a in arrays.items() if n.startswith(SAVED)})

    def _saved(self) -> dict[str, Array]:
        """Of what is under way."""
        return {}

    def _go_on(self, saved: Mapping[str, Array]) -> None:  # noqa: B027 - of one that leaves none
        """From what was under way; none of it when it is empty."""
