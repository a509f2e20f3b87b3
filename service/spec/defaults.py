"""Defaults of a spec that are tables or were chosen by eye, and what cannot be asked for yet."""

from typing import Final, Literal

from worker.wire.params import Align, PhaseParams

SHADE_ALIGN: Final[Align] = "ramp"
LOW_GATE: Final[Literal["segments", "shadow"]] = "segments"

# quality: (tile_size, overlap) in pixels
PRESETS: Final = {"fast": (96, 8), "standard": (64, 16), "quality": (48, 24)}
# The sine of an angle. The modes of a whole image are crowded, and 0.1 is |cos| >= 0.995.
TOLERANCES: Final = {"tiles": 0.03, "image": 0.1}  # by scope
RADIUS_WEIGHTS: Final = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1)  # of radius 1, 2, ... 8
# attack, decay, sustain, release
ADSR: Final = (
    PhaseParams(
        thicken_modulation=0.2, kernel_sigma_ratio=0.8, fill_threshold=0.05, dilation_radius=3
    ),
    PhaseParams(
        thicken_modulation=0.3, kernel_sigma_ratio=0.6, fill_threshold=0.1, dilation_radius=2
    ),
    PhaseParams(
        thicken_modulation=0.5, kernel_sigma_ratio=0.5, fill_threshold=0.15, dilation_radius=2
    ),
    PhaseParams(
        thicken_modulation=0.7, kernel_sigma_ratio=0.4, fill_threshold=0.2, dilation_radius=1
    ),
)

# Refused by name until they exist: field, value, and what to ask for instead.
NOT_YET: Final[dict[str, dict[str, str]]] = {
    "mode": {"cross": "self"},
    "scope": {"both": "tiles or image"},
    "envelope_curve": {"stretch": "hold"},
}
