"""How long a turn on the device takes, and what fits into one; pure."""

from collections.abc import Sequence

from worker.runs import Alone, Tiles

QUANTUM_S = 0.05  # what a turn should take
LONG_S = 2 * QUANTUM_S  # a step or conclusion of more is interrupted after a quantum
EPSILON_S = 1e-9  # rounding


def alone_s(seconds: float) -> float:
    """Seconds of the first turn of a step or conclusion of `seconds`."""
    return seconds if seconds <= LONG_S else QUANTUM_S


def offered_s(offer: Tiles | Alone) -> float:
    """Seconds of the turn that a job would take by itself."""
    if isinstance(offer, Alone):
        return alone_s(offer.seconds)
    return offer.each_s * max(1, min(offer.count, _fitting(offer, QUANTUM_S)))


def room(offer: Tiles) -> int:
    """Tiles of this kind that a turn has room for."""
    return max(1, _fitting(offer, QUANTUM_S))


def batch(offers: Sequence[Tiles], within_s: float) -> list[int]:
    """How many tiles of each offer make a batch: of the first one a turn, of the others the rest.

    Args:
        offers: at least one, of one key.
        within_s: seconds that the batch may take with the others; never more than a quantum.
    """
    first = offers[0]
    counts = [max(1, min(first.count, _fitting(first, QUANTUM_S)))]
    left_s = min(within_s, QUANTUM_S) - counts[0] * first.each_s
    most = first.most  # of everybody that is in
    for offer in offers[1:]:
        room = min(offer.most, most) - sum(counts)
        counts.append(max(0, min(offer.count, room, _fitting(offer, left_s))))
        left_s -= counts[-1] * offer.each_s
        most = min(offer.most, most) if counts[-1] else most
    return counts


def _fitting(tiles: Tiles, seconds: float) -> int:
    return min(tiles.most, int((seconds + EPSILON_S) / max(tiles.each_s, EPSILON_S)))
