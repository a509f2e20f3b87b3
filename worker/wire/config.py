"""What can be asked for: every field of a spec with its range, its default, and what it comes to.

Whoever takes a spec takes it from here: the service, the command line and the library. A value of
None is chosen by other fields; the rules between fields are `_conflicts`.
"""

import functools
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from worker.refusals import refusal
from worker.wire.params import Align, Contours, FieldParams, ShadeParams
from worker.wire.phases import PhaseConfig, Radius, Share, envelope

# quality: (tile_size, overlap) in pixels
PRESETS: Final = {"fast": (96, 8), "standard": (64, 16), "quality": (48, 24)}
# The sine of an angle. The modes of a whole image are crowded, and 0.1 is |cos| >= 0.995.
TOLERANCES: Final = {"tiles": 0.03, "image": 0.1}  # by scope
RADIUS_WEIGHTS: Final = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1)  # of radius 1, 2, ... 8
LEAST_WEIGHT: Final = 0.001  # of the heaviest radius
COLOUR: Final = "^#[0-9a-fA-F]{6}$"
PAPER: Final = "^(#[0-9a-fA-F]{6}|transparent)$"

# The upper end keeps sums of 112 weights exact enough in float32.
Weight = Annotated[float, Meta(ge=0, le=1000)]


class _Common(msgspec.Struct, frozen=True, kw_only=True):
    """The field of an image, for itself or for the shader to follow."""

    align: Align
    structure_weight: bool
    quality: Literal["fast", "standard", "quality"] = "standard"
    tile_size: Annotated[int, Meta(ge=16, le=128)] | None = None  # pixels; by quality
    overlap: Annotated[int, Meta(ge=0, le=64)] | None = None  # pixels; by quality
    scope: Literal["tiles", "image"] = "tiles"
    solver: Literal["lobpcg", "lanczos"] = "lobpcg"
    iterations: Annotated[int, Meta(ge=1, le=200)] = 30  # of lanczos
    tolerance: Annotated[float, Meta(ge=0.001, le=1)] | None = None  # sine of an angle; by scope
    radii: Annotated[tuple[Radius, ...], Meta(min_length=1, max_length=8)] = (1, 2, 3, 4, 5, 6)
    radius_weights: Annotated[tuple[Weight, ...], Meta(min_length=1, max_length=8)] | None = None
    edge_threshold: Annotated[float, Meta(ge=0.02, le=1)] = 0.15
    channel: Annotated[int, Meta(ge=1, le=4)] = 1


class FieldConfig(_Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job of kind field."""

    align: Align = "sign"
    structure_weight: bool = False
    render: Literal["viridis", "ranks", "contours"] = "viridis"
    background: Annotated[str, Meta(pattern=PAPER)] = "#ffffff"


class ShadeConfig(_Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job of kind shade."""

    align: Align = "ramp"
    structure_weight: bool = True
    passes: Annotated[int, Meta(ge=1, le=16)] = 4
    low_gate: Literal["segments", "shadow"] = "segments"
    overlap_mode: Literal["replace", "blend"] = "replace"
    shadow_projection: Literal["diameter", "fixed"] = "diameter"
    contours: Contours = "auto"
    percentile: Annotated[float, Meta(ge=0, le=100)] = 40.0
    gate_sharpness: Annotated[float, Meta(ge=0, le=100)] = 3.0
    effect_strength: Annotated[float, Meta(ge=0, le=4)] = 1.0
    decay: Share = 1.0
    scale: Literal["px", "relative"] = "px"
    translation_strength: Annotated[float, Meta(ge=0, le=200)] = 15.0
    shadow_offset: Annotated[float, Meta(ge=0, le=100)] = 5.0
    min_segment_pixels: Annotated[int, Meta(ge=1, le=10_000)] = 25
    max_segments: Annotated[int, Meta(ge=1, le=500)] = 40
    max_segment_size: Annotated[int, Meta(ge=8, le=128)] = 64  # pixels
    envelope: Annotated[tuple[PhaseConfig, ...], Meta(max_length=4)] = ()
    envelope_curve: Literal["hold", "stretch"] = "hold"
    background: Annotated[str, Meta(pattern=COLOUR)] = "#ffffff"


class BadConfig(ValueError):
    """Values that are no config; `errors` has a name and a message for each that is wrong."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(f"{name}: {message}" for name, message in self.errors))


Config = TypeVar("Config", FieldConfig, ShadeConfig)


def read_shade_config(values: Mapping[str, object]) -> ShadeConfig:
    """Check the values that were given for a shading job; the rest are defaults.

    Raises:
        BadConfig: unknown names, wrong types, values out of range or at odds with each other.
    """
    return _read(ShadeConfig, values)


def read_field_config(values: Mapping[str, object]) -> FieldConfig:
    """The same for a field; a line drawing implies the whole image."""
    if values.get("render") == "contours":
        values = {"scope": "image"} | dict(values)
    return _read(FieldConfig, values)


def shade_params(config: ShadeConfig) -> ShadeParams:
    """What the worker needs to shade; `config` has been read, not just made."""
    same = set(ShadeParams.__struct_fields__) - {"field", "envelope", "background"}
    return ShadeParams(
        field=_field_params(config),
        envelope=envelope(
            config.envelope, config.passes, stretched=config.envelope_curve == "stretch"
        ),
        background=rgb(config.background),
        **{name: getattr(config, name) for name in same},
    )


def field_params(config: FieldConfig) -> FieldParams:
    """What the worker needs to compute a field; as `shade_params`."""
    paper = None if config.background == "transparent" else rgb(config.background)
    return replace(_field_params(config), render=config.render, background=paper)


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as sRGB values 0..255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


@functools.cache
def field_types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The type of each field, with its range as `Meta`."""
    return typing.get_type_hints(kind, include_extras=True)


def convert_fields(
    kind: type[msgspec.Struct], values: Mapping[str, object]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Values as the fields of a config are, and what is wrong with the others."""
    types, read, errors = field_types(kind), {}, []
    for name, value in values.items():
        if name not in types:
            errors.append((name, f"is not known; there are {', '.join(types)}"))
            continue
        try:
            read[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError as error:
            place, message = refusal(error, types[name])
            errors.append((name + place, message))
    return read, errors


def _read(kind: type[Config], values: Mapping[str, object]) -> Config:
    read, errors = convert_fields(kind, values)
    if not errors:
        config = kind(**read)
        errors = list(_conflicts(config, read))
    if errors:
        raise BadConfig(errors)
    return config


def _conflicts(
    config: FieldConfig | ShadeConfig, given: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Fields that are valid each, but not together: name and message."""
    (tile, overlap), weights = _tiling(config), _weights(config)
    if overlap > tile // 2:
        yield "overlap", f"must be at most half of tile_size {tile}, not {overlap}"
    if len(weights) != len(config.radii):
        yield "radius_weights", f"must be {len(config.radii)} numbers, one per radius"
    elif max(weights) < LEAST_WEIGHT:
        yield "radius_weights", f"must hold a weight of {LEAST_WEIGHT} or more"
    if config.solver != "lanczos" and "iterations" in given:
        yield "iterations", f"belongs to solver lanczos, not to {config.solver}"
    if config.solver == "lanczos" and config.scope == "image":
        yield "solver", "must be lobpcg with scope image; lanczos solves tiles only"
    if isinstance(config, FieldConfig) and config.render == "contours" and config.scope != "image":
        yield "scope", f"must be image with render contours, not {config.scope}"


def _tiling(config: _Common) -> tuple[int, int]:
    """Side and overlap of the tiles in pixels."""
    tile, overlap = PRESETS[config.quality]
    tile = config.tile_size or tile
    return tile, min(overlap, tile // 2) if config.overlap is None else config.overlap


def _weights(config: _Common) -> tuple[float, ...]:
    """One weight per radius."""
    return config.radius_weights or tuple(RADIUS_WEIGHTS[r - 1] for r in config.radii)


def _field_params(config: _Common) -> FieldParams:
    tile, overlap = _tiling(config)
    tolerance = config.tolerance
    return FieldParams(
        scope=config.scope,
        solver=config.solver,
        iterations=config.iterations,
        tile_size=tile,
        overlap=overlap,
        tolerance=TOLERANCES[config.scope] if tolerance is None else tolerance,
        radii=config.radii,
        radius_weights=_weights(config),
        edge_threshold=config.edge_threshold,
        align=config.align,
        structure_weight=config.structure_weight,
        channel=config.channel,
    )
