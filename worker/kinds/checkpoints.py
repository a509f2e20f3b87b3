"""When a run hands out what another one can go on from, and what of it is new."""

from collections.abc import Callable

import torch

from worker.fibers import undivided
from worker.kinds.kept import field_arrays_of
from worker.numerics.field_state import FieldState
from worker.numerics.lanes import single_threaded
from worker.runs import Array, Work

SHARE = 0.05
"""Of the seconds that a job works, at most, for its checkpoints. Nearly all of it is work of the
service, so that two busy cores are half of that slower, more cores less."""

PRICE_S, PRICE_S_PER_BYTE = 0.004, 4e-9
"""What one costs: 0.3 ns a byte to copy it here, 1 to send it, 2.9 to write, pack and hash it."""

EVERY_S = 1.0
"""Between two of one field; a pass that is complete waits for its price only."""

MOST_BYTES = 256 << 20
"""Of all since the last that stands by itself; of a larger field the rest is not kept."""


class Checkpoints:
    """Those of one job: one that stands by itself for each pass, and tiles that are added to it."""

    def __init__(self) -> None:
        self._passes = -1  # after which the last one was made; there is none yet
        self._told = torch.zeros(0, dtype=torch.bool)  # tiles since then
        self._bytes = 0
        self._worked_s = 0.0  # by the job until the last one

    def work(
        self,
        solver: FieldState,
        worked_s: float,
        passes: int = 0,
        others: Callable[[], dict[str, Array]] = dict,
        *,
        last: bool = False,
    ) -> Work | None:
        """What is new, where it is worth its price; at the `last` whatever there is.

        Args:
            solver: the field of the pass after so many complete ones.
            worked_s: seconds that the job has worked so far.
            passes: complete ones.
            others: makes the arrays beside the field's, of one that stands by itself.
        """
        whole, seconds = passes != self._passes, worked_s - self._worked_s
        # First what costs nothing: it is asked after every step.
        soon = seconds < (PRICE_S / SHARE if whole else EVERY_S) or not solver.planned
        if soon and not last:
            return None
        size = self._size(solver, passes, whole=whole)
        worth = size > 0 and seconds * SHARE >= PRICE_S + size * PRICE_S_PER_BYTE
        too_large = (0 if whole else self._bytes) + size > MOST_BYTES
        if too_large or not (worth or (last and (whole or size))):
            return None
        with undivided(), single_threaded():
            return self._made(solver, passes, others() if whole else {}, worked_s)

    def _made(
        self, solver: FieldState, passes: int, others: dict[str, Array], worked_s: float
    ) -> Work:
        whole = passes != self._passes
        ended = solver.ended
        arrays = others | field_arrays_of(solver, passes, None if whole else self._told)
        size = sum(each.nbytes for each in arrays.values())
        self._passes, self._told = passes, ended if whole else ended | self._told
        self._bytes = size if whole else self._bytes + size
        self._worked_s = worked_s
        return Work(whole, arrays)

    def _size(self, solver: FieldState, passes: int, *, whole: bool) -> int:
        """Bytes of what is new, about; 0 where that is nothing."""
        count, pixels = len(solver.vectors), solver.image.numel()
        if whole and passes:  # also what unfinished tiles begin with, and the picture
            return solver.vectors.nbytes + 2 * pixels
        new = solver.ended if whole else solver.ended & ~self._told
        return int(new.sum()) * (solver.vectors.nbytes // count)
