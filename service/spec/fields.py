"""The fields of a `shade` and a `field` spec: type, range, default, meaning and unit of each.

The values that are listed can be asked for; what is planned stands in `service.spec.defaults`.
"""

from itertools import zip_longest
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.spec.defaults import ADSR, LOW_GATE, PRESETS, RADIUS_WEIGHTS, SHADE_ALIGN
from worker.wire.params import Align, FieldParams, PhaseParams, ShadeParams


def _whole(value: object) -> object:
    """JSON has one kind of number: 4.0 is the whole number 4."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Radius = Annotated[Whole, Field(ge=1, le=8)]
# The upper end keeps sums of 112 weights exact enough in float32.
Weight = Annotated[float, Field(ge=0, le=1000)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Common(_Spec):
    """The fields that every kind takes."""

    mode: Literal["self"] = Field("self", description="The image is shaded by its own field.")
    passes: Whole = Field(
        4, ge=1, le=16, description="Passes of the shader (a count); a field has none."
    )
    quality: Literal["fast", "standard", "quality"] = Field(
        "standard",
        description="Sets tile_size and overlap (pixels): fast 96/8, standard 64/16, quality 48/24."
        " Either can be set on its own too.",
    )
    tile_size: Whole | None = Field(
        None, ge=16, le=128, description="Side of a tile in pixels; set by quality when not given."
    )
    overlap: Whole | None = Field(
        None,
        ge=0,
        le=64,
        description="Pixels that neighbouring tiles share, at most tile_size / 2;"
        " set by quality when not given.",
    )
    scope: Literal["tiles"] = Field("tiles", description="The field is computed tile by tile.")
    solver: Literal["lobpcg"] = Field("lobpcg", description="The eigensolver.")
    tolerance: float = Field(
        0.03,
        ge=0.001,
        le=1,
        description="A tile is converged when the sine of the angle between its vector and the"
        " exact one is proved to be at most this (no unit).",
    )
    radii: tuple[Radius, ...] = Field(
        (1, 2, 3, 4, 5, 6),
        min_length=1,
        max_length=8,
        strict=False,  # a JSON list for a tuple; its items stay strict
        description="Radii in pixels within which pixels are joined.",
    )
    radius_weights: tuple[Weight, ...] | None = Field(
        None,
        min_length=1,
        max_length=8,
        strict=False,
        description="Weight of each radius (no unit), as many as radii; when not given, 1, 0.6,"
        " 0.4, 0.3, 0.2, 0.1, 0.1, 0.1 for a radius of 1 to 8.",
    )
    edge_threshold: float = Field(
        0.15,
        ge=0.02,
        le=1,
        description="Colour difference (RGB in 0..1) at which a weight has fallen to 1/e.",
    )
    align: Align = Field("sign", description="How the free signs of the tiles' vectors are chosen.")
    structure_weight: bool = Field(
        True, description="Whether tiles without structure count less (true or false)."
    )
    channel: Whole = Field(
        1, ge=1, le=4, description="Which eigenvector is used (a number, 1 = Fiedler)."
    )
    max_side: Whole | None = Field(
        None,
        ge=64,
        le=8192,
        description="Longer side in pixels that a larger image is shrunk to first;"
        " never rescaled when not given.",
    )
    deadline_s: float = Field(
        10.0, gt=0, description="Seconds from the end of the upload to the answer; waiting counts."
    )

    @property
    def tiling(self) -> tuple[int, int]:
        """Side and overlap of the tiles in pixels."""
        tile, overlap = PRESETS[self.quality]
        tile = self.tile_size or tile
        return tile, min(overlap, tile // 2) if self.overlap is None else self.overlap

    @property
    def weights(self) -> tuple[float, ...]:
        """One weight per radius."""
        return self.radius_weights or tuple(RADIUS_WEIGHTS[r - 1] for r in self.radii)

    def conflicts(self) -> list[tuple[str, str]]:
        """Fields that are valid each, but not together: name and message."""
        tile, overlap = self.tiling
        found = []
        if overlap > tile // 2:
            found.append(("overlap", f"must be at most half of tile_size {tile}, not {overlap}"))
        if len(self.weights) != len(self.radii):
            found.append(("radius_weights", f"must be {len(self.radii)} numbers, one per radius"))
        if max(self.weights) < 0.001:
            found.append(("radius_weights", "must hold a weight of 0.001 or more"))
        return found

    def _field_params(self) -> FieldParams:
        tile, overlap = self.tiling
        return FieldParams(
            tile_size=tile,
            overlap=overlap,
            tolerance=self.tolerance,
            radii=self.radii,
            radius_weights=self.weights,
            edge_threshold=self.edge_threshold,
            align=self.align,
            structure_weight=self.structure_weight,
            channel=self.channel,
        )


class FieldSpec(_Common):
    """What `/field` takes."""

    structure_weight: bool = Field(
        False, description="Whether tiles without structure count less (true or false)."
    )
    render: Literal["viridis", "ranks"] = Field(
        "viridis", description="Picture of the field: its values, or their ranks, as colours."
    )

    def to_params(self) -> FieldParams:
        """The spec as the worker takes it."""
        return self._field_params()


class PhaseSpec(_Spec):
    """Values that replace those of one phase of the envelope."""

    thicken_modulation: float | None = Field(
        None, ge=0, le=1, description="How far complexity thins the thickening (share)."
    )
    kernel_sigma_ratio: float | None = Field(
        None, ge=0.1, le=2, description="Sigma of the kernel over its radius (no unit)."
    )
    fill_threshold: float | None = Field(
        None, ge=0, le=1, description="Selection above which a pixel is filled (no unit)."
    )
    dilation_radius: Whole | None = Field(
        None, ge=1, le=8, description="Radius of the kernel in pixels."
    )

    def over(self, phase: PhaseParams) -> PhaseParams:
        """That phase with the given values replaced."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        defaults = {name: getattr(phase, name) for name in phase.__struct_fields__}
        return PhaseParams(**(defaults | given))


class ShadeSpec(_Common):
    """What `/shade` takes."""

    align: Align = Field(
        SHADE_ALIGN, description="How the free signs of the tiles' vectors are chosen."
    )
    low_gate: Literal["segments", "shadow"] = Field(
        LOW_GATE, description="What happens to contours where the gate is low."
    )
    overlap_mode: Literal["replace", "blend"] = Field(
        "replace", description="Where moved segments overlap: the later wins, or their mean."
    )
    shadow_projection: Literal["diameter", "fixed"] = Field(
        "diameter", description="Shadows of segments: by their size, or the same shift for all."
    )
    contours: Literal["auto", "global", "local"] = Field(
        "auto", description="Contours by brightness against the whole image or a 31 pixel window."
    )
    percentile: float = Field(
        40.0, ge=0, le=100, description="Percentile of the field on contours where the gate opens."
    )
    gate_sharpness: float = Field(
        3.0, ge=0, le=100, description="Steepness of the gate, per standard deviation of the field."
    )
    effect_strength: float = Field(1.0, ge=0, le=4, description="Strength of the effect (factor).")
    decay: float = Field(1.0, ge=0, le=1, description="Factor on the strength after each pass.")
    scale: Literal["px", "relative"] = Field(
        "px", description="Unit of lengths: pixels, or the longer side / 512."
    )
    translation_strength: float = Field(
        15.0, ge=0, le=200, description="How far copies move, in units of scale."
    )
    shadow_offset: float = Field(
        5.0, ge=0, le=100, description="How far shadows fall, in units of scale."
    )
    min_segment_pixels: Whole = Field(
        25, ge=1, le=10_000, description="Smallest segment in pixels (area)."
    )
    max_segments: Whole = Field(40, ge=1, le=500, description="Most segments per pass (a count).")
    max_segment_size: Whole = Field(
        64, ge=8, le=128, description="Longest side of a segment's box in pixels."
    )
    envelope: tuple[PhaseSpec, ...] = Field(
        (),
        max_length=4,
        strict=False,
        description="Values replaced in the attack, decay, sustain and release phase, in that"
        " order; one phase per pass (units with each value).",
    )
    envelope_curve: Literal["hold"] = Field(
        "hold", description="Beyond four passes the last phase holds."
    )
    background: str = Field(
        "#ffffff",
        pattern="^#[0-9a-fA-F]{6}$",
        description="Colour behind transparent pixels, #rrggbb in sRGB.",
    )

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        """Background as sRGB values 0..255."""
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue

    def to_params(self) -> ShadeParams:
        """The spec as the worker takes it."""
        phases = zip_longest(self.envelope, ADSR)
        same = set(ShadeParams.__struct_fields__) - {"field", "envelope", "background"}
        return ShadeParams(
            field=self._field_params(),
            envelope=tuple(spec.over(phase) if spec else phase for spec, phase in phases),
            background=self.background_rgb,
            **{name: getattr(self, name) for name in same},
        )
