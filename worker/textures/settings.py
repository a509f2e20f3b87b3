"""What a texture is made by."""

from dataclasses import dataclass, replace
from typing import Literal

Mode = Literal["spectral", "simple", "blend", "phase_field", "embed", "warp"]

EMBEDDED = 16
"""Modes on which `embed` projects; fewer would leave little of either picture."""


@dataclass(frozen=True)
class TextureSettings:
    """Parameters of a texture; see `height_map`."""

    mode: Mode = "spectral"
    theta: float = 0.5  # 0..1: which modes are etched, from the coarsest to the finest
    gamma: float = 0.3  # 0..1: how deeply
    modes: int = 8
    edge_threshold: float = 0.1  # 0.02..1
    wrap: bool = False  # whether the texture goes on at its opposite border

    @property
    def count(self) -> int:
        """Modes that this texture needs."""
        return max(self.modes, EMBEDDED) if self.mode == "embed" else self.modes


BALANCED = TextureSettings()
PRESETS = {
    "coarse": replace(BALANCED, theta=0.1, gamma=0.2),
    "balanced": BALANCED,
    "fine": replace(BALANCED, theta=0.9, gamma=0.4),
    "etch_heavy": replace(BALANCED, gamma=0.6),
}
