"""When a tile has had enough of one method, and which one is next."""

from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

from worker.numerics.stencil import Offset
from worker.numerics.tile_batch import BLOCKS, SEARCHED, Solution


class Stage(IntEnum):
    """Ways to solve a tile, from the cheapest to the surest."""

    SINGLE = 0  # two levels in float32
    DOUBLE = 1  # two levels in float64
    DIRECT = 2  # preconditioned by a factor of the whole tile


class Attempt(NamedTuple):
    """A block size and a way to solve."""

    k: int
    stage: Stage


FIRST = Attempt(BLOCKS[0], Stage.SINGLE)

SHORT_REACH = 3
"""Up to this reach, in pixels, colours fall apart into islands of a few pixels that a block of
aggregates does not tell apart: bounds of 0.001 were seen at right angles to the exact vector. The
factor is narrow there, and cheaper than the attempts with two levels that it spares."""

STEPS = {Stage.SINGLE: 10, Stage.DOUBLE: 10, Stage.DIRECT: 12}
"""Steps after which a tile goes to the next stage; two levels take 3 to 6 where they suit."""

DIRECT_BLOCK = BLOCKS[1]
"""Least block of the last stage: where the spectrum is crowded four vectors need 23 steps, eight
need four, and the factor costs more than the vectors."""

GROW_AFTER = 4
"""Steps after which a block without a gap in sight is given up for a larger one."""

CROWD = 0.2
"""A block all of whose Ritz values lie within this share of the largest does not see the end of the
crowd around lambda_2: its last vectors hardly converge, and neither does the bound."""

SINGLE_GAP, SINGLE_LEAST = 3e-3, 2
"""Below this gap above the cluster, float32's rounding of L x (about 1e-4) alone is more than the
tolerance allows; such a tile goes on in float64 after so many steps."""


def first_attempt(stencil: tuple[Offset, ...]) -> Attempt:
    """How to begin with tiles of this graph."""
    reach = max((max(o.dy, abs(o.dx)) for o in stencil), default=0)
    return Attempt(DIRECT_BLOCK, Stage.DIRECT) if reach <= SHORT_REACH else FIRST


def ended(solution: Solution, attempt: Attempt, step: int, tolerance: float) -> Tensor:
    """(B,) bool: tiles that are converged, or that this attempt brings no further."""
    done = solution.bound <= tolerance
    if step >= STEPS[attempt.stage]:
        return torch.ones_like(done)
    if step >= GROW_AFTER:
        done |= hemmed(solution, attempt.k)
    if attempt.stage == Stage.SINGLE and step >= SINGLE_LEAST:
        done |= solution.gap < SINGLE_GAP
    return done


def hemmed(solution: Solution, k: int) -> Tensor:
    """(B,) bool: tiles whose block of k is too small for the cluster, or the crowd, at lambda_2."""
    searched = SEARCHED if k == BLOCKS[0] else k
    theta = solution.theta
    crowded = theta[:, -1] - theta[:, 0] < CROWD * theta[:, -1]
    return (solution.cluster >= searched) | (crowded & (k < BLOCKS[-1]))


def next_attempt(attempt: Attempt, too_small: bool) -> Attempt | None:
    """What to try next on a tile that did not converge; None: it is degenerate."""
    k, stage = attempt
    if too_small:
        larger = [b for b in BLOCKS if b > k]
        return Attempt(larger[0], stage) if larger else None
    if stage == Stage.SINGLE:
        return Attempt(k, Stage.DOUBLE)
    return Attempt(max(k, DIRECT_BLOCK), Stage.DIRECT) if stage < Stage.DIRECT else attempt
