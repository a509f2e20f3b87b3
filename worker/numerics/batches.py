"""Which batch solves tiles on which device."""

from collections.abc import Sequence
from typing import Protocol, cast

from torch import Tensor

from worker.numerics.cpu_batch import CpuBatch
from worker.numerics.direct_batch import DirectBatch
from worker.numerics.refining import Attempt, Stage
from worker.numerics.stencil import Offset
from worker.numerics.tile_batch import Solution, TileBatch


class Batch(Protocol):
    """Tiles on their way from pixels to certified vectors; each call is for all of them."""

    @property
    def size(self) -> int:
        """Tiles in the batch."""

    @property
    def memory(self) -> int:
        """Bytes held, about."""

    def certify(self) -> Solution:
        """What has been found, and what is proved of it."""

    def keep(self, rows: Tensor) -> None:
        """Go on with the tiles `rows` (indices into the present batch) alone."""

    def step(self) -> None:
        """Bring every tile a step further."""


def open_batch(
    rgb: Tensor,
    stencil: tuple[Offset, ...],
    tau: float,
    attempt: Attempt,
    guess: Tensor | None = None,
) -> Batch:
    """Tiles (B, 3, h, w) in [0, 1] to be solved that way; a guess (B, j, n) is tried as well."""
    if attempt.stage == Stage.DIRECT:
        return DirectBatch(rgb, stencil, tau, attempt.k, guess)
    if attempt.stage == Stage.DOUBLE:
        rgb = rgb.double()
    kind = CpuBatch if rgb.device.type == "cpu" else TileBatch
    return kind(rgb, stencil, tau, attempt.k, guess)


def joined(batches: Sequence[Batch]) -> Batch:
    """Proved batches of one kind, after as many steps, as one; the tiles in their order."""
    first, *others = batches
    if not others:
        return first
    if isinstance(first, TileBatch):
        return TileBatch.joined(cast(Sequence[TileBatch], batches))
    return CpuBatch.joined(cast(Sequence[CpuBatch], batches))  # a direct one is a single tile
