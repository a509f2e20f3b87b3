"""Tiles of one or more fields that are opened and refined as one batch."""

from collections.abc import Iterator
from itertools import compress
from math import inf
from typing import NamedTuple

import torch
from torch import Tensor

from worker.numerics.batches import Batch, joined, open_batch
from worker.numerics.field_state import TileStatus
from worker.numerics.kept import keep
from worker.numerics.refining import Attempt, ended
from worker.numerics.rows import joined_rows
from worker.numerics.tile_batch import BLOCKS, Solution, solve_dense
from worker.numerics.tile_queue import Stage, TileQueue

COMPACT = 0.75
"""A batch is copied without its finished tiles once no more than this share is left: a copy costs
as much as half a step. On a CPU it costs nothing."""


class Cell(NamedTuple):
    """A tile of one of the fields."""

    field: TileQueue
    tile: int


class Chunk:
    """Tiles that go from one state to the next as one batch."""

    def __init__(self, cells: list[Cell], stage: Stage, attempt: Attempt) -> None:
        """Plan; the work is in `run`."""
        self._cells, self._stage, self._attempt = cells, stage, attempt
        self._size = len(cells)
        self._batch: Batch | None = None
        self._active: Tensor = torch.arange(len(cells))  # rows of the batch that the cells have
        self._steps = 0
        self._failed = False

    def run(self, done: list[Cell]) -> Iterator[list[int]]:
        """Work, with a `yield` after each step; `done` gets the cells that got better."""
        try:
            for ready in self._work():
                done += ready  # atomic
                yield []
        except torch.OutOfMemoryError:
            self._failed, self._batch = True, None
            raise

    def put_back(self) -> None:
        """Let the tiles that are not through wait for their next turn, as far as they are."""
        self._leave()
        if self._batch is not None and self._cells:
            self._keep(inf)  # as it is: what is no longer needed leaves in its lane
        self._batch = None

    def shrink(self, reason: str) -> None:
        """Where this did not fit: let its fields have smaller batches."""
        if not self._failed:
            return
        for field in dict.fromkeys(field for field, _ in self._cells):
            field.memory.ran_out(self._size)
            if self._size == 1:
                field.stuck = reason

    # --- the stages ---------------------------------------------------------------------------

    def _work(self) -> Iterator[list[Cell]]:
        self._leave()
        if not self._cells:
            return
        if self._stage == "refine":
            yield from self._refine(proved=self._begin())
            return
        yield from self._coarse()
        if self._stage == "whole" and self._batch is not None:
            yield from self._refine(proved=True)

    def _coarse(self) -> Iterator[list[Cell]]:
        cells = self._cells
        if cells[0].field.dense:
            self._deliver_coarse(cells, self._dense())
        else:
            self._batch = self._open(cells)
            self._deliver_coarse(cells, self._batch.certify())
            if self._stage == "coarse":
                self._keep(cells[0].field.settings.open_bytes)
                self._batch = None
        yield cells
        self._go_on(torch.tensor([_goes_on(c) for c in self._cells], dtype=torch.bool))

    def _dense(self) -> Solution:
        settings = self._cells[0].field.settings
        rgb = self._pixels(self._cells)
        # One by one on a CPU, where what is solved beside a tile may show in its bytes.
        parts = [rgb[i : i + 1] for i in range(len(rgb))] if rgb.device.type == "cpu" else [rgb]
        solved = [solve_dense(part, settings.stencil, settings.tau, BLOCKS[-1]) for part in parts]
        return joined_rows(solved)

    def _refine(self, *, proved: bool) -> Iterator[list[Cell]]:
        """Until all have ended; whether what the batch proves now has been looked at."""
        self._leave()
        tolerance = self._cells[0].field.settings.tolerance if self._cells else 0
        while self._cells:
            assert self._batch is not None
            if proved:
                self._compact()
                self._batch.step()
                self._steps += 1
            solution, proved = self._batch.certify(), True
            ends = ended(solution, self._attempt, self._steps, tolerance)[self._active]
            ready = list(compress(self._cells, ends.tolist()))
            if ready:
                self._deliver(ready, solution.select(self._active[ends]))
                self._go_on(~ends)
            yield ready
            self._leave()
        self._batch = None

    def _begin(self) -> bool:
        """Take up the batches that were kept and open the rest; whether it is proved already."""
        proved, parts, order, left = True, [], [], list(self._cells)
        while left:
            part, rows, cells, seen = self._part(left)
            parts.append((part, rows))
            order += cells
            proved &= seen
            taken = set(cells)
            left = [c for c in left if c not in taken]
        if len(parts) == 1:
            self._batch, rows = parts[0]
            self._active = torch.tensor(rows)
        else:
            for part, rows in parts:
                part.keep(torch.tensor(rows))
            self._batch = joined([part for part, _ in parts])
        self._cells = order
        return proved

    def _part(self, left: list[Cell]) -> tuple[Batch, list[int], list[Cell], bool]:
        """A batch for the first cells of `left`, and for others that are kept with them.

        Also their rows in it, the cells, and whether its first proof has been looked at.
        """
        held = left[0].field.kept.get(left[0].tile)
        if held is not None:
            kept, found = held[0], [(c, c.field.kept.get(c.tile)) for c in left]
            mates = [(c, at[1]) for c, at in found if at is not None and at[0] is kept]
            cells = [c for c, _ in mates] or left[:1]  # none: dropped just now
            for field, tile in cells:
                field.kept.pop(tile, None)
            taken = kept.take([row for _, row in mates]) if mates else None
            if taken is not None:
                self._steps = kept.steps
                return *taken, cells, True
        else:
            cells = [c for c in left if c.tile not in c.field.kept]
        seen = self._attempt == cells[0].field.first  # when they became coarse
        return self._open(cells), list(range(len(cells))), cells, seen

    def _open(self, cells: list[Cell]) -> Batch:
        settings, attempt = cells[0].field.settings, self._attempt
        guesses = [field.guess(tiles, attempt) for field, tiles, _ in _by_field(cells)]
        known = [guess for guess in guesses if guess is not None]  # all, or none by their key
        guess = torch.cat(known) if known else None
        batch = open_batch(self._pixels(cells), settings.stencil, settings.tau, attempt, guess)
        batch.certify()
        return batch

    def _pixels(self, cells: list[Cell]) -> Tensor:
        crops = [field.pixels(tiles) for field, tiles, _ in _by_field(cells)]
        return crops[0] if len(crops) == 1 else torch.cat(crops)

    # --- the cells ----------------------------------------------------------------------------

    def _deliver_coarse(self, cells: list[Cell], solution: Solution) -> None:
        """Hand each field the first vectors of its tiles, the rows of a solution."""
        for field, tiles, part in _parts(cells, solution):
            field.store_coarse(tiles, part)

    def _deliver(self, cells: list[Cell], solution: Solution) -> None:
        """Hand each field what the attempt has led to, the rows of a solution."""
        for field, tiles, part in _parts(cells, solution):
            field.store_refined(tiles, part, self._attempt, self._steps)

    def _leave(self) -> None:
        """Forget cells of fields that were dropped."""
        dropped = [field.dropped for field, _ in self._cells]
        if any(dropped):
            self._go_on(~torch.tensor(dropped))

    def _go_on(self, stay: Tensor) -> None:
        self._cells = list(compress(self._cells, stay.tolist()))
        self._active = self._active[stay]

    def _compact(self) -> None:
        """Leave the rows behind that nobody needs, if that is worth a copy."""
        assert self._batch is not None
        size, count = self._batch.size, len(self._cells)
        share = 1.0 if self._cells[0].field.vectors.device.type == "cpu" else COMPACT
        if count < size and count <= share * size:
            self._batch.keep(self._active)
            self._active = torch.arange(count)

    def _keep(self, most: float) -> None:
        """Keep the batch for the cells that need it again, if `most` bytes allow that."""
        assert self._batch is not None
        cells = zip(self._cells, self._active.tolist(), strict=True)
        going = [(c, r) for c, r in cells if _goes_on(c)]
        kept = keep(self._batch, [r for _, r in going], self._steps, most) if going else None
        if kept is not None:
            for (field, tile), row in going:
                field.kept[tile] = kept, row


def _goes_on(cell: Cell) -> bool:
    return int(cell.field.status[cell.tile]) < TileStatus.CONVERGED


def _parts(
    cells: list[Cell], solution: Solution
) -> Iterator[tuple[TileQueue, list[int], Solution]]:
    """Each field with its tiles and their solution."""
    fields = _by_field(cells)
    for field, tiles, rows in fields:
        yield field, tiles, solution if len(fields) == 1 else solution.select(torch.tensor(rows))


def _by_field(cells: list[Cell]) -> list[tuple[TileQueue, list[int], list[int]]]:
    """Each field with its tiles and their places among the cells; cells stand field by field."""
    fields: dict[TileQueue, tuple[list[int], list[int]]] = {}
    for row, (field, tile) in enumerate(cells):
        tiles, rows = fields.setdefault(field, ([], []))
        tiles.append(tile)
        rows.append(row)
    return [(field, *found) for field, found in fields.items()]
