"""Balls that have been solved before: around hubs, many nodes have the same one."""

import hashlib

import torch
from torch import Tensor

from worker.graphs.balls import Balls
from worker.graphs.local import Spectra

LEAST_NODES = 128
"""Of a ball that is looked up, which costs 13 us: solving one takes 1 ms or more."""

MOST_KEPT = 10_000


class Alike:
    """The spectra of balls of one graph by their nodes, without vectors.

    The same nodes are the same matrix, and that gives the same bytes.
    """

    def __init__(self) -> None:
        self._values: dict[bytes, Tensor] = {}  # (3,) each

    def marks(self, found: Balls) -> list[bytes]:
        """What each ball is known by; empty for those that are not looked up."""
        large = found.sizes >= LEAST_NODES
        if not large.any():
            return [b""] * len(large)
        nodes, ends = found.node.cpu().numpy(), found.start.tolist()
        return [
            hashlib.blake2b(nodes[begin:end].data, digest_size=16).digest() if each else b""
            for each, begin, end in zip(large.tolist(), ends, ends[1:], strict=False)
        ]

    def new(self, marks: list[bytes]) -> list[int]:
        """Which of these balls are to be solved: of several that are alike the first."""
        seen, places = set(self._values), []
        for place, mark in enumerate(marks):  # loop: chunks
            if not mark or mark not in seen:
                seen.add(mark)
                places.append(place)
        return places

    def spread(self, marks: list[bytes], new: list[int], solved: Spectra | None) -> Spectra:
        """The spectra of all of these balls, by those of the new ones, if there are any."""
        values = torch.empty(3, len(marks), dtype=torch.float64)
        if solved is not None:
            made = torch.stack([solved.lambda2, solved.gap, solved.largest]).cpu()
            values[:, new] = made
            # A view would keep the values of the whole chunk.
            self._values |= {marks[p]: made[:, i].clone() for i, p in enumerate(new) if marks[p]}
        for place in set(range(len(marks))).difference(new):  # loop: chunks
            values[:, place] = self._values[marks[place]]
        if len(self._values) > MOST_KEPT:
            self._values.clear()
        return Spectra(values[0], values[1], values[2], None)
