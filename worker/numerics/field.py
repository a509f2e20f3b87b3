"""The Fiedler field of one image: tiles solved batch by batch, always with a best state so far."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import compress, count

import torch
from torch import Tensor

from worker.numerics.batches import Batch, open_batch
from worker.numerics.field_state import CHANNELS, FieldSettings, FieldState, TileStatus
from worker.numerics.lanes import in_lanes, single_threaded
from worker.numerics.refining import (
    FIRST,
    Attempt,
    Stage,
    ended,
    first_attempt,
    hemmed,
    next_attempt,
)
from worker.numerics.tile_batch import BLOCKS, DENSE_PIXELS, Solution, solve_dense
from worker.numerics.tiling import tile_image

COMPACT = 0.75
"""A batch is copied without its finished tiles once no more than this share is left: a copy costs
as much as half a step."""

WHOLE_PIXELS = 2_000_000
"""Up to this size the whole image is coarse before any tile is refined; above, strip by strip."""

STRIP_TILES = 48
"""A strip is as many rows of tiles as have no more than these, or one row."""


class FieldSolver(FieldState):
    """Solves the tiles of an image batch by batch, coarse before refined."""

    def __init__(
        self, image: Tensor, settings: FieldSettings, previous: FieldState | None = None
    ) -> None:
        """Plan the tiles of `image` (3, H, W) float32 in [0, 1].

        A `previous` field of the same settings and size lends its vectors: final ones to tiles
        whose pixels have not changed since, a first guess to the others.
        """
        height, width = image.shape[1:]
        tiling = tile_image(height, width, settings.tile_size, settings.overlap)
        super().__init__(image, tiling, settings, CHANNELS)
        self._first = first_attempt(settings.stencil)
        self._escalated: dict[Attempt, list[int]] = {}
        self._warm = False  # whether `vectors` holds a first guess for waiting tiles
        self._work = self._run(previous)

    # --- the work, one `yield` per step ----------------------------------------------------

    def _run(self, previous: FieldState | None) -> Iterator[list[int]]:
        if previous is not None:
            yield self._reuse(previous)
        for group in self._groups():
            yield from self.memory.retried(partial(self._solve, group))

    def _solve(self, group: list[int]) -> Iterator[list[int]]:
        """Bring tiles to their end; begun anew where memory has run out."""
        self._escalated.clear()
        waiting = [t for t in group if self.status[t] == TileStatus.WAITING]
        begun = [t for t in group if TileStatus.WAITING < self.status[t] < TileStatus.CONVERGED]
        flat = self._flat_tiles(waiting)
        if flat:
            self._settle(flat, self.flat.select(torch.zeros(len(flat), dtype=torch.int64)))
            yield flat
        waiting = sorted(set(waiting) - set(flat))
        if self.vectors.shape[2] <= DENSE_PIXELS:
            yield from self._dense(waiting)
        else:
            yield from self._iterate(waiting, begun)

    def _groups(self) -> list[list[int]]:
        tiles = list(range(self.tiling.count))
        if self.tiling.height * self.tiling.width <= WHOLE_PIXELS:
            return [tiles]
        columns = self.tiling.columns
        strip = columns * max(1, STRIP_TILES // columns)
        return [tiles[i : i + strip] for i in range(0, len(tiles), strip)]

    def _batches(self, tiles: list[int], attempt: Attempt = FIRST) -> list[list[int]]:
        size = self.settings.batch_pixels // self.vectors.shape[2] * FIRST.k // attempt.k
        size = 1 if attempt.stage == Stage.DIRECT else max(1, size)
        return self.memory.batches(tiles, size)

    def _dense(self, tiles: list[int]) -> Iterator[list[int]]:
        s = self.settings
        for batch in self._batches(tiles):
            rgb = self.tiling.crop(self.image, batch)
            self._settle(batch, solve_dense(rgb, s.stencil, s.tau, BLOCKS[-1]))
            yield batch

    def _iterate(self, tiles: list[int], begun: list[int]) -> Iterator[list[int]]:
        """First every tile's coarse vector, then batch by batch until each is certified.

        Args:
            tiles: of which nothing is known yet.
            begun: tiles to go on with.
        """
        batches = self._batches(tiles, self._first)
        opened: list[Batch | None] = [None] * len(batches)
        yield from self._in_lanes(self._begin(i, b, opened) for i, b in enumerate(batches))
        batches += self._batches(begun, self._first)
        opened += [None] * (len(batches) - len(opened))
        refining = zip(batches, opened, strict=True)
        yield from self._in_lanes([self._refine(b, of, self._first) for b, of in refining])
        while self._escalated:
            # In a fixed order: lanes add in any, and what is batched together shows in the bytes.
            attempt = min(self._escalated)
            hard = self._batches(sorted(self._escalated.pop(attempt)), attempt)
            yield from self._in_lanes(self._refine(b, None, attempt) for b in hard)

    def _in_lanes(self, works: Iterable[Iterator[list[int]]]) -> Iterator[list[int]]:
        return in_lanes(self.settings.lanes, works, self.settings.quantum_s)

    def _begin(self, i: int, tiles: list[int], opened: list[Batch | None]) -> Iterator[list[int]]:
        batch = self._open(tiles, self._first, warm=self._warm)
        self._store(tiles, batch.certify(), 0)
        if (i + 1) * batch.memory <= self.settings.open_bytes:
            opened[i] = batch
        yield tiles

    def _open(self, tiles: list[int], attempt: Attempt, warm: bool) -> Batch:
        rgb = self.tiling.crop(self.image, tiles)
        guess = self.vectors[self._there(tiles)] if warm else None
        return open_batch(rgb, self.settings.stencil, self.settings.tau, attempt, guess)

    def _refine(
        self, tiles: list[int], batch: Batch | None, attempt: Attempt
    ) -> Iterator[list[int]]:
        if batch is None:
            batch = self._open(tiles, attempt, warm=True)
        active = torch.arange(len(tiles))  # rows of the batch that still have to converge
        for step in count():
            if step:
                batch.step()
            solution = batch.certify()
            ends = ended(solution, attempt, step, self.settings.tolerance)[active]
            done = _chosen(tiles, ends)
            if done:
                solution = solution.select(active[ends])
                self._store(done, solution, step)
                self._pass_on(done, hemmed(solution, attempt.k), attempt)
            yield done
            active, tiles = active[~ends], _chosen(tiles, ~ends)
            if not tiles:
                return
            if len(tiles) <= COMPACT * batch.size:
                batch.keep(active)
                active = torch.arange(len(tiles))

    def _pass_on(self, tiles: list[int], too_small: Tensor, attempt: Attempt) -> None:
        """Give tiles that did not converge to a larger block, or a surer way to solve."""
        for t, small in zip(tiles, too_small.tolist(), strict=True):
            if self.status[t] >= TileStatus.CONVERGED:
                continue
            following = next_attempt(attempt, small)
            if following is None:
                self.status[t] = int(TileStatus.DEGENERATE)
            elif following != attempt:
                self._escalated.setdefault(following, []).append(t)

    def _store(self, tiles: list[int], solution: Solution, steps: int) -> None:
        """Take over what a batch has found; a tile keeps the sign of its earlier vector."""
        shape = (self.tiling.tile_height, self.tiling.tile_width)
        rows, there, device = torch.tensor(tiles), self._there(tiles), self.vectors.device
        vectors = solution.canonical(shape).vectors[:, :CHANNELS].float().to(device)
        known = (self.usable[rows] | self._warm).to(device, non_blocking=True)
        turned = (vectors * self.vectors[there]).sum(2, keepdim=True) < 0
        turned &= known[:, None, None]
        self.vectors[there] = torch.where(turned, -vectors, vectors)
        self.theta[rows] = solution.theta[:, :CHANNELS]
        self.residual[rows] = solution.residual
        self.bound[rows] = solution.bound
        self.iterations[rows] += steps
        begun = self.iterations[rows] > 0
        status = torch.where(begun, int(TileStatus.REFINING), int(TileStatus.COARSE))
        done = solution.bound <= self.settings.tolerance
        status = torch.where(done, int(TileStatus.CONVERGED), status)
        self.status[rows] = status.to(torch.uint8)

    def _settle(self, tiles: list[int], solution: Solution) -> None:
        """Take over an exact solution: a cluster that shows no end there has none."""
        self._store(tiles, solution, 0)
        endless = [t for t in tiles if self.bound[t] == torch.inf]
        self.status[endless] = int(TileStatus.DEGENERATE)

    def _there(self, tiles: list[int]) -> Tensor:
        """Indices of `vectors`, sent without waiting for the device; a list waits."""
        return torch.tensor(tiles).to(self.vectors.device, non_blocking=True)

    # --- tiles that need no work --------------------------------------------------------------

    def _flat_tiles(self, tiles: list[int]) -> list[int]:
        with single_threaded(needed=self.settings.lanes > 1):
            return _chosen(tiles, self.tiling.even(self.image, tiles)) if tiles else []

    def _reuse(self, previous: FieldState) -> list[int]:
        """Take over the vectors of tiles in which no pixel has changed."""
        device = self.image.device
        untouched = self.tiling.without((self.image != previous.image.to(device)).any(0))
        done = untouched & (previous.status >= TileStatus.CONVERGED)
        same: list[int] = done.nonzero()[:, 0].tolist()
        self.vectors = previous.vectors.to(device, copy=True)
        self.vectors[~previous.usable.to(device)] = 0  # they were never written
        self._warm = True
        for name in ("theta", "bound", "residual", "iterations", "status"):
            getattr(self, name)[same] = getattr(previous, name)[same]
        return same


def _chosen(tiles: list[int], rows: Tensor) -> list[int]:
    """The tiles whose row, (B,) bool, is set."""
    return list(compress(tiles, rows.tolist()))
