"""The fields of a `shade` spec beyond those of the field that drives it."""

from itertools import zip_longest
from typing import Any, Literal

from pydantic import Field

from service.spec.defaults import ADSR, LOW_GATE, SHADE_ALIGN
from service.spec.fields import COLOUR, Common, Spec, Whole, rgb
from worker.wire.params import Align, Contours, PhaseParams, ShadeParams


class PhaseSpec(Spec):
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


class ShadeSpec(Common):
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
    contours: Contours = Field(
        "auto",
        description="What is a line: by brightness against the whole image (global) or a 31 pixel"
        " window (local), or by the spectrum of the whole image (spectral).",
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
        pattern=COLOUR,
        description="Colour behind transparent pixels, #rrggbb in sRGB.",
    )

    def to_params(self) -> ShadeParams:
        """The spec as the worker takes it."""
        phases = zip_longest(self.envelope, ADSR)
        same = set(ShadeParams.__struct_fields__) - {"field", "envelope", "background"}
        return ShadeParams(
            field=self.field_params(),
            envelope=tuple(spec.over(phase) if spec else phase for spec, phase in phases),
            background=rgb(self.background),
            **{name: getattr(self, name) for name in same},
        )
