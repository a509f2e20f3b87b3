"""What the shader does with a field."""

from dataclasses import dataclass, replace
from typing import Literal

import torch

from worker.shader.envelope import Phase


@dataclass(frozen=True)
class ShaderSettings:
    """See `worker.wire.params.ShadeParams` for units and ranges."""

    low_gate: Literal["segments", "shadow"]
    overlap_mode: Literal["replace", "blend"]
    shadow_projection: Literal["diameter", "fixed"]
    percentile: float
    gate_sharpness: float
    effect_strength: float
    decay: float
    scale: Literal["px", "relative"]
    translation_strength: float
    shadow_offset: float
    min_segment_pixels: int
    max_segments: int
    max_segment_size: int
    envelope: tuple[Phase, ...]
    background: tuple[float, float, float]
    side: int | None = None  # pixels, the longer one of a picture of which only rows are at hand

    def rows_of(self, shape: torch.Size) -> "ShaderSettings":
        """The settings for rows of a picture of `shape` (H, W): lengths are those of the whole."""
        return replace(self, side=max(shape))

    def unit(self, shape: torch.Size) -> float:
        """Pixels of a picture of `shape` (H, W) that one unit of length is."""
        return (self.side or max(shape)) / 512 if self.scale == "relative" else 1.0
