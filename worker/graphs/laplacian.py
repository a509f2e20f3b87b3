"""The Laplacian of a graph in compressed rows, in difference form."""

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.graph import Graph, segment_sums
from worker.numerics.compiled import compiled


@dataclass(frozen=True)
class SparseLaplacian:
    """L = D - W in float64."""

    crow: Tensor  # (n + 1,) int64
    col: Tensor  # (nnz,) int64
    w: Tensor  # (nnz,) float64
    degree: Tensor  # (n,) float64

    @property
    def n(self) -> int:
        """Nodes."""
        return len(self.degree)

    def apply(self, X: Tensor) -> Tensor:
        """L X for rows X (k, n) float64: (L x)_i = sum_j w_ij (x_i - x_j).

        The form d * x - W x would cancel where x is nearly constant; the same bytes on every run.
        """
        if X.device.type == "cpu":
            X = X.contiguous()
            Y = torch.empty_like(X)
            rows = self.crow.numpy(), self.col.numpy(), self.w.numpy()
            for x, y in zip(X, Y, strict=True):  # loop: stages
                _product(*rows, x.numpy(), y.numpy())  # 50 ms for two million nodes, then a pause
            return Y
        return self.by_torch(X)

    def by_torch(self, X: Tensor) -> Tensor:
        """The same product on any device."""
        counts = self.crow.diff()
        own = X.T.repeat_interleave(counts, dim=0, output_size=len(self.col))
        terms = (own - X.T[self.col]) * self.w[:, None]
        return segment_sums(terms, counts).T.contiguous()

    def largest(self) -> float:
        """No eigenvalue exceeds this: twice the largest degree."""
        return 2 * float(self.degree.max())


def sparse_laplacian(graph: Graph) -> SparseLaplacian:
    """Of a graph, in float64."""
    return SparseLaplacian(graph.crow, graph.col, graph.w.double(), graph.degree())


@compiled
def _product(
    crow: NDArray[Any], col: NDArray[Any], w: NDArray[Any], x: NDArray[Any], y: NDArray[Any]
) -> None:
    for i in range(len(crow) - 1):
        total = 0.0
        for e in range(crow[i], crow[i + 1]):
            total += w[e] * (x[i] - x[col[e]])
        y[i] = total
