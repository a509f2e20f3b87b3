"""What is done to the service, and when: drawn beforehand from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "kill the worker",
    "kill all workers",
    "kill the decoders",
    "kill the service",
    "stop the worker",
    "stop the service",
    "fill the disk",
    "stall readers",
]
LASTS_S: dict[Kind, tuple[float, float]] = {
    "kill the worker": (0.0, 0.0),
    "kill all workers": (0.0, 0.0),
    "kill the decoders": (0.0, 0.0),
    "kill the service": (0.0, 0.0),
    "stop the worker": (0.5, 4.0),
    "stop the service": (0.2, 3.0),
    "fill the disk": (1.0, 4.0),
    "stall readers": (3.0, 8.0),
}
"""Seconds, from and to; of what ends by itself. Of several workers `the worker` is one in turn."""
FIRST_S = 1.0  # from the first request to the first blow


@dataclass(frozen=True)
class Blow:
    """One of them."""

    at_s: float  # from the beginning of the load
    kind: Kind
    lasts_s: float


def plan(seed: int, seconds: float, every_s: float, without: Sequence[Kind] = ()) -> list[Blow]:
    """Blows of so many seconds, one every so often; each kind once before any comes again."""
    draw, kinds = Random(f"blows {seed}"), [each for each in LASTS_S if each not in without]
    found: list[Blow] = []
    now, order = FIRST_S, list[Kind]()
    while now < seconds:
        if not order:
            order = draw.sample(kinds, len(kinds))
        kind = order.pop()
        found.append(Blow(now, kind, draw.uniform(*LASTS_S[kind])))
        now += every_s * draw.uniform(0.5, 1.5)
    return found
