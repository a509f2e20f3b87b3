"""The tiles of a field that wait for a batch, and where its results go."""

from collections.abc import Iterable
from itertools import compress
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from worker.numerics.field_state import CHANNELS, FieldSettings, FieldState, TileStatus, Waiting
from worker.numerics.kept import Kept
from worker.numerics.refining import Attempt, first_attempt, hemmed, next_attempt
from worker.numerics.tile_batch import DENSE_PIXELS, Solution
from worker.numerics.tiling import Tiling

Stage = Literal["coarse", "refine", "whole"]


class Due(NamedTuple):
    """Tiles that are next, and what is to be done with them."""

    stage: Stage
    attempt: Attempt
    tiles: list[int]


class TileQueue(FieldState):
    """A field whose tiles are solved in batches, with those of other fields or alone.

    Group by group, each first coarse and then refined. What a tile becomes depends on its pixels,
    the settings and its start alone, wherever it is batched and however often it has to wait.
    """

    def __init__(
        self, image: Tensor, tiling: Tiling, settings: FieldSettings, groups: list[range]
    ) -> None:
        """Plan the tiles of `image` (3, H, W) float32 in [0, 1]."""
        super().__init__(image, tiling, settings, CHANNELS)
        self.first = first_attempt(settings.stencil)
        self.warm = False  # whether waiting tiles have a first guess, in `vectors`
        self.stuck: str | None = None  # why not even one tile fits on the device
        self.kept: dict[int, tuple[Kept, int]] = {}  # batch and row that a tile goes on with
        self._groups, self._group = groups, 0
        self._refining = True
        self._sifted = 0  # groups in which the tiles of one colour are known
        self._attempts: dict[int, Attempt] = {}  # of tiles that the first one did not suit
        self._left: set[int] = set()  # tiles that get no better, whatever is tried
        self._starts: dict[int, Tensor] = {}  # first guesses of begun tiles
        shape = (tiling.tile_height, tiling.tile_width)
        s = settings
        self._kind = (shape, s.stencil, s.tau, s.tolerance, s.batch_pixels, str(image.device))

    # --- what is next -------------------------------------------------------------------------

    @property
    def dense(self) -> bool:
        """Whether tiles are so small that they are solved at once."""
        return self.vectors.shape[2] <= DENSE_PIXELS

    def waiting(self) -> Waiting | None:
        """Tiles that wait for a batch; None: a step of the field's own is next, or none at all."""
        due = self.due()
        if due is None:
            return None
        key = (due.stage, due.attempt, self.warm, *self._kind)
        return Waiting(key, due.stage, len(due.tiles))

    def due(self) -> Due | None:
        """The tiles of `waiting`; those first that have begun."""
        if self.dropped or self.stuck is not None:
            return None
        while self._group < self._sifted:
            due = self._due_of(self._groups[self._group])
            if due is not None:
                return due
            self._group += 1
        return None

    def _due_of(self, group: range) -> Due | None:
        status = dict(zip(group, self.status[group.start : group.stop].tolist(), strict=True))
        new = [t for t, s in status.items() if s == TileStatus.WAITING]
        if new and not self.straight:
            return Due("coarse", self.first, new)
        seen = range(int(TileStatus.WAITING) + 1, int(TileStatus.CONVERGED))
        going = [t for t, s in status.items() if s in seen and t not in self._left]
        under_way = {t for t, (kept, _) in self.kept.items() if kept.open and kept.steps}
        begun = under_way.intersection(going)
        if new and not begun:
            return Due("whole", self.first, new)
        if not going or not self.refining:
            return None
        attempt = self.first
        if self._attempts:
            attempts = [self._attempts.get(t, attempt) for t in going]
            attempt = min(attempts)
            going = [t for t, a in zip(going, attempts, strict=True) if a == attempt]
        if begun:
            going.sort(key=lambda t: t not in begun)
        return Due("refine", attempt, going)

    def look_ahead(self) -> None:
        """Note whether anything is left to do."""
        self.due()
        self.finished = self._group == len(self._groups)

    @property
    def refining(self) -> bool:
        """Whether tiles are refined; if not, the field is finished once it is coarse."""
        return self._refining

    @refining.setter
    def refining(self, value: bool) -> None:
        if value != self._refining:
            self._refining, self._group = value, 0
            self.look_ahead()

    def drop(self) -> None:
        """Nothing more is wanted: tiles leave before the next step of their batch."""
        super().drop()
        self.kept = {}

    # --- the start of tiles -------------------------------------------------------------------

    def pixels(self, tiles: list[int]) -> Tensor:
        """(B, 3, h, w)."""
        return self.tiling.crop(self.image, tiles)

    def guess(self, tiles: list[int], attempt: Attempt) -> Tensor | None:
        """(B, CHANNELS, n) to begin an attempt with, the same when it is begun anew."""
        if attempt == self.first and not self.warm:
            return None
        if attempt == self.first and tiles[0] in self._starts:
            return torch.stack([self._starts[t] for t in tiles])
        return self.vectors[self._there(tiles)]

    def _there(self, tiles: list[int]) -> Tensor:
        """Indices of `vectors`, sent without waiting for the device; a list waits."""
        return torch.tensor(tiles).to(self.vectors.device, non_blocking=True)

    def _first_guesses(self, tiles: list[int]) -> Tensor | None:
        if not self.warm or not tiles:
            return None
        return torch.stack([self._starts.get(t, self.vectors[t]) for t in tiles])

    @property
    def ended(self) -> Tensor:
        """(T,) bool: tiles with nothing left to do."""
        ended = self.status >= TileStatus.CONVERGED
        ended[list(self._left)] = True
        return ended

    def _go_on(self, ended: Tensor, warm: bool) -> None:
        self.warm = warm
        left = ended & (self.status < TileStatus.CONVERGED)
        self._left = set(left.nonzero()[:, 0].tolist())

    # --- the results --------------------------------------------------------------------------

    def store_coarse(self, tiles: list[int], solution: Solution) -> None:
        """Take over first vectors; of the tiles that have to go on, the guess is kept."""
        if self.dense:
            self.settle(tiles, solution)
            return
        starts = self._store(tiles, solution, 0)
        if self.warm:
            going = (self.status[tiles] < TileStatus.CONVERGED).tolist()
            self._starts.update(compress(zip(tiles, starts, strict=True), going))

    def settle(self, tiles: list[int], solution: Solution) -> None:
        """Take over an exact solution: a cluster that shows no end there has none."""
        self._store(tiles, solution, 0)
        self._give_up(t for t in tiles if self.bound[t] == torch.inf)

    def store_refined(
        self, tiles: list[int], solution: Solution, attempt: Attempt, steps: int
    ) -> None:
        """Take over what an attempt has led to, and decide how to go on where it is not enough."""
        self._store(tiles, solution, steps)
        going = (self.status[tiles] < TileStatus.CONVERGED).tolist()
        for t, goes, small in zip(tiles, going, hemmed(solution, attempt.k).tolist(), strict=True):
            if not goes or not self._pass_on(t, attempt, small):
                self._starts.pop(t, None)

    def _pass_on(self, tile: int, attempt: Attempt, too_small: bool) -> bool:
        """Give a tile that did not converge to a larger block, or a surer way to solve, if any."""
        following = next_attempt(attempt, too_small)
        if following is None:
            self._give_up([tile])
        elif following == attempt:
            self._left.add(tile)
        else:
            self._attempts[tile] = following
            return True
        return False

    def _give_up(self, tiles: Iterable[int]) -> None:
        self.status[list(tiles)] = int(TileStatus.DEGENERATE)

    def _store(self, tiles: list[int], solution: Solution, steps: int) -> Tensor:
        """Take over vectors, each with the sign of the tile's earlier one, which are returned."""
        shape = (self.tiling.tile_height, self.tiling.tile_width)
        rows, there, device = torch.tensor(tiles), self._there(tiles), self.vectors.device
        vectors = solution.canonical(shape).vectors[:, :CHANNELS].float().to(device)
        known = (self.usable[rows] | self.warm).to(device, non_blocking=True)
        before = self.vectors[there]
        turned = (vectors * before).sum(2, keepdim=True) < 0
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
        return before
