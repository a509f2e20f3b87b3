"""A graph of the groups of another: every node joins the neighbour to which it is tied most."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.graphs.components import numbered, rooted
from worker.graphs.graph import offsets, segment_sums
from worker.graphs.laplacian import SparseLaplacian
from worker.graphs.pieces import each, pieces
from worker.numerics.compiled import sparse


@dataclass(frozen=True)
class Level:
    """The Galerkin Laplacian P^T L P of groups; P repeats values, P^T sums them."""

    laplacian: SparseLaplacian
    label: Tensor  # (finer n,) int64: the group of each node
    mass: Tensor  # (n,) float64: nodes of the finest graph in each group
    order: Tensor  # (finer n,) int64: the finer nodes group by group
    counts: Tensor  # (n,) int64: finer nodes in each group

    def restrict(self, X: Tensor) -> Tensor:
        """P^T X, (k, finer n) to (k, n); no atomics."""
        if X.device.type != "cpu":
            return segment_sums(X.T[self.order], self.counts).T.contiguous()
        Y = X.new_empty(len(X), self.laplacian.n)
        order, start = self.order.numpy(), self._start.numpy()
        x, y = X.contiguous().numpy(), Y.numpy()
        cuts = pieces(self.laplacian.n, X.device)
        each(cuts, lambda at: sparse.gathered(order, start, x, y, at.start, at.stop))
        return Y

    def prolong(self, Y: Tensor) -> Tensor:
        """P Y, (k, n) to (k, finer n)."""
        return Y[:, self.label]

    def corrected(self, R: Tensor, scale: Tensor, Y: Tensor) -> Tensor:
        """P Y + scale R, for R (k, finer n) and scale (finer n,)."""
        if R.device.type != "cpu":
            return torch.addcmul(self.prolong(Y), R, scale)
        R, Y = R.contiguous(), Y.contiguous()
        Z = torch.empty_like(R)
        label, factor = self.label.numpy(), scale.numpy()
        r, y, z = R.numpy(), Y.numpy(), Z.numpy()
        cuts = pieces(R.shape[1], R.device)
        each(cuts, lambda at: sparse.corrected(label, factor, r, y, z, at.start, at.stop))
        return Z

    @cached_property
    def _start(self) -> Tensor:
        return offsets(self.counts)

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The groups and the graph of them, in as few bytes as hold them."""
        below = self.laplacian
        parts = {"label": self.label, "entries": below.crow.diff(), "col": below.col}
        small = {name: each.to(torch.int32).cpu().numpy() for name, each in parts.items()}
        w = below.w.cpu().numpy()
        narrow = w.astype(np.float32)
        return {**small, "w": narrow if (narrow == w).all() else w}


def coarser(fine: SparseLaplacian, mass: Tensor) -> Level:
    """One step of Boruvka's algorithm (1926): a half to a fifth of the nodes.

    Groups follow the strongest ties, so that weakly joined parts stay apart on every level.
    """
    row = torch.arange(fine.n, device=mass.device).repeat_interleave(fine.crow.diff())
    on_cpu = mass.device.type == "cpu"
    mate = strongest(fine) if on_cpu else strongest_by_torch(fine, row)
    # Of two that chose each other the first is the root; ties are broken so that no longer
    # circle can be.
    node = torch.arange(fine.n, device=mass.device)
    parent = torch.where((mate[mate] == node) & (node < mate), node, mate)
    label, counts = numbered(rooted(parent))
    return grouped(_galerkin(fine, row, label, len(counts)), label, mass)


def grouped(laplacian: SparseLaplacian, label: Tensor, mass: Tensor) -> Level:
    """The level of such a Laplacian, by the group and the mass of each finer node."""
    order, counts = label.argsort(stable=True), label.bincount()
    return Level(laplacian, label, segment_sums(mass[order], counts), order, counts)


def strongest_by_torch(fine: SparseLaplacian, row: Tensor) -> Tensor:
    """(n,) the neighbour at the heaviest edge of each node; of several by a hash of both ends.

    Args:
        fine: on any device.
        row: (nnz,) int64, the node at which each entry begins.
    """
    heaviest = torch.segment_reduce(fine.w, "max", lengths=fine.crow.diff())
    ends = torch.minimum(row, fine.col) * fine.n + torch.maximum(row, fine.col)
    ties = torch.where(fine.w == heaviest[row], _mixed(ends), torch.iinfo(torch.int64).min)
    best = torch.full_like(fine.crow[1:], torch.iinfo(torch.int64).min)
    best.scatter_reduce_(0, row, ties, "amax")
    chosen = (ties == best[row]) & (fine.w == heaviest[row])
    mate = torch.arange(fine.n, device=row.device)
    mate[row[chosen]] = fine.col[chosen]  # one each: no two edges have the same hash
    return mate


def strongest(fine: SparseLaplacian) -> Tensor:
    """The same on a CPU, a tenth of the time."""
    mate = torch.arange(fine.n)
    sparse.strongest(fine.crow.numpy(), fine.col.numpy(), fine.w.numpy(), mate.numpy())
    return mate


def _galerkin(fine: SparseLaplacian, row: Tensor, label: Tensor, n: int) -> SparseLaplacian:
    """Each edge is summed once, for both directions: exactly as heavy in one as in the other."""
    first, second = label[row], label[fine.col]
    upwards = first < second
    key, order = (first * n + second)[upwards].sort(stable=True)
    key, counts = torch.unique_consecutive(key, return_counts=True)
    w = segment_sums(fine.w[upwards][order], counts)
    first, second = key // n, key % n
    key, order = torch.cat([key, second * n + first]).sort()
    w = torch.cat([w, w])[order]
    entries = torch.bincount(key // n, minlength=n)
    return SparseLaplacian(offsets(entries), key % n, w, segment_sums(w, entries))


def _mixed(values: Tensor) -> Tensor:
    """A one-to-one map of int64 that looks random; SplitMix64's (Steele, Lea and Flood, 2014)."""
    z = (values + 1) * -7046029254386353131
    z = (z ^ (z >> 30 & (1 << 34) - 1)) * -4658895280553007687
    z = (z ^ (z >> 27 & (1 << 37) - 1)) * -7723592293110705685
    return z ^ (z >> 31 & (1 << 33) - 1)
