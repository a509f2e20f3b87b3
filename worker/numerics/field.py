"""The Fiedler field of one image: tiles solved batch by batch, always with a best state so far."""

from itertools import compress

import torch
from torch import Tensor

from worker.numerics.checkpoint import Array
from worker.numerics.field_state import FieldSettings, FieldState, TileStatus
from worker.numerics.lanes import single_threaded
from worker.numerics.memory import OutOfMemory
from worker.numerics.tile_queue import TileQueue
from worker.numerics.tiling import Tiling, tile_image
from worker.numerics.together import solve_together

WHOLE_PIXELS = 2_000_000
"""Up to this size the whole image is coarse before any tile is refined; above, strip by strip."""

STRIP_TILES = 48
"""A strip is as many rows of tiles as have no more than these, or one row."""


class FieldSolver(TileQueue):
    """Solves the tiles of an image in batches, coarse before refined."""

    def __init__(
        self, image: Tensor, settings: FieldSettings, previous: FieldState | None = None
    ) -> None:
        """Plan the tiles of `image` (3, H, W) float32 in [0, 1].

        A `previous` field of the same settings and size lends its vectors: final ones to tiles
        whose pixels have not changed since, a first guess to the others.
        """
        height, width = image.shape[1:]
        tiling = tile_image(height, width, settings.tile_size, settings.overlap)
        super().__init__(image, tiling, settings, _groups(tiling))
        self._former = previous  # until its vectors are taken over

    @property
    def planned(self) -> bool:
        """Whether what an earlier field lends has been taken over."""
        return self._former is None

    def checkpoint(self, before: Tensor | None = None) -> dict[str, Array]:
        """As any field's."""
        if not self.planned:
            self._without_work()
        return super().checkpoint(before)

    def _advance(self) -> list[int] | None:
        """Tiles that need no work, or else a batch of those that do."""
        if self.dropped:
            return []
        if self.stuck is not None:
            raise OutOfMemory(self.stuck)
        changed = self._without_work()
        if changed:
            self.look_ahead()
            return changed
        return solve_together([(self, self.tiling.count)], self.settings.quantum_s)[0]

    def _without_work(self) -> list[int]:
        """Tiles whose vectors are known beforehand."""
        if self._former is not None:
            same = self._reuse(self._former)
            self._former = None  # not before: it may be given up in the middle, and done again
            return same
        while self.due() is None and self._group < len(self._groups):
            flat = self._sift(self._groups[self._group])
            self._sifted += 1
            if flat:
                return flat
        return []

    def _sift(self, group: range) -> list[int]:
        """Solve the tiles of one colour."""
        waiting = [t for t in group if self.status[t] == TileStatus.WAITING]
        if not waiting:
            return []
        with single_threaded(needed=self.settings.lanes > 1):
            even = self.tiling.even(self.image, waiting)
        flat = list(compress(waiting, even.tolist()))
        if flat:
            self.settle(flat, self.flat.select(torch.zeros(len(flat), dtype=torch.int64)))
        return flat

    def _reuse(self, previous: FieldState) -> list[int]:
        """Take over the vectors of tiles in which no pixel has changed."""
        device = self.image.device
        untouched = self.tiling.without((self.image != previous.image.to(device)).any(0))
        done = untouched & (previous.status >= TileStatus.CONVERGED)
        same: list[int] = done.nonzero()[:, 0].tolist()
        self.vectors = previous.vectors.to(device, copy=True)
        self.vectors[~previous.usable.to(device)] = 0  # they were never written
        self.warm = True
        for name in ("theta", "bound", "residual", "iterations", "status"):
            getattr(self, name)[same] = getattr(previous, name)[same]
        return same


def _groups(tiling: Tiling) -> list[range]:
    """Tiles that are coarse together before any is refined."""
    tiles = range(tiling.count)
    if tiling.height * tiling.width <= WHOLE_PIXELS:
        return [tiles]
    strip = tiling.columns * max(1, STRIP_TILES // tiling.columns)
    return [tiles[i : i + strip] for i in range(0, len(tiles), strip)]
