"""How a pass came about, to be looked at: its gate, its lines, its strokes and their matches."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.shader.segments import Segments, find_segments
from worker.shader.strips import pointwise
from worker.shader.trace import Laying, Trace
from worker.shader.transplant import copies_at, landing


class Matches(NamedTuple):
    """M strokes that were lent and laid; places are y and x, those of `lent` of their picture."""

    lent: Tensor  # (M, 2) centres of the strokes
    to: Tensor  # (M, 2) centres of their copies
    beside: Tensor  # (M, 2) centres of the segments that they were matched to
    distance: Tensor  # (M,) of their signatures


class Explanation(NamedTuple):
    """What a pass of a picture (H, W) worked with."""

    gate: Tensor  # (H, W) uint8, 255 is structure
    lines: Tensor  # (H, W) bool, what was taken for lines
    segments: Segments  # strokes of low gate, the largest first; none where there were no strokes
    corners: Tensor  # (S, 2) int64, y and x of the segments' boxes
    matches: Matches


def explanation_of(trace: Trace | None, shape: torch.Size) -> Explanation:
    """What there is to see of a pass over a picture (H, W); of one without effect nothing."""
    if trace is None:
        blank = torch.zeros(shape, dtype=torch.uint8)
        return Explanation(blank, blank.bool(), *_no_strokes(blank.bool()))
    gate = pointwise(lambda rows: (rows * 255).round_().to(torch.uint8), trace.gate)
    if trace.laying is None:
        return Explanation(gate, trace.drawn, *_no_strokes(trace.drawn))
    segments = trace.laying.own.strokes
    matches = _matches(trace.laying, ~(trace.drawn | trace.filled))
    return Explanation(gate, trace.drawn, segments, _corners(segments, shape[1]), matches)


def _no_strokes(like: Tensor) -> tuple[Segments, Tensor, Matches]:
    none = find_segments(torch.zeros(1, 1, dtype=torch.bool, device=like.device), 1, 1, 8)
    places = none.centre
    return none, places.long(), Matches(places, places, places, places[:, 0])


def _corners(segments: Segments, width: int) -> Tensor:
    place = torch.stack((segments.pixels // width, segments.pixels % width), 1)
    index = segments.owner[:, None].expand(-1, 2)
    corners = place.new_zeros(segments.count, 2)
    return corners.scatter_reduce(0, index, place, "amin", include_self=False)


def _matches(laying: Laying, void: Tensor) -> Matches:
    """The matches whose copies are seen: some of their pixels fell into void (H, W) bool."""
    own, lender, matched, far, fronts = laying
    seen = matched.new_zeros(0)
    if fronts is not None:
        seen = torch.unique(fronts.owner[landing(fronts, void)])
    lent = matched[seen]
    apart = own.described[seen] - lender.described[lent]
    return Matches(
        lender.strokes.centre[lent],
        copies_at(own.strokes, far)[seen],
        own.strokes.centre[seen],
        apart.square().sum(1).sqrt(),
    )
