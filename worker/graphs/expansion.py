"""The expansion map of a graph: lambda_2 of the ball around each node, a chunk at a time."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from worker.graphs.balls import MOST_NODES_IN_BALL, Balls, balls
from worker.graphs.errors import BadGraph
from worker.graphs.graph import Graph
from worker.graphs.large import large_spectra
from worker.graphs.listed import MOST_WITH_VECTORS, checked_nodes
from worker.graphs.local import (
    DEGENERATE,
    MOST_DENSE,
    Spectra,
    dense_spectra,
    dtype_for,
)
from worker.graphs.order import coverage
from worker.graphs.ragged import Ragged
from worker.graphs.subgraphs import local_edges, looked_at
from worker.graphs.walks import walks

Array = NDArray[Any]

QUANTUM_S = 0.05  # a chunk takes about so long
FIRST_COST = 20_000
"""Of the first chunk: some milliseconds."""

MOST_COST = 4_000_000
"""Neighbours that a chunk may reach: some 100 MB."""

SMOOTHING = 0.3  # of the measured pace


@dataclass(frozen=True)
class ExpansionSettings:
    """What is computed of every ball."""

    radius: int = 2  # 1..6
    order: Literal["coverage", "natural", "given"] = "coverage"
    precision: Literal["auto", "float32", "float64"] = "auto"
    normalized: bool = False
    vectors: bool = False  # the local Fiedler vectors too
    most: int = MOST_NODES_IN_BALL  # nodes in a ball


class Patch(NamedTuple):
    """What a step has computed."""

    nodes: Array  # (c,) int64
    lambda2: Array  # (c,) float64, NaN where it is not known
    ball_size: Array  # (c,) int32


class ExpansionMap:
    """lambda_2 around every node that was asked for; readable and resumable after each step.

    A node's values do not depend on the chunk that it is computed in: the same graph, settings and
    device give the same bytes, also over several runs.
    """

    def __init__(
        self, graph: Graph, settings: ExpansionSettings, nodes: Array | None = None
    ) -> None:
        """Begin with nothing done; cheap.

        Args:
            graph: on the device that computes.
            settings: as they were checked.
            nodes: (t,) int64, those that are wanted; None: all.

        Raises:
            BadGraph: names the first node that is none, or is listed twice.
        """
        self.graph, self.settings = graph, settings
        self.nodes = np.arange(graph.n) if nodes is None else checked_nodes(nodes, graph.n)
        if settings.vectors and self.total > MOST_WITH_VECTORS:
            message = f"vectors are kept of at most {MOST_WITH_VECTORS:,} nodes, not {self.total:,}"
            raise BadGraph("params.nodes", message)
        self.done = np.zeros(self.total, bool)
        self.lambda2 = np.full(self.total, np.nan)
        self.gap = np.full(self.total, np.nan)
        self.ball_size = np.zeros(self.total, np.int32)
        self.hops = np.zeros(self.total, np.int8)
        self.degenerate = np.zeros(self.total, bool)
        self.ragged = Ragged()
        self.retries = 0
        self._queue: Array | None = None  # positions that are left, in order
        self._dtype = getattr(torch, settings.precision, None)
        self._pace_s = QUANTUM_S / FIRST_COST  # for each unit of cost
        self._most = MOST_COST
        # Larger balls are solved by iteration, which knows L = D - W alone.
        self._most_nodes = min(settings.most, MOST_DENSE if settings.normalized else settings.most)

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

    def step(self, seconds: float = QUANTUM_S) -> Patch:
        """Compute a chunk that takes about so long; the first step only prepares."""
        if self._queue is None:
            self._prepare()
            return self._patch(np.zeros(0, np.int64))
        started = time.perf_counter()
        chunk = self._next_chunk(seconds / self._pace_s)
        try:
            self._solve(chunk)
        except torch.OutOfMemoryError:
            self.retries += 1
            if len(chunk) == 1:
                raise
            self._most = max(1, int(self._costs[chunk].sum()) // 2)
            return self._patch(chunk[:0])
        took_s = (time.perf_counter() - started) / float(self._costs[chunk].sum())
        self._pace_s += SMOOTHING * (took_s - self._pace_s)
        self._queue = self._queue[len(chunk) :]
        return self._patch(chunk)

    def left_s(self) -> float:
        """Seconds that the rest takes, by the pace so far."""
        if self._queue is None:
            return self._pace_s * FIRST_COST * self.total
        return float(self._costs[self._queue].sum()) * self._pace_s

    def expansion(self) -> Array:
        """(t,) float64: lambda_2 * (radius + 1)^2, which does not depend on the scale."""
        expanded: Array = self.lambda2 * (self.hops.astype(np.float64) + 1) ** 2
        return expanded

    def truncated(self) -> Array:
        """(t,) bool: balls of too many nodes, which are those of a smaller radius."""
        cut: Array = self.done & (self.hops < self.settings.radius)
        return cut

    def checkpoint(self) -> dict[str, Array]:
        """What another map of the same graph, settings and nodes can go on from."""
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
        for name in KEPT:
            here, there = getattr(self, name), arrays.get(name)
            if there is None or there.dtype != here.dtype or there.shape != (count,):
                raise ValueError(f"{name}: not {here.dtype} of {count} nodes")
        ragged = Ragged.of(arrays)
        self.done = done
        for name in KEPT:
            getattr(self, name)[done] = arrays[name]
        self.ragged, self._queue = ragged, None

    def _prepare(self) -> None:
        if self._dtype is None:
            self._dtype = dtype_for(self.graph)
        order = np.arange(self.total)
        if self.settings.order == "coverage":
            order = coverage(self.total).numpy()
        elif self.settings.order == "natural":
            order = self.nodes.argsort()
        self._queue = order[~self.done[order]]
        reached = walks(self.graph, self.settings.radius, self._most_nodes)
        self._costs = reached.cpu().numpy()[self.nodes] + 1

    def _next_chunk(self, cost: float) -> Array:
        assert self._queue is not None
        window = self._queue[: max(1, int(min(cost, self._most)))]
        fitting = np.searchsorted(self._costs[window].cumsum(), min(cost, self._most), "right")
        return window[: max(1, int(fitting))]

    def _solve(self, chunk: Array) -> None:
        """Compute the values of the nodes at these positions, and note them."""
        seeds = torch.from_numpy(self.nodes[chunk]).to(self.graph.device)
        whole = balls(self.graph, seeds, self.settings.radius, self._most_nodes)
        entries = looked_at(self.graph, whole).cumsum(0) // MOST_COST
        ends = [0, *torch.unique_consecutive(entries, return_counts=True)[1].cumsum(0).tolist()]
        for begin, end in pairwise(ends):  # loop: chunks
            self._solve_part(chunk[begin:end], whole.part(begin, end))

    def _solve_part(self, chunk: Array, found: Balls) -> None:
        assert self._dtype is not None
        settings = self.settings
        edges = local_edges(self.graph, found)
        spectra = dense_spectra(
            edges,
            found.sizes,
            self._dtype,
            normalized=settings.normalized,
            vectors=settings.vectors,
        )
        large_spectra(spectra, edges, found.sizes)
        self._note(chunk, found, spectra)

    def _note(self, chunk: Array, found: Balls, spectra: Spectra) -> None:
        # A ball that was cut down to its seed says nothing about the node.
        cut = (found.hops < self.settings.radius) & (found.sizes == 1)
        self.lambda2[chunk] = torch.where(cut, torch.nan, spectra.lambda2).cpu().numpy()
        self.gap[chunk] = spectra.gap.cpu().numpy()
        self.ball_size[chunk] = found.sizes.cpu().numpy()
        self.hops[chunk] = found.hops.cpu().numpy()
        self.degenerate[chunk] = (spectra.gap < DEGENERATE * spectra.largest).cpu().numpy()
        if spectra.vectors is not None:
            self.ragged.add(chunk, found.sizes, found.node, spectra.vectors)
        self.done[chunk] = True

    def _patch(self, chunk: Array) -> Patch:
        return Patch(self.nodes[chunk], self.lambda2[chunk], self.ball_size[chunk])


KEPT = ("lambda2", "gap", "ball_size", "hops", "degenerate")
"""What is known of each node that is done."""
