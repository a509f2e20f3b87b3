"""How a pass came about, as the service is told."""

import numpy as np
from torch import Tensor

from worker.runs import Emission
from worker.shader.explanation import Explanation, Matches
from worker.shader.segments import Segments
from worker.shader.transplant import TURN
from worker.wire.explained import PLACE, Match, Segment
from worker.wire.messages import Explained


def explained(job: str, index: int, explanation: Explanation) -> Emission:
    """The message about a pass, 1-based."""
    gate, lines, segments, corners, matches = explanation
    message = Explained(
        job=job,
        index=index,
        segments=_segments(segments, corners),
        matches=_matches(matches),
    )
    bits = np.packbits(lines.cpu().numpy().reshape(-1))
    pixels = segments.pixels.cpu().numpy().astype(PLACE)
    return message, b"".join((gate.cpu().numpy().data, bits.data, pixels.data))


def _segments(segments: Segments, corners: Tensor) -> list[Segment]:
    return [
        Segment(x, y, width, height, pixels)
        for (y, x), (height, width), pixels in zip(
            corners.tolist(),
            segments.extent.long().tolist(),
            segments.size.tolist(),
            strict=True,
        )
    ]


def _matches(matches: Matches) -> list[Match]:
    places = (each.flip(1).tolist() for each in (matches.lent, matches.to, matches.beside))
    return [
        Match(tuple(lent), tuple(to), tuple(beside), TURN, distance)
        for lent, to, beside, distance in zip(*places, matches.distance.tolist(), strict=True)
    ]
