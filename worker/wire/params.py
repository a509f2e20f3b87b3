"""What a job asks of the worker: a config of `worker.wire.config`, checked and resolved there."""

from typing import Any, Literal

import msgspec

Align = Literal["sign", "ramp", "none"]
Contours = Literal["auto", "global", "local", "spectral"]


class FieldParams(msgspec.Struct, frozen=True, kw_only=True, tag="field"):
    """How the Fiedler field of one image is computed."""

    scope: Literal["tiles", "image"] = "tiles"  # one graph per tile, or one of the whole image
    solver: Literal["lobpcg", "lanczos"] = "lobpcg"
    iterations: int = 30  # of lanczos, 1..200
    tile_size: int  # pixels, 16..128
    overlap: int  # pixels, 0..tile_size / 2
    tolerance: float  # bound on sin(angle) at which a tile is converged, 0.001..1
    radii: tuple[int, ...]  # pixels, 1..8
    radius_weights: tuple[float, ...]  # >= 0, one per radius
    edge_threshold: float  # tau of exp(-|colour difference| / tau), 0.02..1
    align: Align
    structure_weight: bool
    channel: int  # which eigenvector drives the shader or the picture, 1 = Fiedler, 1..4
    render: Literal["viridis", "ranks", "contours"] = "viridis"  # the picture of a field job
    background: tuple[int, int, int] | None = (255, 255, 255)  # paper of `contours`; None: none


class PhaseParams(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the attack-decay-sustain-release envelope."""

    thicken_modulation: float  # 0..1
    kernel_sigma_ratio: float  # 0.1..2, sigma over radius
    fill_threshold: float  # 0..1
    dilation_radius: float  # pixels, 1..8


class ShadeParams(msgspec.Struct, frozen=True, kw_only=True, tag="shade"):
    """A whole shading job; its strokes are those of the image itself, or of a source beside it."""

    field: FieldParams
    passes: int  # 1..16
    low_gate: Literal["segments", "shadow"]
    overlap_mode: Literal["replace", "blend"]
    shadow_projection: Literal["diameter", "fixed"]
    contours: Contours
    percentile: float  # 0..100
    gate_sharpness: float  # 0..100
    effect_strength: float  # 0..4
    decay: float  # 0..1
    scale: Literal["px", "relative"]
    translation_strength: float  # 0..200
    shadow_offset: float  # 0..100
    min_segment_pixels: int  # 1..10000
    max_segments: int  # 1..500
    max_segment_size: int  # pixels, 8..128
    envelope: tuple[PhaseParams, ...]  # one entry per phase, the last one holds
    background: tuple[int, int, int]  # sRGB 0..255, seen through alpha


class DataParams(msgspec.Struct, frozen=True, kw_only=True, tag="data"):
    """A job whose answer is data, of a kind in `worker.wire.jobs`."""

    kind: str
    values: dict[str, Any]  # of the kind's params; those that are not given are defaults


JobParams = FieldParams | ShadeParams | DataParams
