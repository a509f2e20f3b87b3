"""Attack, decay, sustain, release: the phases of the envelope, and how they fall on the passes."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import asdict, replace

from worker.wire.params import PhaseParams

PHASES: Final = ("attack", "decay", "sustain", "release")
ADSR: Final = (
    PhaseParams(
        thicken_modulation=0.2, kernel_sigma_ratio=0.8, fill_threshold=0.05, dilation_radius=3.0
    ),
    PhaseParams(
        thicken_modulation=0.3, kernel_sigma_ratio=0.6, fill_threshold=0.1, dilation_radius=2.0
    ),
    PhaseParams(
        thicken_modulation=0.5, kernel_sigma_ratio=0.5, fill_threshold=0.15, dilation_radius=2.0
    ),
    PhaseParams(
        thicken_modulation=0.7, kernel_sigma_ratio=0.4, fill_threshold=0.2, dilation_radius=1.0
    ),
)

Share = Annotated[float, Meta(ge=0, le=1)]
Radius = Annotated[int, Meta(ge=1, le=8)]  # pixels


class PhaseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values that replace those of one phase of the envelope; None keeps the phase's own."""

    thicken_modulation: Share | None = None
    kernel_sigma_ratio: Annotated[float, Meta(ge=0.1, le=2)] | None = None
    fill_threshold: Share | None = None
    dilation_radius: Radius | None = None


def envelope(
    given: Sequence[PhaseConfig], passes: int, *, stretched: bool
) -> tuple[PhaseParams, ...]:
    """The phase of each pass, the last of them for all that follow.

    Args:
        given: what replaces values of attack, decay, sustain and release, in that order.
        passes: how many there are, at least 1.
        stretched: whether the first has the attack and the last the release, with all between in
            even steps; else each pass has a phase of its own.
    """
    phases = [_over(phase, each) for phase, each in zip_longest(ADSR, given)]
    if not stretched:
        return tuple(phases)
    last = len(phases) - 1
    steps = max(1, passes - 1)
    return tuple(_between(phases, last * index / steps) for index in range(passes))


def _over(phase: PhaseParams, given: PhaseConfig | None) -> PhaseParams:
    replaced = asdict(given) if given else {}
    return replace(phase, **{name: float(v) for name, v in replaced.items() if v is not None})


def _between(phases: list[PhaseParams], position: float) -> PhaseParams:
    """The phase at a position 0..3, linear between two."""
    before, share = int(position), position % 1
    one, two = asdict(phases[before]), asdict(phases[min(before + 1, len(phases) - 1)])
    return PhaseParams(**{name: one[name] + share * (two[name] - one[name]) for name in one})
