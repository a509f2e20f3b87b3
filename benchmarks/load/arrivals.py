"""Who asks for what, and when: drawn beforehand from a seed, whatever the service will do.

Arrivals are open-loop: nobody waits for an answer before the next one asks.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

Kind: TypeAlias = Literal["self", "cross", "field"]
Manner: TypeAlias = Literal["waits", "hangs up", "never reads"]
Contours: TypeAlias = Literal["auto", "local"]
T = TypeVar("T")

SIDES: dict[int, float] = {256: 0.44, 512: 0.30, 1024: 0.15, 2048: 0.08, 4096: 0.03}
"""Shares by the pixels of a side."""
KINDS: dict[Kind, float] = {"self": 0.70, "cross": 0.15, "field": 0.15}
PASSES: dict[int, float] = {1: 0.3, 2: 0.3, 4: 0.4}
MANNERS: dict[Manner, float] = {"waits": 0.85, "hangs up": 0.10, "never reads": 0.05}
DEADLINES_S = 1.0, 10.0
SOURCE_SIDE = 512  # pixels; that of the strokes in cross mode is no larger
VARIANTS = 3  # pictures of each size


@dataclass(frozen=True)
class Request:
    """One client's request.

    Attributes:
        at_s: seconds from the beginning of the load.
        hangs_up_s: seconds after its upload at which the client goes away; None: it waits.
        contours: how lines are told; locally takes no search for outlines.
    """

    index: int
    at_s: float
    kind: Kind
    side: int  # pixels
    passes: int
    deadline_s: float
    variant: int = 0  # which picture of this size
    manner: Manner = "waits"
    hangs_up_s: float | None = None
    contours: Contours = "auto"

    @property
    def source_side(self) -> int:
        """Pixels of a side of the image that strokes are taken from; 0 where there is none."""
        return min(self.side, SOURCE_SIDE) if self.kind == "cross" else 0


def requests(seed: int, rate: float, seconds: float, most_side: int = 1 << 30) -> list[Request]:
    """A Poisson process of `rate` requests a second.

    The n-th request is the same at any rate, only sooner or later.

    Args:
        seed: of everything random.
        rate: requests a second, more than 0.
        seconds: how long somebody new may come.
        most_side: sides are no longer than so many pixels.
    """
    found: list[Request] = []
    draw, now = random.Random(seed), 0.0
    for request in _mix(draw, most_side):
        now += draw.expovariate(rate)
        if now >= seconds:
            return found
        found.append(replace(request, at_s=now))
    raise AssertionError("the mix has no end")


def sample(seed: int, count: int, most_side: int = 1 << 30) -> list[Request]:
    """So many requests of the mix, all at 0 s: to take means over."""
    mix = _mix(random.Random(seed), most_side)
    return [next(mix) for _ in range(count)]


def _mix(draw: random.Random, most_side: int) -> Iterator[Request]:
    index = 0
    while True:
        kind, manner = _one_of(draw, KINDS), _one_of(draw, MANNERS)
        passes, deadline_s = _one_of(draw, PASSES), draw.uniform(*DEADLINES_S)
        hang_up_s = draw.uniform(0, deadline_s)
        yield Request(
            index=index,
            at_s=0.0,
            kind=kind,
            side=_one_of(draw, {side: share for side, share in SIDES.items() if side <= most_side}),
            passes=1 if kind == "field" else passes,
            deadline_s=round(deadline_s, 3),
            variant=draw.randrange(VARIANTS),
            manner=manner,
            hangs_up_s=hang_up_s if manner == "hangs up" else None,
        )
        index += 1


def _one_of(draw: random.Random, shares: dict[T, float]) -> T:
    return draw.choices(list(shares), list(shares.values()))[0]
