"""A weighted undirected graph in compressed rows."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Graph:
    """Edges in both directions, each once, no self-loops; rows sorted by column.

    Weights are similarities: the Laplacian is L = D - W.
    """

    crow: Tensor  # (n + 1,) int64
    col: Tensor  # (nnz,) int64
    w: Tensor  # (nnz,) float32, 1e-30..1e38

    @property
    def n(self) -> int:
        """Nodes."""
        return len(self.crow) - 1

    @property
    def device(self) -> torch.device:
        """Where the arrays are."""
        return self.crow.device

    def counts(self) -> Tensor:
        """(n,) int64: how many neighbours each node has."""
        return self._counts

    @cached_property
    def _counts(self) -> Tensor:
        return self.crow.diff()

    def rows(self) -> Tensor:
        """(nnz,) int64: the node at which each entry begins."""
        nodes = torch.arange(self.n, device=self.device)
        return nodes.repeat_interleave(self.counts(), output_size=len(self.col))

    @cached_property
    def keys(self) -> Tensor:
        """(nnz,) int64, ascending: row * n + column; made once."""
        return self.rows() * self.n + self.col

    @cached_property
    def outward(self) -> "Graph":
        """Every edge in one direction, from the end with fewer neighbours; made once.

        So no node has more of them than the square root of all entries (Chiba and Nishizeki, 1985).
        """
        rank = self.counts() * self.n + torch.arange(self.n, device=self.device)
        here = rank.repeat_interleave(self.counts(), output_size=len(self.col))
        away = here < rank[self.col]
        entry = away.nonzero()[:, 0]
        return Graph(offsets(away)[self.crow], self.col[entry], self.w[entry])

    def degree(self) -> Tensor:
        """(n,) float64: the weights of each node's edges summed, as w is stored.

        Differences of one cumulative sum would lose the small weights beside large ones.
        """
        return segment_sums(self.w.double(), self.counts())

    def to(self, device: torch.device) -> "Graph":
        """The same graph there."""
        return Graph(
            self.crow.to(device, non_blocking=True),
            self.col.to(device, non_blocking=True),
            self.w.to(device, non_blocking=True),
        )

    def pinned(self) -> "Graph":
        """The same graph in memory that a CUDA device reads by itself; itself without one."""
        if not torch.cuda.is_available() or self.device.type != "cpu":
            return self
        return Graph(self.crow.pin_memory(), self.col.pin_memory(), self.w.pin_memory())

    def induced(self, nodes: Tensor) -> "Graph":
        """The graph of `nodes` (m,) int64, ascending, and of the edges between them."""
        entry, row = entries(self, nodes)
        col, inside = position(nodes, self.col[entry])
        counts = torch.bincount(row[inside], minlength=len(nodes))
        return Graph(offsets(counts), col[inside], self.w[entry[inside]])

    def unweighted(self) -> "Graph":
        """The same edges, all of weight 1."""
        return replace(self, w=torch.ones_like(self.w))

    def sha256(self) -> str:
        """Of n, crow, col and w as little-endian bytes."""
        digest = hashlib.sha256(self.n.to_bytes(8, "little"))
        for values, dtype in ((self.crow, "<i8"), (self.col, "<i8"), (self.w, "<f4")):
            digest.update(values.cpu().numpy().astype(dtype, copy=False).data)
        return digest.hexdigest()


def segment_sums(values: Tensor, lengths: Tensor) -> Tensor:
    """The sums of runs (m,) of so many rows of `values` (T, ...); no atomics, 0 for no rows."""
    if len(values) == 0:
        return values.new_zeros(len(lengths), *values.shape[1:])
    sums: Tensor = torch.segment_reduce(values, "sum", lengths=lengths)
    return sums


def offsets(counts: Tensor) -> Tensor:
    """Where each of several runs of so many entries begins, and the end: (m + 1,)."""
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def entries(graph: Graph, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """The entries of the rows `nodes` (T,), one after the other, and whose row each is in."""
    counts = graph.crow[nodes + 1] - graph.crow[nodes]
    before = offsets(counts)
    total = int(before[-1])
    row = torch.arange(len(nodes), device=nodes.device).repeat_interleave(counts, output_size=total)
    shift = graph.crow[nodes] - before[:-1]
    return shift[row] + torch.arange(total, device=nodes.device), row


def position(key: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Where each of `wanted` is in `key`, which ascends, and whether it is there at all."""
    place = torch.searchsorted(key, wanted).clamp_(max=max(0, len(key) - 1))
    return place, key[place] == wanted
