"""The values that the sheets of single fields show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from worker.wire.config import read_shade_config, shade_params
from worker.wire.phases import ADSR

Values = Mapping[str, object]

DRAWING, PHOTOGRAPH = "potato close", "coffee small"
PASSES = 2
"""Enough to see what a field does; the sweeps are most of the gallery's time."""


@dataclass(frozen=True)
class Sweep:
    """A field of the spec, the values to show, and what to look at."""

    name: str
    values: Sequence[object]
    look: str  # what it changes, for a reader
    beside: Values = field(default_factory=dict)  # other fields, set in every cell
    pictures: tuple[str, ...] = (DRAWING, PHOTOGRAPH)

    @property
    def base(self) -> dict[str, object]:
        """The spec of a cell without the field."""
        return {"passes": PASSES, **self.beside}

    def spec(self, value: object) -> dict[str, object]:
        """The spec of one cell."""
        return {**self.base, self.name: value}


@dataclass(frozen=True)
class PhaseSweep(Sweep):
    """A value of the envelope's phases, the same in all four; None leaves each phase its own."""

    def spec(self, value: object) -> dict[str, object]:
        """The spec of one cell."""
        phase = {} if value is None else {self.name: value}
        return {**self.base, "envelope": [phase] * len(ADSR)}


def same(one: Values, other: Values) -> bool:
    """Whether two specs come to the same job."""
    return shade_params(read_shade_config(one)) == shade_params(read_shade_config(other))


SWEEPS: Final = (
    Sweep("quality", ("fast", "standard", "quality"), "tiles of 96, 64 and 48 pixels"),
    Sweep("tile_size", (32, 48, 64, 96, 128), "side of a tile: how far a line's thick and thin go"),
    Sweep("overlap", (0, 8, 16, 24, 32), "shared pixels: seams, or none"),
    Sweep(
        "iterations",
        (10, 15, 20, 30, 100),
        "steps of the reference solver",
        {"solver": "lanczos"},
    ),
    Sweep("tolerance", (0.003, 0.03, 0.1, 0.3, 1.0), "how exact the field is"),
    Sweep(
        "radii",
        ([1], [1, 2], [1, 2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7, 8]),
        "how far apart pixels are joined",
    ),
    Sweep(
        "radius_weights",
        ([1, 0.1, 0.01, 0, 0, 0], [1, 0.6, 0.4, 0.3, 0.2, 0.1], [1] * 6, [0, 0, 0, 1, 1, 1]),
        "near or far: what each radius counts",
    ),
    Sweep("edge_threshold", (0.02, 0.05, 0.15, 0.4, 1.0), "which colours are neighbours"),
    Sweep("align", ("ramp", "sign", "none"), "where lines are thick and where strokes grow"),
    Sweep("structure_weight", (True, False), "whether tiles without structure count less"),
    Sweep("channel", (1, 2, 3, 4), "which eigenvector drives it"),
    Sweep("shadow_projection", ("diameter", "fixed"), "shadows of strokes"),
    Sweep("percentile", (10, 25, 40, 60, 80), "share of the lines that is left to strokes"),
    Sweep(
        "gate_sharpness",
        (0.3, 1, 3, 10, 100),
        "a soft or a hard border between the two",
        {"low_gate": "shadow"},
    ),
    Sweep("effect_strength", (0, 0.5, 1, 2, 4), "how strong a pass is"),
    Sweep("decay", (1, 0.8, 0.5, 0.2, 0), "what is left of the strength pass by pass"),
    Sweep(
        "scale",
        ("px", "relative"),
        "pixels, or 512ths of the longer side, which here has 256",
        pictures=("balloons", "dither"),
    ),
    Sweep("translation_strength", (0, 5, 15, 40, 100), "how far strokes move"),
    Sweep("shadow_offset", (0, 2, 5, 15, 50), "how far shadows fall"),
    Sweep("min_segment_pixels", (1, 10, 25, 100, 400), "the smallest stroke"),
    Sweep("max_segments", (1, 3, 10, 40, 200), "how many strokes"),
    Sweep("max_segment_size", (8, 24, 64, 96, 128), "the longest stroke"),
    Sweep(
        "background",
        ("#ffffff", "#f0e0c0", "#808080", "#203060", "#000000"),
        "what is seen through transparent pixels",
        pictures=("snail cut out", "coffee cut out"),
    ),
    PhaseSweep("thicken_modulation", (None, 0, 0.3, 0.7, 1), "how far complexity thins lines"),
    PhaseSweep("kernel_sigma_ratio", (None, 0.1, 0.4, 0.8, 2), "how wide a line thickens"),
    PhaseSweep("fill_threshold", (None, 0.02, 0.1, 0.3, 0.8), "how readily a line thickens"),
    PhaseSweep("dilation_radius", (None, 1, 2, 4, 8), "how far a line thickens"),
)

ELSEWHERE: Final = {
    "scope": "scope",
    "solver": "sweep-iterations",
    "contours": "contours",
    "low_gate": "low-gate",
    "overlap_mode": "overlap",
    "envelope": "sweep-dilation_radius",
    "envelope_curve": "envelope",
    "passes": "self-line-art",
}
"""Fields that another sheet shows."""
