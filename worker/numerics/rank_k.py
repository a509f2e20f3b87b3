"""The k largest, middle or smallest values of every row, the same on every device."""

from typing import Literal

import torch
from torch import Tensor

Kind = Literal["top", "mid", "bottom"]

LOW_BITS = (1 << 32) - 1
NEVER = torch.iinfo(torch.int64).min  # a key below that of every finite value


def rank_k(x: Tensor, k: int, kind: Kind) -> tuple[Tensor, Tensor]:
    """The first k of each row in order of value, ties to the lower column; -0 equals 0.

    Only finite values count. A row with f of them has t = min(k, f) results: the largest
    descending (`top`), the smallest ascending (`bottom`), or, ascending, the t from place
    (f - t) // 2 of the ascending order (`mid`).

    Args:
        x: (rows, cols) float32, float16 or bfloat16.
        k: 1..cols.

    Returns:
        Values (rows, k) as they are in x, and their columns, int64; behind the t results NaN
        and -1.

    Raises:
        ValueError: k is outside 1..cols.
    """
    cols = x.shape[1]
    if not 1 <= k <= cols:
        raise ValueError(f"k = {k} is outside 1..{cols}")
    found = by_sort(x, k, kind) if kind == "mid" else by_keys(x, k, kind)
    there = found >= 0
    return x.gather(1, found.clamp(min=0)).where(there, torch.nan), found


def by_sort(x: Tensor, k: int, kind: Kind) -> Tensor:
    """The columns of `rank_k` by a stable sort of the whole row."""
    finite = x.isfinite()
    rising = x + 0.0  # -0 becomes 0: a sort by bits would tell them apart
    order = torch.where(finite, -rising if kind == "top" else rising, torch.inf)
    order = order.sort(dim=1, stable=True).indices
    count = finite.sum(1, keepdim=True)
    place = torch.arange(k, device=x.device)
    begin = (count - k).clamp(min=0) // 2 if kind == "mid" else torch.zeros_like(count)
    found = order.gather(1, (begin + place).clamp(max=x.shape[1] - 1))
    return found.where(place < count, -1)


def by_keys(x: Tensor, k: int, kind: Literal["top", "bottom"]) -> Tensor:
    """The columns of `rank_k` by unique integer keys, whose k largest have only one order."""
    bits = (x.float() + 0.0).view(torch.int32)
    rising = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()  # as integers in the order of the floats
    if kind == "bottom":
        rising = ~rising
    column = torch.arange(x.shape[1], device=x.device)
    keys = ((rising << 32) | (LOW_BITS - column)).where(x.isfinite(), NEVER)
    best = keys.topk(k, dim=1).values
    return (LOW_BITS - (best & LOW_BITS)).where(best != NEVER, -1)
