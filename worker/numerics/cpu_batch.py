"""A batch of tiles on a CPU: compiled loops, one tile after the other; see `TileBatch`."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.numerics.certificate import certify
from worker.numerics.compiled import coarse, dense, edges, lobpcg
from worker.numerics.kernels.cpu import index_array, weighing
from worker.numerics.problem import COARSE_STEPS, GUARD_VECTORS
from worker.numerics.rows import joined_rows
from worker.numerics.stencil import FlatStencil, Offset, flat_stencil, jacobi_damping
from worker.numerics.tile_batch import BLOCKS, REFRESH_AFTER, SEARCHED, Solution

Array = NDArray[Any]


class _Tile:
    """Edges, coarse problem and Ritz vectors of one tile."""

    def __init__(
        self, rgb: Array, flat: FlatStencil, tau: float, damping: float, k: int, guess: Array
    ) -> None:
        n, dtype = rgb.shape[1], rgb.dtype
        self.shifts, self.pad = index_array(flat.shifts), flat.pad
        self.weights = np.empty((len(flat.shifts), flat.pad + n), dtype)
        degree = np.empty(n, dtype)
        base = np.array(flat.base, dtype)
        across = index_array(flat.across)
        scaled = rgb / dtype.type(tau)
        weighing(dtype)(
            scaled, self.shifts, across, base, flat.width, flat.pad, self.weights, degree
        )
        self.inverse = dtype.type(damping) / degree
        self._begin_coarse(rgb, flat, k, guess)
        self.searched = 0

    def _begin_coarse(self, rgb: Array, flat: FlatStencil, k: int, guess: Array) -> None:
        n, dtype = rgb.shape[1], rgb.dtype
        q = SEARCHED if k == BLOCKS[0] else k
        self.labels = np.empty(n, np.int32)
        m, far = coarse.aggregate(rgb, n // flat.width, flat.width, self.labels)
        self.factor = coarse.couple_banded(self.weights, self.shifts, self.pad, self.labels, m, far)
        dense.band_cholesky(self.factor)
        start = np.empty((k + GUARD_VECTORS, m))
        sizes = coarse.features(self.labels, rgb, n // flat.width, flat.width, start)
        self.X, self.LX = np.empty((2, k, n), dtype)
        self.theta = np.empty(k)
        self.P, self.LP, self.Z, self.LZ = np.empty((4, q, n), dtype)
        self.rows = self.wanted = q  # that this step searches, and the next one
        U = coarse.coarse_vectors(self.factor, sizes, start, COARSE_STEPS)[:k]
        lobpcg.first_block(
            self.weights,
            self.shifts,
            self.pad,
            self.labels,
            U,
            guess,
            self.X,
            self.LX,
            self.theta,
        )

    def smooth(self, X: Array, LX: Array, theta: Array, residual: Array) -> None:
        lobpcg.smooth(
            self.weights,
            self.shifts,
            self.pad,
            self.inverse,
            self.X,
            self.LX,
            self.theta,
            self.Z[: self.rows],
            self.LZ[: self.rows],
            X,
            LX,
            theta,
            residual,
        )

    def step(self) -> None:
        lobpcg.step(
            self.weights,
            self.shifts,
            self.pad,
            self.inverse,
            self.labels,
            self.factor,
            self.X,
            self.LX,
            self.theta,
            self.P,
            self.LP,
            self.searched,
            self.Z[: self.rows],
            self.LZ[: self.rows],
        )
        self.searched = self.rows

    def refresh(self) -> None:
        edges.multiply(self.weights, self.shifts, self.pad, self.X, self.LX)
        P, LP = self.P[: self.searched], self.LP[: self.searched]
        edges.multiply(self.weights, self.shifts, self.pad, P, LP)


class CpuBatch:
    """LOBPCG over the tiles that are still active; each call is one step for all of them."""

    def __init__(
        self,
        rgb: Tensor,  # (B, 3, h, w) in [0, 1]; its dtype is the working precision
        stencil: tuple[Offset, ...],
        tau: float,
        k: int,
        guess: Tensor | None = None,  # (B, j, n), tried beside the coarse vectors
    ) -> None:
        self._shape = (rgb.shape[2], rgb.shape[3])
        flat = flat_stencil(stencil, *self._shape)
        damping = jacobi_damping(stencil)
        pixels = rgb.flatten(2).contiguous().numpy()
        batch, _, n = pixels.shape
        guesses = (
            np.empty((batch, 0, n), pixels.dtype)
            if guess is None
            else guess.to(rgb.dtype).contiguous().numpy()
        )
        self._tiles = [
            _Tile(p, flat, tau, damping, k, g) for p, g in zip(pixels, guesses, strict=True)
        ]
        self._k = k
        self._steps = 0
        self._solution: Solution | None = None
        for tile in self._tiles:  # prolonged aggregates are steps; smoothing saves an LOBPCG step
            X, LX = np.empty((2, k, n), pixels.dtype)
            theta, residual = np.empty((2, k))
            tile.smooth(X, LX, theta, residual)
            tile.X, tile.LX, tile.theta = X, LX, theta

    @property
    def size(self) -> int:
        """Tiles in the batch."""
        return len(self._tiles)

    @property
    def memory(self) -> int:
        """Bytes held, about."""
        return sum(t.weights.nbytes + t.factor.nbytes + 6 * t.X.nbytes for t in self._tiles)

    def certify(self) -> Solution:
        """As `TileBatch.certify`."""
        if self._solution is not None:
            return self._solution
        k, n = self._tiles[0].X.shape
        X = np.empty((self.size, k, n), self._tiles[0].X.dtype)
        LX = np.empty_like(X[0])
        theta, residual = np.empty((2, self.size, k))
        for b, tile in enumerate(self._tiles):
            tile.smooth(X[b], LX, theta[b], residual[b])
            tile.wanted = lobpcg.rows_to_search(theta[b], residual[b], len(tile.Z))
        values = torch.from_numpy(theta)
        proof = certify(values, torch.from_numpy(residual))
        self._solution = Solution(
            torch.from_numpy(X), values, proof.residual, proof.bound, proof.cluster
        )
        return self._solution

    def keep(self, rows: Tensor) -> None:
        """Go on with the tiles `rows` (indices into the present batch) alone."""
        self._tiles = [self._tiles[r] for r in rows.tolist()]
        self._solution = None if self._solution is None else self._solution.select(rows)

    @staticmethod
    def joined(parts: Sequence["CpuBatch"]) -> "CpuBatch":
        """The tiles of several batches, all after as many steps, as one."""
        batch = copy(parts[0])
        batch._tiles = [tile for part in parts for tile in part._tiles]
        batch._solution = joined_rows([part.certify() for part in parts])
        return batch

    def step(self) -> None:
        """One LOBPCG step, preconditioned by a V-cycle."""
        self.certify()
        self._steps += 1
        for tile in self._tiles:
            tile.step()
            tile.rows = tile.wanted
            if self._steps > REFRESH_AFTER:
                tile.refresh()
        self._solution = None
