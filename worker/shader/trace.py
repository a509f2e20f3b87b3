"""What a pass worked with on its way: references to what was there anyway, for an explanation."""

from typing import NamedTuple

from torch import Tensor

from worker.shader.source import Source
from worker.shader.transplant import Fragments


class Laying(NamedTuple):
    """Strokes that were matched, and their copies, which are laid where there is void."""

    own: Source  # the picture's strokes of low gate, S of them; T of them are targets
    lender: Source  # the same, or what another picture lends
    matched: Tensor  # (T,) int64: for each of the first T own strokes one of the lender's
    far: float  # pixels in units of `transplant.SHIFT` from a target to its copy
    fronts: Fragments | None  # of the copies that may be laid; None: there are none


class Trace(NamedTuple):
    """How a pass came about."""

    gate: Tensor  # (H, W) in 0..1
    drawn: Tensor  # (H, W) bool, what was taken for lines
    filled: Tensor  # (H, W) bool, what these have grown by
    laying: Laying | None  # None: lines of low gate cast shadows
