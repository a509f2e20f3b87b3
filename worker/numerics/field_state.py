"""The state of a field: eigenvectors of one or more tiles, and what is proved about each."""

from collections.abc import Hashable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import torch
from torch import Tensor

from worker.numerics.checkpoint import Array, saved, take_over
from worker.numerics.flat import flat_solution
from worker.numerics.memory import Memory, OutOfMemory
from worker.numerics.signs import aligned_signs, ramp_signs
from worker.numerics.stencil import Offset
from worker.numerics.tile_batch import Solution
from worker.numerics.tiling import Tiling, blend

CHANNELS = 4
"""Eigenvectors kept per tile; channel 1 is the Fiedler vector."""


class TileStatus(IntEnum):
    """How far a tile is; the names are those of the certificates."""

    WAITING = 0
    COARSE = 1
    REFINING = 2
    CONVERGED = 3
    DEGENERATE = 4


@dataclass(frozen=True)
class Waiting:
    """Tiles that wait for a batch; those of equal keys can share one."""

    key: Hashable
    stage: Literal["coarse", "refine", "whole"]
    count: int


@dataclass(frozen=True)
class FieldSettings:
    """What defines the field; see `worker.wire.params.FieldParams` for units and ranges."""

    tile_size: int
    overlap: int
    tolerance: float
    stencil: tuple[Offset, ...]
    tau: float
    batch_pixels: int  # how many pixels of tiles make a batch on this device
    lanes: int = 1  # batches side by side; more than one only on a CPU
    open_bytes: int = 512 << 20  # of prepared batches between their coarse and refined state
    quantum_s: float = 0.0  # how long a lane goes on by itself; at least a step
    iterations: int = 30  # of the reference mode


class FieldState:
    """A field that grows in short steps; readable after every one. Subclasses do the work.

    Attributes:
        refining: whether tiles are refined; set to False, a field of tiles is finished once it is
            coarse.
        straight: whether tiles are brought to their end one after the other: no coarse field first,
            and no batch that has to be kept until it is refined. The result is the same.
        dropped: whether nothing more is wanted of it.
        tiling: T tiles of h x w pixels.
        vectors: (T, k, h * w) float32, unit rows; undefined while a tile waits.
        theta: (T, k) float64, ascending from lambda_2.
        bound, residual: (T,) float64.
        iterations: (T,) int64; status: (T,) uint8 of `TileStatus`.
        memory: what was learnt of the device's memory.
    """

    refining: bool = True
    straight: bool = False

    def __init__(self, image: Tensor, tiling: Tiling, settings: FieldSettings, k: int) -> None:
        """A field of `image` (3, H, W) float32 in [0, 1] of which nothing is known yet."""
        self.image = image
        self.tiling = tiling
        self.settings = settings
        count, n = tiling.count, tiling.tile_height * tiling.tile_width
        # Not cleared: a picture of 12 megapixels has 350 MB, and waiting tiles are never read.
        self.vectors = torch.empty(count, k, n, device=image.device)
        self.theta = torch.zeros(count, k, dtype=torch.float64)
        self.bound = torch.full((count,), torch.inf, dtype=torch.float64)
        self.residual = torch.full((count,), torch.inf, dtype=torch.float64)
        self.iterations = torch.zeros(count, dtype=torch.int64)
        self.status = torch.zeros(count, dtype=torch.uint8)
        self.memory = Memory()
        self.finished = False
        self.dropped = False
        self._work: Iterator[list[int]] = iter(())  # a step each; set by whoever does it

    def waiting(self) -> Waiting | None:
        """Tiles that wait for a batch; None: a step of the field's own is next, or none at all."""
        return None

    def drop(self) -> None:
        """Nothing more is wanted; what there is stays readable. From any thread."""
        self.dropped = True
        self._work = iter(())  # and with it all that further steps would need

    def step(self) -> list[int]:
        """Do a short piece of work; returns the tiles that got better.

        Raises:
            OutOfMemory: what there is stays readable; no further step is possible here.
        """
        try:
            changed = self._advance()
        except torch.OutOfMemoryError as error:  # of work that has no smaller batches
            reason = str(error).partition("\n")[0]
        else:
            self.finished |= changed is None
            return changed or []
        self.memory.ran_out()
        raise OutOfMemory(reason)

    @property
    def planned(self) -> bool:
        """Whether what an earlier field lends has been taken over."""
        return True

    def checkpoint(self, before: Tensor | None = None) -> dict[str, Array]:
        """What another solver of the same picture and settings needs to go on from here.

        Args:
            before: (T,) bool, tiles that an earlier one has, to which this one adds.

        Returns:
            tiles (E,) int64: those with nothing left to do. vectors, theta, bound, residual,
            iterations and status: their rows of the attributes. starts (T - E, k, n) float32: what
            the others began with, or will; only where they do not begin from nothing.
        """
        ended = self.ended
        if before is not None:
            return saved(self, ended & ~before, None)
        return saved(self, ended, self._first_guesses((~ended).nonzero()[:, 0].tolist()))

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Go on from a `checkpoint`, before the first step; all ends as if it had not stopped.

        Raises:
            ValueError: the arrays do not belong to such a picture and settings.
        """
        self._go_on(take_over(self, arrays), "starts" in arrays)

    @property
    def ended(self) -> Tensor:
        """(T,) bool: tiles with nothing left to do."""
        return self.usable

    def _first_guesses(self, tiles: list[int]) -> Tensor | None:  # noqa: ARG002
        """(B, k, n): what unfinished tiles began with; None: nothing."""
        return None

    def _go_on(self, ended: Tensor, warm: bool) -> None:
        """Plan the rest, with `vectors` as the first guess where it is `warm`."""

    def _advance(self) -> list[int] | None:
        """The work of a step; None when nothing is left."""
        return next(self._work, None)

    @property
    def converged(self) -> int:
        """Tiles with nothing left to do: converged, or degenerate beyond the largest block."""
        return int((self.status >= TileStatus.CONVERGED).sum())

    @property
    def usable(self) -> Tensor:
        """(T,) bool: tiles that have a vector."""
        return self.status > TileStatus.WAITING

    @property
    def flat(self) -> Solution:
        """The solution of a tile of one colour; no tile of this shape has a larger lambda_2."""
        shape = (self.tiling.tile_height, self.tiling.tile_width)
        return flat_solution(shape, self.settings.stencil, self.settings.tau, self.image.device)

    def structure(self) -> Tensor:
        """(T,) in 0..1: how much a tile shows; 0 on one of a single colour."""
        flat = max(float(self.flat.theta[0, 0]), 1e-30)
        return (1 - self.theta[:, 0] / flat).clamp(0, 1).float()

    def signs(self, align: str, channel: int) -> Tensor:
        """(T,) of +1 or -1 for one eigenvector (0-based), by `sign`, `ramp` or `none`."""
        vectors = self.vectors[:, channel]
        if align == "none":
            return torch.ones(len(vectors), device=vectors.device)
        if align == "ramp":
            return ramp_signs(vectors, self.tiling.tile_height, self.tiling.tile_width)
        return aligned_signs(self.tiling, vectors, self.usable)

    def blend(self, align: str, structure_weight: bool, channels: list[int]) -> Tensor:
        """The field so far: (len(channels), H, W); 0 where no tile has a vector.

        Args:
            align: how tiles get their signs.
            structure_weight: let tiles count by what they show.
            channels: 0-based eigenvectors.
        """
        if not bool(self.usable.any()):  # large pictures have no time for more by their deadline
            size = (len(channels), self.tiling.height, self.tiling.width)
            return torch.zeros(size, device=self.vectors.device)
        signs = torch.stack([self.signs(align, c) for c in channels], 1)
        weights = self.structure() if structure_weight else torch.ones(self.tiling.count)
        usable = self.usable.to(self.vectors.device, non_blocking=True)
        values = self.vectors[:, channels].mul_(signs[:, :, None])
        values.masked_fill_(~usable[:, None, None], 0)  # anything may stand there
        return blend(self.tiling, values, weights * self.usable)

    def top(self, rows: int) -> "FieldState":
        """What is known of the tiles that reach into the first rows, as a field of their own.

        To be read, not worked on.
        """
        part = copy(self)
        part.tiling = self.tiling.top(rows)
        for name in ("vectors", "theta", "bound", "residual", "iterations", "status"):
            setattr(part, name, getattr(self, name)[: part.tiling.count])
        return part

    def lambda2_map(self) -> Tensor:
        """lambda_2 blended like the field, (H, W)."""
        n = self.vectors.shape[2]
        values = self.theta[:, :1, None].float().to(self.vectors.device).expand(-1, 1, n)
        return blend(self.tiling, values, self.usable.float())[0]
