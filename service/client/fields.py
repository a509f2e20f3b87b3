"""The fields of a spec as keyword arguments, for a type checker to know.

What each means, with its unit, is in `service.spec.descriptions`; the service checks the values.
None is as not given.
"""

from collections.abc import Sequence
from typing import Literal, TypedDict


class Phase(TypedDict, total=False):
    """Values that replace those of one phase of the envelope."""

    thicken_modulation: float | None
    kernel_sigma_ratio: float | None
    fill_threshold: float | None
    dilation_radius: int | None


class _Fields(TypedDict, total=False):
    mode: Literal["self", "cross"] | None
    max_side: int | None
    deadline_s: float
    passes: int
    quality: Literal["fast", "standard", "quality"]
    tile_size: int | None
    overlap: int | None
    scope: Literal["tiles", "image"]
    solver: Literal["lobpcg", "lanczos"]
    iterations: int
    tolerance: float | None
    radii: Sequence[int]
    radius_weights: Sequence[float] | None
    edge_threshold: float
    align: Literal["sign", "ramp", "none"]
    structure_weight: bool
    channel: int
    background: str


class ShadeFields(_Fields, total=False):
    """What `shade` takes besides its pictures."""

    low_gate: Literal["segments", "shadow"]
    overlap_mode: Literal["replace", "blend"]
    shadow_projection: Literal["diameter", "fixed"]
    contours: Literal["auto", "global", "local", "spectral"]
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
    envelope: Sequence[Phase]
    envelope_curve: Literal["hold", "stretch"]
    explain: bool


class FieldFields(_Fields, total=False):
    """What `field` takes besides its picture."""

    render: Literal["viridis", "ranks", "contours"]
