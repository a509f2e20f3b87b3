"""What every field of a spec means, with its unit; ranges and defaults are in `worker.wire.config`.

The order is the one in which callers see them.
"""

from typing import Final

from worker.wire.config import PRESETS, RADIUS_WEIGHTS, TOLERANCES

_presets = ", ".join(f"{name} {tile}/{overlap}" for name, (tile, overlap) in PRESETS.items())
_weights = ", ".join(f"{weight:g}" for weight in RADIUS_WEIGHTS)

FIELD: Final = {
    "quality": f"Sets tile_size and overlap (pixels): {_presets}. Each can be set on its own.",
    "tile_size": "Side of a tile in pixels; set by quality when not given.",
    "overlap": "Pixels that neighbouring tiles share, at most tile_size / 2; set by quality when"
    " not given.",
    "scope": "What has a spectrum: every tile, so that thick and thin follow each other along a"
    " line; or the whole image at once, so that one side of it thickens and the other grows"
    " leaves (quality, tile_size and overlap mean nothing then).",
    "solver": "The eigensolver: lobpcg converges and proves it; lanczos is a reference of so many"
    " iterations, with scope tiles only.",
    "iterations": "Iterations of solver lanczos (a count); with no other.",
    "tolerance": "A tile is converged when the sine of the angle between its vector and the exact"
    f" one is proved to be at most this (no unit); when not given, {TOLERANCES['tiles']:g}, or"
    f" {TOLERANCES['image']:g} with scope image, where the image is the tile.",
    "radii": "Radii in pixels within which pixels are joined.",
    "radius_weights": "Weight of each radius (no unit), as many as radii; when not given,"
    f" {_weights} for a radius of 1 to 8.",
    "edge_threshold": "Colour difference (RGB in 0..1) at which a weight has fallen to 1/e.",
    "align": "How the free signs of the tiles' vectors are chosen: ramp each by itself, for thick"
    " and thin in turn; sign all together, for a smooth field, thick here and leaves there; none as"
    " solved, which is chance.",
    "structure_weight": "Whether tiles without structure count less (true or false): else blank"
    " paper is full of slopes.",
    "channel": "Which eigenvector is used (a number): 1, the Fiedler vector, is the calmest; with"
    " 2 to 4 strokes scatter more.",
}
PASSES: Final = "Passes of the shader (a count); a field has none."
RENDER: Final = {
    "render": "Picture of the field: its values, or their ranks, as colours; contours is a line"
    " drawing of the image by its spectrum, which needs scope image and implies it.",
    "background": "Paper of a line drawing: #rrggbb in sRGB, or transparent.",
}
SHADER: Final = {
    "low_gate": "What happens to contours where the gate is low: segments copies strokes into the"
    " voids, shadow tints and displaces the line itself. In cross mode both take their colours"
    " from the source.",
    "overlap_mode": "Where moved segments overlap: the later wins, or their mean.",
    "shadow_projection": "Shadows of segments: by their size, or the same shift for all.",
    "contours": "What is a line: what stands out of the whole image (global, for line art) or of a"
    " 31 pixel window (local, for flat colours) by its brightness; or the outlines of what it"
    " shows, by the spectrum of the whole image, drawn in its own colours (spectral, for"
    " photographs)."
    " auto picks one by the image.",
    "percentile": "Percentile of the field on contours where the gate opens.",
    "gate_sharpness": "Steepness of the gate, per standard deviation of the field. Shadows take"
    " it by degrees; growth and strokes ask only on which side of the gate a line is, and at 0 it"
    " is on neither.",
    "effect_strength": "Strength of the effect (factor).",
    "decay": "Factor on the strength after each pass.",
    "scale": "Unit of lengths: pixels, or the longer side / 512.",
    "translation_strength": "How far copies move, in units of scale.",
    "shadow_offset": "How far shadows fall, in units of scale.",
    "min_segment_pixels": "Smallest segment in pixels (area).",
    "max_segments": "Most segments per pass (a count).",
    "max_segment_size": "Longest side of a segment's box in pixels.",
    "envelope": "Values replaced in the attack, decay, sustain and release phase, in that order;"
    " a pass has one phase (units with each value).",
    "envelope_curve": "How the four phases fall on the passes: hold is one a pass, and beyond four"
    " passes the last; stretch is linear from attack in the first pass to release in the last.",
    "background": "Colour behind transparent pixels, #rrggbb in sRGB.",
}
EXPLAIN: Final = (
    "Whether to keep how each pass came about (true or false): its gate, what it took for lines,"
    " the strokes that it copied and what they were matched to; see /jobs/{id}/explanation."
)
PHASE: Final = {
    "thicken_modulation": "How far complexity thins the thickening (share).",
    "kernel_sigma_ratio": "Sigma of the kernel over its radius (no unit).",
    "fill_threshold": "Selection above which a pixel is filled (no unit).",
    "dilation_radius": "Radius of the kernel in pixels.",
}
