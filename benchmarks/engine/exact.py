"""The exact lambda_2 eigenspace, in float64."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, eye_array
from scipy.sparse.linalg import LinearOperator, eigsh, splu

Array = NDArray[np.float64]

SHIFT = -1e-4  # makes L invertible, and is nearest to its smallest eigenvalues
CLUSTER_GAP = 0.01
COUNTS = (8, 26)  # eigenvalues asked for: a cluster that fills the first is looked at again


@dataclass(frozen=True)
class Exact:
    """An orthonormal basis of the eigenspace of lambda_2 and of what lies within 1 % of it."""

    values: Array  # (m,) ascending, from lambda_2
    space: Array  # (n, c)

    def sine(self, vector: Array) -> float:
        """Of the angle between the space and a vector (n,)."""
        unit = vector - vector.mean()
        unit = unit / max(float(np.linalg.norm(unit)), 1e-300)
        return min(1.0, float(np.linalg.norm(unit - self.space @ (self.space.T @ unit))))


def shift_invert(L: csr_matrix) -> LinearOperator:
    """(L - SHIFT)^-1 by SuperLU with an ordering for symmetric matrices."""
    factor = splu(
        (L - SHIFT * eye_array(L.shape[0])).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return LinearOperator(L.shape, factor.solve, dtype=np.float64)


def exact(L: csr_matrix, counts: tuple[int, ...] = COUNTS) -> Exact:
    """By scipy's eigsh, to machine precision; `counts` of eigenvalues, the constant's included."""
    n, inverse = L.shape[0], shift_invert(L)
    start = np.random.default_rng(0).standard_normal(n)
    for count in counts:
        values, vectors = eigsh(L, min(count, n - 2), sigma=SHIFT, OPinv=inverse, v0=start)
        order = np.argsort(values)[1:]
        values, vectors = values[order], vectors[:, order]
        apart = np.diff(values) > CLUSTER_GAP * values[1:]
        if apart.any():
            break
    size = int(apart.argmax()) + 1 if apart.any() else len(values)
    return Exact(values, np.linalg.qr(vectors[:, :size])[0])
