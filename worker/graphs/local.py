"""The low end of the spectrum of every ball: batches of small Laplacians, solved exactly."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.graphs.graph import Graph
from worker.graphs.signed import signed
from worker.graphs.subgraphs import LocalEdges

MOST_DENSE = 1024
"""Nodes of a ball whose matrix is written out."""

MOST_SINGLE = 256
"""Nodes of a ball up to which float32 is good for five digits."""

MOST_IN_BATCH = 1 << 24
"""Matrix entries in one batch."""

CONTRAST = 1e3
"""Beyond this ratio of the weights of a graph its balls are solved in float64."""

DEGENERATE = 1e-4
"""Of the largest eigenvalue: with a gap above lambda_2 below this, its vector is arbitrary."""


class Spectra(NamedTuple):
    """Of Q balls; NaN where there is no such eigenvalue."""

    lambda2: Tensor  # (Q,) float64; 0 for a single node
    gap: Tensor  # (Q,) float64: lambda_3 - lambda_2; NaN below three nodes
    largest: Tensor  # (Q,) float64
    vectors: Tensor | None  # (T,) float64, one after the other, unit length each


def dtype_for(graph: Graph) -> torch.dtype:
    """What the balls of a graph are computed in."""
    if len(graph.w) == 0:
        return torch.float32
    low, high = graph.w.aminmax()
    return torch.float64 if float(high) > CONTRAST * float(low) else torch.float32


def padded(sizes: Tensor) -> Tensor:
    """The sizes (Q,) of the matrices that balls of so many nodes are written to.

    Multiples of four: in a batch every matrix then begins at a multiple of 64 bytes, and gives the
    same bytes in any batch.
    """
    step = torch.full_like(sizes, 128)
    for most, fine in ((512, 64), (256, 32), (128, 16), (64, 8), (32, 4)):  # loop: stages
        step = torch.where(sizes <= most, fine, step)
    return -(-sizes // step) * step


def dense_spectra(
    edges: LocalEdges,
    sizes: Tensor,
    dtype: torch.dtype,
    *,
    normalized: bool = False,
    vectors: bool = False,
) -> Spectra:
    """Eigenvalues by LAPACK or cuSOLVER; NaN, and vectors of 0, for balls above MOST_DENSE nodes.

    L = D - W with the degrees inside the ball, or I - D^-1/2 W D^-1/2.

    Args:
        edges: of Q balls.
        sizes: (Q,) int64 nodes.
        dtype: float32 or float64; balls above MOST_SINGLE nodes are solved in float64.
        normalized: the second form of L.
        vectors: whether those of lambda_2 are wanted too.
    """
    start = sizes.cumsum(0) - sizes
    values = torch.full((3, len(sizes)), torch.nan, dtype=torch.float64, device=sizes.device)
    length = int(sizes.sum()) if vectors else 0
    flat = torch.zeros(length, dtype=torch.float64, device=sizes.device)
    shapes = padded(sizes)
    for size in torch.unique(shapes[sizes <= MOST_DENSE]).tolist():  # loop: chunks
        rows_of_size = (shapes == size).nonzero()[:, 0]
        for rows in rows_of_size.split(max(1, MOST_IN_BATCH // size**2)):  # loop: chunks
            precision = dtype if size <= MOST_SINGLE else torch.float64
            W = _scattered(edges, rows, len(sizes), size, precision)
            once, same = distinct(W)
            theta, X, largest = _solved(
                W[once], sizes[rows[once]], normalized=normalized, vectors=vectors
            )
            X = None if X is None else X[same]
            values[:, rows] = torch.stack([*theta, largest])[:, same]
            if X is not None:
                inside = torch.arange(size, device=rows.device) < sizes[rows, None]
                place = start[rows, None] + torch.arange(size, device=rows.device)
                flat[place[inside]] = X[inside]
    return Spectra(values[0], values[1], values[2], flat if vectors else None)


def _scattered(
    edges: LocalEdges, rows: Tensor, count: int, size: int, dtype: torch.dtype
) -> Tensor:
    """W of the balls `rows`, (B, size, size)."""
    slot = torch.full((count,), -1, dtype=torch.int64, device=rows.device)
    slot[rows] = torch.arange(len(rows), device=rows.device)
    slots = slot[edges.query]
    there = slots >= 0
    place = (slots[there] * size + edges.row[there]) * size + edges.col[there]
    W = torch.zeros(len(rows) * size * size, dtype=dtype, device=rows.device)
    W[place] = edges.w[there].to(dtype)
    return W.reshape(-1, size, size)


def distinct(W: Tensor) -> tuple[Tensor, Tensor]:
    """The places (b,) of different matrices (B, m, m), and which of them each is, (B,).

    A lattice has a few hundred kinds of balls. Some that are alike may be taken for different.
    """
    flat, own = W.flatten(1), torch.arange(len(W), device=W.device)
    mark = flat @ torch.sin(1.0 + torch.arange(flat.shape[1], device=W.device)).to(W.dtype)
    _, group = torch.unique(mark, return_inverse=True)
    first = own.scatter_reduce(0, group, own, "amin", include_self=False)[group]
    owner = torch.where((flat == flat[first]).all(1), first, own)  # a mark is not proof
    once, same = torch.unique(owner, return_inverse=True)
    return once, same


def _solved(
    W: Tensor, sizes: Tensor, *, normalized: bool, vectors: bool
) -> tuple[tuple[Tensor, Tensor], Tensor | None, Tensor]:
    """(lambda_2, gap), the vectors (B, size) and lambda_max of matrices W with padding."""
    # In float64 the order of a sum of float32 does not show; LAPACK wants no tiny matrices.
    degree = W.sum(2, dtype=torch.float64)
    scale = torch.ones_like(degree[:, :1]) if normalized else degree.amax(1, keepdim=True)
    scale = torch.where(scale > 0, scale, 1.0)
    inside = torch.arange(W.shape[1], device=W.device) < sizes[:, None]
    if normalized:
        root = torch.where(degree > 0, degree.rsqrt(), 0.0)
        W, null = W * (root[:, :, None] * root[:, None]).to(W.dtype), degree.sqrt()
        diagonal = torch.where(degree > 0, 1.0, 0.0)
    else:
        W, diagonal, null = W / scale[:, :, None].to(W.dtype), degree / scale, inside.double()
    # No eigenvalue exceeds twice the largest degree: the constant and the padding go there.
    null = torch.nn.functional.normalize(null, dim=1).to(W.dtype)
    far = torch.where(sizes > 1, 2.0, 0.0).to(W.dtype)[:, None]
    L = (far * null)[:, :, None] * null[:, None] - W
    L.diagonal(dim1=1, dim2=2).add_(torch.where(inside, diagonal.to(W.dtype), far))
    if vectors:
        theta, X = torch.linalg.eigh(L)
        first = signed(X[:, :, 0].double())
    else:
        theta, first = torch.linalg.eigvalsh(L), None
    theta = theta.double().clamp(min=0) * scale
    largest = theta.gather(1, (sizes - 2).clamp(min=0)[:, None])[:, 0]
    gap = torch.where(sizes > 2, theta[:, 1] - theta[:, 0], torch.nan)
    return (theta[:, 0], gap), first, largest
