"""Balls that are too large for a matrix: one at a time, by iteration."""

from torch import Tensor

from worker.graphs.eigen import EigenSolver
from worker.graphs.graph import Graph, offsets
from worker.graphs.laplacian import sparse_laplacian
from worker.graphs.local import MOST_DENSE, Spectra
from worker.graphs.subgraphs import LocalEdges

TOLERANCE = 1e-6
"""Residual relative to lambda_2, in float64: lambda_2 itself is off by less."""


def large_spectra(spectra: Spectra, edges: LocalEdges, sizes: Tensor) -> None:
    """Fill in the spectra (Q,) of the balls above MOST_DENSE nodes.

    `largest` is a bound there.
    """
    for q in (sizes > MOST_DENSE).nonzero()[:, 0].tolist():  # loop: chunks
        solver = EigenSolver(
            sparse_laplacian(ball_graph(edges, q, int(sizes[q]))), 2, tolerance=TOLERANCE
        )
        while not solver.finished:  # loop: iterations
            solver.step()
        pairs = solver.pairs()
        spectra.lambda2[q], spectra.gap[q] = pairs.values[0], pairs.values[1] - pairs.values[0]
        spectra.largest[q] = solver.largest
        if spectra.vectors is not None:
            begin = int(sizes[:q].sum())
            spectra.vectors[begin : begin + int(sizes[q])] = pairs.vectors[0]


def ball_graph(edges: LocalEdges, query: int, size: int) -> Graph:
    """One of the induced subgraphs."""
    mine = (edges.query == query).nonzero()[:, 0]
    mine = mine[(edges.row[mine] * size + edges.col[mine]).argsort()]
    counts = edges.row[mine].bincount(minlength=size)
    return Graph(offsets(counts), edges.col[mine], edges.w[mine])
