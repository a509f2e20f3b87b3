"""What the field of a picture still costs, in seconds of the device."""

from typing import NamedTuple

from worker.kinds.costs import FIELDS, STEPS_PRICED, TileCosts
from worker.kinds.solving import tile_count
from worker.numerics.field_state import FieldState, TileStatus
from worker.wire.params import FieldParams


class FieldLeft(NamedTuple):
    """What is left to do."""

    coarse_s: float  # until there is a vector everywhere
    refine_s: float  # and from there until all is certified


def field_left(
    size: tuple[int, int],
    params: FieldParams,
    costs: TileCosts,
    solver: FieldState | None = None,
    spent_s: float = 0.0,
) -> FieldLeft:
    """Of the field of a picture (H, W) in the making, or without a solver of a whole one.

    Args:
        size: of the picture, pixels.
        params: what field it is.
        costs: of the picture's tiles.
        solver: as far as it is.
        spent_s: that it has taken so far.
    """
    if solver is not None and solver.finished:
        return FieldLeft(0.0, 0.0)
    if params.scope == "image" or params.solver == "lanczos":
        return FieldLeft(max(0.0, whole_s(size, params) - spent_s), 0.0)
    height, width = size
    pixels = min(height, params.tile_size) * min(width, params.tile_size)
    waiting = unfinished = tile_count(size, params)
    if solver is not None:
        waiting = int((solver.status == TileStatus.WAITING).sum())
        unfinished = solver.tiling.count - solver.converged
    return FieldLeft(
        costs.stage_s("coarse", waiting * pixels), costs.stage_s("refine", unfinished * pixels)
    )


def whole_s(size: tuple[int, int], params: FieldParams) -> float:
    """Of a field that is not solved in batches of tiles."""
    price, area = FIELDS[_kind(params)], size[0] * size[1]
    return price.mean(area) * _effort(params)


def learn_whole(size: tuple[int, int], params: FieldParams, seconds: float) -> None:
    """Take into account what such a field has taken."""
    if _kind(params) in FIELDS:
        FIELDS[_kind(params)].learn(seconds / _effort(params), size[0] * size[1])


def _kind(params: FieldParams) -> str:
    return "image" if params.scope == "image" else params.solver


def _effort(params: FieldParams) -> float:
    return params.iterations / STEPS_PRICED if _kind(params) == "lanczos" else 1.0
