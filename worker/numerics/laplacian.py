"""The Laplacian of a batch of equally shaped tiles, matrix-free and in difference form."""

from dataclasses import dataclass

from torch import Tensor

from worker.numerics.kernels import kernels_for
from worker.numerics.stencil import Offset, flat_stencil


@dataclass(frozen=True)
class Laplacian:
    """L = D - W of B tiles of h x w pixels, n = h * w; see `worker.numerics.kernels`."""

    shifts: tuple[int, ...]
    pad: int
    weights: Tensor  # (B, S, pad + n)
    degree: Tensor  # (B, 1, n)

    def apply(self, X: Tensor) -> Tensor:
        """L X for X of shape (B, k, n).

        (L x)_i = sum_j w_ij (x_i - x_j): the form d*x - Wx cancels in float32 for a nearly
        constant x, where lambda_2 can be 1e-4 beside a largest eigenvalue of 130.
        """
        product: Tensor = kernels_for(X.device).apply(self.weights, self.shifts, self.pad, X)
        return product

    def coupling(self, labels: Tensor, m: int) -> Tensor:
        """Sums of edge weights from one label to another, (B, m, m) float64, each edge once.

        Args:
            labels: (B, n) int64, 0..m-1.
            m: how many labels there are.
        """
        kernels = kernels_for(labels.device)
        sums: Tensor = kernels.galerkin_sums(self.weights, self.shifts, self.pad, labels, m)
        return sums

    def select(self, rows: Tensor) -> "Laplacian":
        """The Laplacian of the tiles `rows` (indices into the batch) alone."""
        return Laplacian(self.shifts, self.pad, self.weights[rows], self.degree[rows])


def image_laplacian(rgb: Tensor, stencil: tuple[Offset, ...], tau: float) -> Laplacian:
    """Edge weight = base weight * exp(-|c_i - c_j|_2 / tau), floored.

    Args:
        rgb: tiles (B, 3, h, w) in [0, 1].
        stencil: half stencil; offsets that do not fit into a tile are left out.
        tau: `edge_threshold`, 0.02..1.
    """
    flat = flat_stencil(stencil, *rgb.shape[2:])
    weights, degree = kernels_for(rgb.device).edge_weights(
        (rgb / tau).flatten(2), flat.shifts, flat.across, flat.base, flat.width, flat.pad
    )
    return Laplacian(flat.shifts, flat.pad, weights, degree)
