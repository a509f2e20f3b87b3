"""The fields of a `field` spec, most of them shared with `shade`: type, range, default, meaning.

The values that are listed can be asked for; what is planned stands in `service.spec.defaults`.
"""

from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.spec.defaults import PRESETS, RADIUS_WEIGHTS, TOLERANCES
from worker.wire.params import Align, FieldParams


def _whole(value: object) -> object:
    """JSON has one kind of number: 4.0 is the whole number 4."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Radius = Annotated[Whole, Field(ge=1, le=8)]
# The upper end keeps sums of 112 weights exact enough in float32.
Weight = Annotated[float, Field(ge=0, le=1000)]
Scope = Literal["tiles", "image"]
COLOUR = "^#[0-9a-fA-F]{6}$"
PAPER = "^(#[0-9a-fA-F]{6}|transparent)$"


class Spec(BaseModel):
    """What all models of a request share: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Common(Spec):
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
    scope: Scope = Field(
        "tiles",
        description="What has a spectrum: every tile, or the whole image at once, without tiles,"
        " signs and seams (quality, tile_size and overlap mean nothing then).",
    )
    solver: Literal["lobpcg", "lanczos"] = Field(
        "lobpcg",
        description="The eigensolver: lobpcg converges and proves it; lanczos is a reference of"
        " so many iterations, with scope tiles only.",
    )
    iterations: Whole = Field(
        30, ge=1, le=200, description="Iterations of solver lanczos (a count); with no other."
    )
    tolerance: float = Field(
        TOLERANCES["tiles"],
        ge=0.001,
        le=1,
        description="A tile is converged when the sine of the angle between its vector and the"
        " exact one is proved to be at most this (no unit). With scope image the image is the"
        f" tile, and the default is {TOLERANCES['image']:g}.",
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

    @property
    def chosen_scope(self) -> Scope:
        """The scope, also where another field implies it."""
        return self.scope

    @property
    def chosen_tolerance(self) -> float:
        """The tolerance: what was given, else the default of the scope."""
        given = "tolerance" in self.model_fields_set
        return self.tolerance if given else TOLERANCES[self.chosen_scope]

    def conflicts(self) -> list[tuple[str, str]]:
        """Fields that are valid each, but not together: name and message."""
        return [*self._tile_conflicts(), *self._solver_conflicts()]

    def _tile_conflicts(self) -> list[tuple[str, str]]:
        tile, overlap = self.tiling
        found = []
        if overlap > tile // 2:
            found.append(("overlap", f"must be at most half of tile_size {tile}, not {overlap}"))
        if len(self.weights) != len(self.radii):
            found.append(("radius_weights", f"must be {len(self.radii)} numbers, one per radius"))
        if max(self.weights) < 0.001:
            found.append(("radius_weights", "must hold a weight of 0.001 or more"))
        return found

    def _solver_conflicts(self) -> list[tuple[str, str]]:
        found = []
        if self.solver != "lanczos" and "iterations" in self.model_fields_set:
            found.append(("iterations", f"belongs to solver lanczos, not to {self.solver}"))
        if self.solver == "lanczos" and self.chosen_scope == "image":
            found.append(("solver", "must be lobpcg with scope image; lanczos solves tiles only"))
        return found

    def field_params(self) -> FieldParams:
        """What the worker needs to compute the field."""
        tile, overlap = self.tiling
        return FieldParams(
            scope=self.chosen_scope,
            solver=self.solver,
            iterations=self.iterations,
            tile_size=tile,
            overlap=overlap,
            tolerance=self.chosen_tolerance,
            radii=self.radii,
            radius_weights=self.weights,
            edge_threshold=self.edge_threshold,
            align=self.align,
            structure_weight=self.structure_weight,
            channel=self.channel,
        )


class FieldSpec(Common):
    """What `/field` takes."""

    structure_weight: bool = Field(
        False, description="Whether tiles without structure count less (true or false)."
    )
    render: Literal["viridis", "ranks", "contours"] = Field(
        "viridis",
        description="Picture of the field: its values, or their ranks, as colours; contours is a"
        " line drawing of the image by its spectrum, which needs scope image and implies it.",
    )
    background: str = Field(
        "#ffffff",
        pattern=PAPER,
        description="Paper of a line drawing: #rrggbb in sRGB, or transparent.",
    )

    @property
    def is_drawing(self) -> bool:
        """Whether its picture is made of lines."""
        return self.render == "contours"

    @property
    def chosen_scope(self) -> Scope:
        """The scope; a line drawing needs the whole image."""
        given = "scope" in self.model_fields_set
        return "image" if self.is_drawing and not given else self.scope

    def conflicts(self) -> list[tuple[str, str]]:
        """As for every kind, and what a line drawing needs."""
        found = super().conflicts()
        if self.is_drawing and self.chosen_scope != "image":
            found.append(("scope", f"must be image with render contours, not {self.scope}"))
        return found

    def to_params(self) -> FieldParams:
        """The spec as the worker takes it."""
        paper = None if self.background == "transparent" else rgb(self.background)
        return replace(self.field_params(), render=self.render, background=paper)


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as sRGB values 0..255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
