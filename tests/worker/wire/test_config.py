"""Defaults, ranges and rules of a spec, and what they come to for the worker."""

from typing import Any

import msgspec
import pytest

from worker.wire.config import (
    BadConfig,
    FieldConfig,
    ShadeConfig,
    field_params,
    read_field_config,
    read_shade_config,
    rgb,
    shade_params,
)
from worker.wire.params import FieldParams, JobParams, PhaseParams, ShadeParams


def shading(**values: object) -> ShadeParams:
    return shade_params(read_shade_config(values))


def field(**values: object) -> FieldParams:
    return field_params(read_field_config(values))


def refused(read: Any, **values: object) -> list[str]:
    with pytest.raises(BadConfig) as caught:
        read(values)
    names = [name for name, _ in caught.value.errors]
    assert all(name in str(caught.value) for name in names)
    return names


def test_nothing_given_is_the_defaults_of_the_structs() -> None:
    assert read_shade_config({}) == ShadeConfig()
    assert read_field_config({}) == FieldConfig()
    assert (ShadeConfig().align, ShadeConfig().structure_weight) == ("ramp", True)
    assert (FieldConfig().align, FieldConfig().structure_weight) == ("sign", False)


@pytest.mark.parametrize("params", [shading(), field(), shading(envelope_curve="stretch")])
def test_params_cross_the_wire_as_they_are(params: JobParams) -> None:
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(params), type=JobParams)
    assert decoded == params
    for name in params.__struct_fields__:
        assert type(getattr(decoded, name)) is type(getattr(params, name)), name


def test_quality_sets_the_tiles_and_explicit_values_win() -> None:
    def tiling(**values: object) -> tuple[int, int]:
        params = field(**values)
        return params.tile_size, params.overlap

    assert tiling(quality="fast") == (96, 8)
    assert tiling(quality="standard") == tiling() == (64, 16)
    assert tiling(quality="quality") == (48, 24)
    assert tiling(quality="fast", tile_size=48) == (48, 8)
    assert tiling(quality="fast", overlap=48) == (96, 48)
    assert tiling(tile_size=17) == (17, 8)
    assert tiling(overlap=0) == (64, 0)
    assert refused(read_field_config, tile_size=16, overlap=9) == ["overlap"]


def test_weights_follow_the_radii() -> None:
    assert field(radii=[2, 8]).radius_weights == (0.6, 0.1)
    assert field(radii=[2], radius_weights=[3]).radius_weights == (3.0,)
    assert refused(read_field_config, radii=[1, 2], radius_weights=[1, 1, 1]) == ["radius_weights"]
    assert refused(read_field_config, radii=[1, 2], radius_weights=[0, 0]) == ["radius_weights"]


def test_the_tolerance_follows_the_scope_unless_it_is_given() -> None:
    assert (field().tolerance, field(scope="image").tolerance) == (0.03, 0.1)
    assert field(scope="image", tolerance=0.03).tolerance == 0.03


def test_a_line_drawing_implies_the_whole_image() -> None:
    assert field(render="contours").scope == "image"
    assert refused(read_field_config, render="contours", scope="tiles") == ["scope"]
    assert refused(read_field_config, render="contours", solver="lanczos") == ["solver"]


def test_iterations_belong_to_lanczos_which_belongs_to_tiles() -> None:
    assert field(solver="lanczos", iterations=7).iterations == 7
    assert refused(read_shade_config, iterations=7) == ["iterations"]
    assert refused(read_shade_config, solver="lanczos", scope="image") == ["solver"]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = {"pases": 3, "passes": 17, "decay": float("nan"), "envelope": [{"x": 1}], "align": None}
    names = ["pases", "passes", "decay", "envelope[0].x", "align"]
    assert refused(read_shade_config, **wrong) == names
    assert refused(read_shade_config, render="ranks") == ["render"]
    assert refused(read_field_config, passes=4) == ["passes"]


def test_colours_are_bytes_and_paper_may_be_nothing() -> None:
    assert rgb("#0aF3c4") == (10, 243, 196)
    assert shading(background="#0aF3c4").background == (10, 243, 196)
    assert field(background="transparent").background is None
    for colour in ("white", "#fff", "transparent", "#ff ff ff"):
        assert refused(read_shade_config, background=colour) == ["background"]


def test_an_envelope_replaces_single_values_of_a_phase() -> None:
    default = shading().envelope
    changed = shading(envelope=[{}, {"fill_threshold": 0.5}]).envelope
    assert changed[1] == msgspec.structs.replace(default[1], fill_threshold=0.5)
    assert changed[::2] == default[::2]
    assert [phase.dilation_radius for phase in default] == [3, 2, 2, 1]


@pytest.mark.parametrize("passes", [1, 4, 9])
def test_held_there_are_four_phases_however_many_passes(passes: int) -> None:
    assert shading(passes=passes).envelope == shading().envelope


def test_stretched_over_four_passes_they_are_those_that_are_held() -> None:
    changes: dict[str, Any] = {"envelope": [{"dilation_radius": 7}, {"thicken_modulation": 0.9}]}
    stretched = shading(passes=4, envelope_curve="stretch", **changes).envelope
    assert stretched == shading(**changes).envelope


@pytest.mark.parametrize("passes", range(1, 17))
def test_stretched_they_go_evenly_from_attack_to_release(passes: int) -> None:
    phases = shading(passes=passes, envelope_curve="stretch").envelope
    held = shading().envelope
    assert len(phases) == passes
    assert phases[0] == held[0]
    if passes == 1:
        return
    assert phases[-1] == held[-1]
    for name in PhaseParams.__struct_fields__:
        values = [getattr(phase, name) for phase in phases]
        assert values == sorted(values, reverse=values[0] > values[-1]), name
        corners = [getattr(phase, name) for phase in held]
        middle = _linear(corners, 3 * (passes // 2) / (passes - 1))
        assert values[passes // 2] == pytest.approx(middle), name


def _linear(corners: list[float], position: float) -> float:
    before = min(int(position), 2)
    share = position - before
    return (1 - share) * corners[before] + share * corners[before + 1]
