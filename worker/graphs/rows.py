"""A graph in compressed rows as it is read and sent; without torch, for whoever only reads it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from worker.graphs.generator_params import MOST_NODES as MOST_NODES

if TYPE_CHECKING:
    from worker.graphs.graph import Graph

Array: TypeAlias = NDArray[Any]
MOST_ENTRIES = 20_000_000  # both directions of every edge


@dataclass(frozen=True)
class Rows:
    """As `worker.graphs.graph.Graph`, in arrays."""

    crow: Array  # (n + 1,) int64
    col: Array  # (nnz,) int64
    w: Array  # (nnz,) float32

    @property
    def n(self) -> int:
        """Nodes."""
        return len(self.crow) - 1

    @property
    def graph(self) -> "Graph":
        """The same to compute with, on the CPU; it shares the memory."""
        import torch  # late: it takes seconds, and a reader does without

        from worker.graphs.graph import Graph

        return Graph(*(torch.from_numpy(part) for part in (self.crow, self.col, self.w)))
