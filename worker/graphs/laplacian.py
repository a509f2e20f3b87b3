"""The Laplacian of a graph in compressed rows, in difference form."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.graph import Graph, segment_sums
from worker.graphs.pieces import each, pieces
from worker.numerics.compiled import sparse

Array = NDArray[Any]


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
        if X.device.type != "cpu":
            return self.by_torch(X)
        X = X.contiguous()
        Y = torch.empty_like(X)
        rows, x, y = self._rows(), X.numpy(), Y.numpy()
        each(self._pieces, lambda at: sparse.product(*rows, x, y, at.start, at.stop))
        return Y

    def residual(self, R: Tensor, X: Tensor) -> Tensor:
        """R - L X, rows (k, n)."""
        if X.device.type != "cpu":
            return R - self.by_torch(X)
        X, R = X.contiguous(), R.contiguous()
        Y = torch.empty_like(X)
        rows, x, r, y = self._rows(), X.numpy(), R.numpy(), Y.numpy()
        each(self._pieces, lambda at: sparse.residual(*rows, x, r, y, at.start, at.stop))
        return Y

    def by_torch(self, X: Tensor) -> Tensor:
        """The same product on any device."""
        counts = self.crow.diff()
        own = X.T.repeat_interleave(counts, dim=0, output_size=len(self.col))
        terms = (own - X.T[self.col]) * self.w[:, None]
        return segment_sums(terms, counts).T.contiguous()

    def largest(self) -> float:
        """No eigenvalue exceeds this: twice the largest degree."""
        return 2 * float(self.degree.max())

    @cached_property
    def _pieces(self) -> list[slice]:
        return pieces(self.n, self.degree.device)

    def _rows(self) -> tuple[Array, Array, Array]:
        return self.crow.numpy(), self.col.numpy(), self.w.numpy()


def sparse_laplacian(graph: Graph) -> SparseLaplacian:
    """Of a graph, in float64."""
    return SparseLaplacian(graph.crow, graph.col, graph.w.double(), graph.degree())
