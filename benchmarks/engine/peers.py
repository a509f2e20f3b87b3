"""Other people's eigensolvers on the CSR Laplacian of a tile, each as its manual asks for it.

All get float64, are asked for the four vectors that the engine computes, and start from the same
random block. Where a solver is iterative it is measured at several numbers of iterations.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyamg
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import eigsh, lobpcg
from sklearn.manifold import spectral_embedding

from benchmarks.engine.exact import SHIFT, shift_invert

Array = NDArray[np.float64]
Solve = Callable[[csr_matrix], Array]  # (n, n) to vectors (n, 4), the Fiedler vector first

K = 4
TOLERANCE = 1e-6  # on the norm of a residual; the number of iterations ends it before


@dataclass(frozen=True)
class Peer:
    """A solver with all its choices made."""

    family: str
    setting: str
    solve: Solve

    @property
    def name(self) -> str:
        return f"{self.family}, {self.setting}" if self.setting else self.family


def start_block(n: int) -> Array:
    """Four random columns, (n, 4), the same for every method."""
    return np.random.default_rng(42).standard_normal((n, K))


def by_eigsh(L: csr_matrix) -> Array:
    """Shift-invert as the manual shows it; SuperLU factors inside."""
    values, vectors = eigsh(L, K + 1, sigma=SHIFT, v0=start_block(L.shape[0])[:, 0])
    return vectors[:, np.argsort(values)[1:]]


def by_eigsh_ordered(L: csr_matrix) -> Array:
    """The same with a factor made for symmetric matrices, several times faster."""
    inverse = shift_invert(L)
    start = start_block(L.shape[0])[:, 0]
    values, vectors = eigsh(L, K + 1, sigma=SHIFT, OPinv=inverse, v0=start)
    return vectors[:, np.argsort(values)[1:]]


def by_lobpcg(L: csr_matrix, iterations: int, multigrid: str | None = None) -> Array:
    """scipy's lobpcg with the constant vector deflated, and pyamg's V-cycle if asked for."""
    n, M = L.shape[0], None
    if multigrid == "smoothed_aggregation":
        M = pyamg.smoothed_aggregation_solver(L).aspreconditioner()
    elif multigrid == "ruge_stuben":
        M = pyamg.ruge_stuben_solver(L).aspreconditioner()
    constant = np.full((n, 1), n**-0.5)
    values, vectors = lobpcg(
        L, start_block(n), M=M, Y=constant, largest=False, maxiter=iterations, tol=TOLERANCE
    )
    return vectors[:, np.argsort(values)]


def by_embedding(L: csr_matrix, solver: str) -> Array:
    """scikit-learn's spectral_embedding of the affinity matrix, unnormalised Laplacian."""
    affinity = csr_matrix(diags_array(L.diagonal()) - L)
    affinity.eliminate_zeros()
    embedding: Array = spectral_embedding(
        affinity, n_components=K, eigen_solver=solver, random_state=42, norm_laplacian=False
    )
    return embedding


def by_torch(L: csr_matrix, iterations: int) -> Array:
    """torch.lobpcg on CSR, Jacobi-preconditioned; the constant vector is part of the block."""
    n = L.shape[0]
    parts = (torch.from_numpy(part.astype(np.int64)) for part in (L.indptr, L.indices))
    A = torch.sparse_csr_tensor(*parts, torch.from_numpy(L.data), size=L.shape)
    jacobi = torch.sparse_csr_tensor(
        torch.arange(n + 1), torch.arange(n), torch.from_numpy(1 / L.diagonal()), size=L.shape
    )
    start = torch.from_numpy(np.hstack((np.ones((n, 1)), start_block(n))))
    values, vectors = torch.lobpcg(
        A, k=K + 1, X=start, iK=jacobi, largest=False, niter=iterations, tol=TOLERANCE
    )
    return np.asarray(vectors[:, values.argsort()[1:]])


PEERS = (
    Peer("scipy eigsh shift-invert", "", by_eigsh),
    Peer("scipy eigsh shift-invert", "symmetric ordering", by_eigsh_ordered),
    *(
        Peer("scipy lobpcg", f"{i} steps", partial(by_lobpcg, iterations=i))
        for i in (30, 60, 100, 200)
    ),
    *(
        Peer(
            f"scipy lobpcg + pyamg {short}",
            f"{i} steps",
            partial(by_lobpcg, iterations=i, multigrid=multigrid),
        )
        for short, multigrid in (("SA", "smoothed_aggregation"), ("RS", "ruge_stuben"))
        for i in (2, 4, 10, 30)
    ),
    *(
        Peer("scikit-learn spectral_embedding", solver, partial(by_embedding, solver=solver))
        for solver in ("arpack", "lobpcg", "amg")
    ),
    *(
        Peer("torch.lobpcg", f"{i} steps", partial(by_torch, iterations=i))
        for i in (30, 60, 100, 200)
    ),
)
QUICK = tuple(
    p for p in PEERS if p.setting in ("symmetric ordering", "60 steps", "10 steps", "amg")
)


def fiedler(peer: Peer, L: csr_matrix) -> Array | None:
    """The peer's Fiedler vector (n,); None where it gives up with an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "not converged" is what the accuracy column says
        try:
            vector = peer.solve(L)[:, 0]
        except (ArithmeticError, np.linalg.LinAlgError, RuntimeError, ValueError, IndexError):
            return None
    return vector if np.isfinite(vector).all() else None
