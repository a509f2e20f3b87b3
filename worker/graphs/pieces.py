"""Long vectors piece by piece: what lies between two passes stays in the caches, and cores share.

Pieces are the same whatever the number of cores, and so are the bytes of each pass over several.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import torch

from worker.numerics.lanes import cores, side_by_side

T = TypeVar("T")

PIECE = 1 << 15
"""Nodes: eighteen vectors of them are 4.7 MB."""


def pieces(n: int, device: torch.device) -> list[slice]:
    """Of the nodes 0..n-1; on a GPU one, as all of it is worked on at once there."""
    size = PIECE if device.type == "cpu" else max(1, n)
    return [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]


def each(cuts: Sequence[slice], call: Callable[[slice], T]) -> list[T]:
    """What the call returns for every piece, in order; on a CPU side by side.

    The calls write to places of their own, and read what none of them writes.
    """
    lanes = cores() if len(cuts) > 1 else 1
    share = max(1, -(-len(cuts) // lanes))
    shares = [cuts[begin : begin + share] for begin in range(0, len(cuts), share)]
    found = side_by_side(lanes, [partial(_called, call, mine) for mine in shares])
    return [one for of_lane in found for one in of_lane]


def _called(call: Callable[[slice], T], mine: Sequence[slice]) -> list[T]:
    return [call(piece) for piece in mine]  # loop: chunks
