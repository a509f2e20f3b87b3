"""Batches of tiles that may be of several fields."""

from collections.abc import Sequence
from math import inf

import torch

from worker.numerics.chunk import Cell, Chunk
from worker.numerics.kept import close_all
from worker.numerics.lanes import in_lanes
from worker.numerics.refining import FIRST
from worker.numerics.refining import Stage as Method
from worker.numerics.tile_queue import Due, TileQueue

LEAST = 2
"""Tiles of the smallest chunk that evens out lanes; smaller ones cost more than they even out."""


def solve_together(
    shares: Sequence[tuple[TileQueue, int]], within_s: float = inf
) -> list[list[int]]:
    """Bring tiles of fields to the end of their stage.

    Args:
        shares: fields whose `waiting` have the same key, and how many of their tiles.
        within_s: seconds after which lanes stop at the next step; at least one is made. What is
            under way then goes on with the next call for its field.

    Returns:
        The tiles of each field that got better. Where memory ran out there are fewer, and a field
        none of whose tiles fits on its own raises `OutOfMemory` with its next step.
    """
    wanted = [(field, due, n) for field, n in shares if n > 0 and (due := field.due()) is not None]
    changed: dict[TileQueue, list[int]] = {field: [] for field, _ in shares}
    if wanted:
        cells = [Cell(field, t) for field, due, n in wanted for t in due.tiles[:n]]
        for cell in _run(_chunks(cells, wanted[0][1]), wanted[0][0], within_s):
            changed[cell.field].append(cell.tile)
    for field in changed:
        field.look_ahead()
    return [list(dict.fromkeys(changed[field])) for field, _ in shares]


def _run(chunks: list[Chunk], one: TileQueue, within_s: float) -> list[Cell]:
    """A turn of the lanes; the cells that got better."""
    done: list[Cell] = []
    reason = None
    try:
        next(in_lanes(one.settings.lanes, [chunk.run(done) for chunk in chunks], within_s), None)
    except torch.OutOfMemoryError as error:
        reason = str(error).partition("\n")[0]
    for chunk in chunks:
        chunk.put_back()
    if reason is not None:  # after the handler: its traceback keeps tensors
        close_all()
        for chunk in chunks:
            chunk.shrink(reason)
    return done


def _chunks(cells: list[Cell], due: Due) -> list[Chunk]:
    """Cells in batches: those that have begun with whom they began, the others side by side."""
    begun: dict[int, list[Cell]] = {}
    for cell in cells:
        begun.setdefault(_turn(cell), []).append(cell)
    rest = begun.pop(0, [])
    chunks = list(begun.values())
    settings, n = cells[0].field.settings, cells[0].field.vectors.shape[2]
    size = max(1, settings.batch_pixels // n * FIRST.k // due.attempt.k)
    if due.attempt.stage == Method.DIRECT:
        size = 1
    size = min(field.memory.most(size) for field in {c.field for c in cells})
    while rest:
        # With several lanes the last chunks are smaller, so that they end together.
        even = size if settings.lanes == 1 else -(-len(rest) // settings.lanes)
        take = min(size, max(LEAST, even))
        chunks.append(rest[:take])
        rest = rest[take:]
    return [Chunk(chunk, due.stage, due.attempt) for chunk in chunks]


def _turn(cell: Cell) -> int:
    """What tells apart the batches that are under way; 0 for a tile in none."""
    kept = cell.field.kept.get(cell.tile)
    return id(kept[0]) if kept is not None and kept[0].open and kept[0].steps else 0
