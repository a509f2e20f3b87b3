"""The expansion map of a graph: lambda_2 of the ball around each node, a chunk at a time."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from worker.graphs.alike import Alike
from worker.graphs.balls import MOST_NODES_IN_BALL, Balls, balls
from worker.graphs.errors import BadGraph
from worker.graphs.expanded import Expanded
from worker.graphs.graph import Graph
from worker.graphs.large import large_spectra
from worker.graphs.listed import MOST_WITH_VECTORS, checked_nodes
from worker.graphs.local import (
    DEGENERATE,
    MOST_DENSE,
    Spectra,
    dense_spectra,
    dtype_for,
    padded,
)
from worker.graphs.order import coverage
from worker.graphs.subgraphs import local_edges, looked_at
from worker.graphs.walks import walks

Array = NDArray[Any]

QUANTUM_S = 0.05  # a chunk takes about so long
FIRST_COST = 1_000
"""Of the first chunk: a few nodes of a grid, or a ball of hundreds."""

MOST_COST = 4_000_000
"""Neighbours that a chunk may reach: some 100 MB."""

SMOOTHING = 0.3  # of the measured pace
GROWTH = 8
"""From one chunk to the next at most: the first ones show what balls cost."""

ENTRY_WORK = 100
MOST_WORK = 50_000_000
"""What is solved without a look at the clock, 50 ms or less: the cubes of the sizes of matrices,
and for each entry of the graph that is looked at as much as for a matrix of 5 by 5."""


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


class ExpansionMap(Expanded):
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
        asked = np.arange(graph.n) if nodes is None else checked_nodes(nodes, graph.n)
        super().__init__(asked, settings.radius)
        if settings.vectors and self.total > MOST_WITH_VECTORS:
            message = f"vectors are kept of at most {MOST_WITH_VECTORS:,} nodes, not {self.total:,}"
            raise BadGraph("params.nodes", message)
        self.retries = 0
        self._alike = Alike()
        self._queue: Array | None = None  # positions that are left, in order
        self._dtype = getattr(torch, settings.precision, None)
        self._left = 0.0  # cost of these
        self._pace_s = QUANTUM_S / FIRST_COST  # for each unit of cost
        self._most, self._within = MOST_COST, float(FIRST_COST)
        # Larger balls are solved by iteration, which knows L = D - W alone.
        self._most_nodes = min(settings.most, MOST_DENSE if settings.normalized else settings.most)

    def step(self, seconds: float = QUANTUM_S) -> Patch:
        """Compute a chunk that takes about so long; the first step only prepares."""
        if self._queue is None:
            self._prepare()
            return self._patch(np.zeros(0, np.int64))
        started, solved = time.perf_counter(), 0
        chunk = self._next_chunk(seconds / self._pace_s)
        try:
            for count in self._solve(chunk):  # loop: chunks
                solved += count
                if time.perf_counter() - started >= seconds:
                    break
        except torch.OutOfMemoryError:
            self.retries += 1
            if len(chunk) == 1:
                raise
            self._most = max(1, int(self._costs[chunk].sum()) // 2)
        if solved:
            self._advance(chunk[:solved], time.perf_counter() - started)
        return self._patch(chunk[:solved])

    def _advance(self, chunk: Array, seconds: float) -> None:
        """Past nodes that took so long."""
        assert self._queue is not None
        cost = float(self._costs[chunk].sum())
        self._queue, self._left = self._queue[len(chunk) :], self._left - cost
        # What takes longer than expected is believed at once, and what does not by and by.
        pace_s = seconds / cost
        self._pace_s = max(pace_s, self._pace_s + SMOOTHING * (pace_s - self._pace_s))
        self._within = GROWTH * cost

    def left_s(self) -> float:
        """Seconds that the rest takes, by the pace so far."""
        if self._queue is None:
            return self._pace_s * FIRST_COST * self.total
        return self._left * self._pace_s

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Take over a checkpoint; raises as that of `Expanded`."""
        super().restore(arrays)
        self._queue = None

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
        self._left = float(self._costs[self._queue].sum())
        _ = self.graph.outward  # while nothing is expected yet

    def _next_chunk(self, cost: float) -> Array:
        assert self._queue is not None
        cost = min(cost, self._most, self._within)
        window = self._queue[: max(1, int(cost))]
        fitting = np.searchsorted(self._costs[window].cumsum(), cost, "right")
        return window[: max(1, int(fitting))]

    def _solve(self, chunk: Array) -> Iterator[int]:
        """Compute the values of the nodes at these positions in turn; yield how many more."""
        seeds = torch.from_numpy(self.nodes[chunk]).to(self.graph.device)
        whole = balls(self.graph, seeds, self.settings.radius, self._most_nodes)
        work = ENTRY_WORK * looked_at(self.graph, whole) + padded(whole.sizes) ** 3
        parts = work.cumsum(0) // MOST_WORK
        ends = [0, *torch.unique_consecutive(parts, return_counts=True)[1].cumsum(0).tolist()]
        for begin, end in pairwise(ends):  # loop: chunks
            self._solve_part(chunk[begin:end], whole.part(begin, end))
            yield end - begin

    def _solve_part(self, chunk: Array, found: Balls) -> None:
        marks = [] if self.settings.vectors else self._alike.marks(found)
        if not any(marks):
            self._note(chunk, found, self._spectra(found))
            return
        new = self._alike.new(marks)
        places = torch.tensor(new, dtype=torch.int64, device=self.graph.device)
        solved = self._spectra(found.only(places)) if new else None
        self._note(chunk, found, self._alike.spread(marks, new, solved))

    def _spectra(self, found: Balls) -> Spectra:
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
        return spectra

    def _note(self, chunk: Array, found: Balls, spectra: Spectra) -> None:
        # A ball that was cut down to its seed says nothing about the node.
        cut = ((found.hops < self.settings.radius) & (found.sizes == 1)).cpu().numpy()
        self.lambda2[chunk] = np.where(cut, np.nan, spectra.lambda2.cpu().numpy())
        self.gap[chunk] = spectra.gap.cpu().numpy()
        self.ball_size[chunk] = found.sizes.cpu().numpy()
        self.hops[chunk] = found.hops.cpu().numpy()
        self.degenerate[chunk] = (spectra.gap < DEGENERATE * spectra.largest).cpu().numpy()
        if spectra.vectors is not None:
            self.ragged.add(chunk, found.sizes, found.node, spectra.vectors)
        self.done[chunk] = True

    def _patch(self, chunk: Array) -> Patch:
        return Patch(self.nodes[chunk], self.lambda2[chunk], self.ball_size[chunk])
