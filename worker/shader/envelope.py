"""Attack, decay, sustain, release: how the passes differ."""

from typing import NamedTuple


class Phase(NamedTuple):
    """The values of one pass."""

    thicken_modulation: float
    kernel_sigma_ratio: float
    fill_threshold: float
    dilation_radius: float  # pixels


def phase_of(pass_index: int, envelope: tuple[Phase, ...]) -> Phase:
    """The phase of a pass (1-based); beyond the last phase the last one holds."""
    return envelope[min(pass_index, len(envelope)) - 1]
