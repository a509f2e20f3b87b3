"""Specs: every field of the contract, its range, its default, and what bad input is told."""

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.problems import BadSpec, Malformed, Problem
from service.spec.specs import Asked, FieldSpec, ShadeSpec, parse_field, parse_shade, schemas
from worker.wire.params import JobParams

# field: (accepted, refused), as the contract lists them
RANGES: dict[str, tuple[list[Any], list[Any]]] = {
    "mode": (["self"], ["cross", "SELF", ""]),
    "passes": ([1, 16, 4.0], [0, 17, 4.5, True, "4", None, 10**400, math.nan, [4]]),
    "quality": (["fast", "standard", "quality"], ["best", 1]),
    "tile_size": ([32, 128], [15, 129, 64.5, False]),
    "overlap": ([0, 32], [-1, 33, 65]),
    "scope": (["tiles", "image"], ["both", "x"]),
    "solver": (["lobpcg", "lanczos"], ["x", ""]),
    "iterations": ([1, 200, 30.0], [0, 201, 1.5, True, "30", None]),
    "tolerance": ([0.001, 1], [0.0009, 1.1, math.nan, "0.1"]),
    "radii": ([[1, 2, 3, 4, 5, 6], [8], [1] * 8], [[], [0], [9], [1.5], [True], "1", {}, [1] * 9]),
    "radius_weights": ([[1, 0, 0, 0, 0, 0]], [[1], [0] * 6, [-1] * 6, [math.inf] * 6, [1e9] * 6]),
    "edge_threshold": ([0.02, 1], [0, 1.1, math.inf]),
    "align": (["sign", "ramp", "none"], ["x", None]),
    "structure_weight": ([True, False], [1, "true", None]),
    "channel": ([1, 4], [0, 5]),
    "low_gate": (["segments", "shadow"], ["x"]),
    "overlap_mode": (["replace", "blend"], ["x"]),
    "shadow_projection": (["diameter", "fixed"], ["x"]),
    "contours": (["auto", "global", "local", "spectral"], ["x"]),
    "percentile": ([0, 100], [-1, 100.5]),
    "gate_sharpness": ([0, 100], [-1, 101]),
    "effect_strength": ([0, 4], [-0.1, 4.1, 10**400, True]),
    "decay": ([0, 1], [-1, 1.1]),
    "scale": (["px", "relative"], ["cm"]),
    "translation_strength": ([0, 200], [-1, 201]),
    "shadow_offset": ([0, 100], [-1, 101]),
    "min_segment_pixels": ([1, 10000], [0, 10001]),
    "max_segments": ([1, 500], [0, 501]),
    "max_segment_size": ([8, 128], [7, 129]),
    "envelope": (
        [[], [{}], [{"fill_threshold": 0.3}, {"dilation_radius": 8, "kernel_sigma_ratio": 0.1}]],
        [{}, [1], [{}] * 5, [{"x": 1}], [{"fill_threshold": 2}], [{"dilation_radius": 0}], "hold"],
    ),
    "envelope_curve": (["hold", "stretch"], ["x"]),
    "explain": ([True, False], [1, "true", None]),
    "background": (["#ffffff", "#0aF3c4"], ["#fff", "white", "#fffffff", "#ffffff\n", 0xFFFFFF]),
    "max_side": ([64, 8192], [63, 8193]),
    "deadline_s": ([0.001, 10], [0, -1, 10.01, 60, math.nan, math.inf, "10"]),
}
RENDERS = ["viridis", "ranks", "contours"]
NEEDS = {"iterations": {"solver": "lanczos"}}  # what a field cannot be given without
OF_FIELD = [*list(RANGES)[: list(RANGES).index("low_gate")], "max_side", "deadline_s"]
Parse = Callable[..., Asked[Any, Any]]


def refusal(parse: Parse, *args: Any, **kwargs: Any) -> BadSpec:
    with pytest.raises(BadSpec) as caught:
        parse(*args, **kwargs)
    return caught.value


def fields_of(problem: BadSpec) -> list[str]:
    return [error.field for error in problem.errors]


def test_the_fields_are_those_of_the_contract() -> None:
    assert set(ShadeSpec.model_fields) == set(RANGES)
    assert set(FieldSpec.model_fields) == {*OF_FIELD, "render", "background"}


@pytest.mark.parametrize(("parse", "name"), [(parse_shade, name) for name in RANGES] + [
    (parse_field, name) for name in OF_FIELD
])  # fmt: skip
def test_range_of_a_field_in_json(parse: Parse, name: str) -> None:
    accepted, refused = RANGES[name]
    others = NEEDS.get(name, {})
    for value in accepted:
        parse([], json.dumps(others | {name: value}).encode())
    for value in refused:
        problem = refusal(parse, [], json.dumps(others | {name: value}).encode())
        assert fields_of(problem) == [name], value
        assert name in problem.detail
        assert len(problem.detail) < 200


@pytest.mark.parametrize("name", list(RANGES))
def test_form_text_means_the_same_as_json(name: str) -> None:
    others = NEEDS.get(name, {})
    for value in RANGES[name][0]:
        text = value if isinstance(value, str) else json.dumps(value)
        in_json = parse_shade([], json.dumps(others | {name: value}).encode())
        assert parse_shade([*others.items(), (name, text)]) == in_json
        assert parse_shade([*others.items(), (name, f" {text} ")]) == in_json


def test_lists_and_switches_as_people_write_them_in_forms() -> None:
    spec = parse_shade(
        [("radii", "1, 2,3"), ("radius_weights", "1,.5,2e-1"), ("structure_weight", "off")]
    )
    assert spec.params.field.radii == (1, 2, 3)
    assert spec.params.field.radius_weights == (1, 0.5, 0.2)
    assert not spec.params.field.structure_weight


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("passes", "four"),
        ("passes", ""),
        ("passes", "٤"),
        ("passes", "1_0"),
        ("passes", "0x4"),
        ("passes", "nan"),
        ("passes", "9" * 4000),
        ("passes", "1e400"),
        ("passes", "4\0"),
        ("decay", "inf"),
        ("decay", "1e-400 1"),
        ("structure_weight", "maybe"),
        ("radii", ""),
        ("radii", "1,,2"),
        ("radii", "[1,2"),
        ("radii", "[" * 4000),
        ("radii", "[\ud800]"),
        ("envelope", "attack"),
        ("envelope", '[{"fill_threshold": 0.1, "fill_threshold": 0.2}]'),
        ("align", "\ud800"),
        ("background", "x" * 10**6),
    ],
)
def test_bad_form_text_is_named(name: str, text: str) -> None:
    problem = refusal(parse_shade, [(name, text)])
    assert fields_of(problem) in ([name], ["fill_threshold"])
    assert len(problem.detail) < 300
    json.dumps(problem.to_document(), ensure_ascii=False).encode()


def test_defaults_are_those_of_the_contract() -> None:
    shade = parse_shade([]).params
    assert (shade.passes, shade.field.tile_size, shade.field.overlap) == (4, 64, 16)
    assert shade.field.radii == (1, 2, 3, 4, 5, 6)
    assert shade.field.radius_weights == (1.0, 0.6, 0.4, 0.3, 0.2, 0.1)
    assert (shade.field.tolerance, shade.field.edge_threshold) == (0.03, 0.15)
    assert shade.field.structure_weight
    assert (shade.percentile, shade.gate_sharpness, shade.effect_strength) == (40, 3, 1)
    assert (shade.translation_strength, shade.shadow_offset) == (15, 5)
    assert (shade.min_segment_pixels, shade.max_segments, shade.max_segment_size) == (25, 40, 64)
    assert [phase.dilation_radius for phase in shade.envelope] == [3, 2, 2, 1]
    assert shade.background == (255, 255, 255)
    spec = parse_field([])
    field = spec.params
    assert (field.align, field.structure_weight, field.render) == ("sign", False, "viridis")
    assert (spec.deadline_s, spec.max_side) == (10, None)


def test_the_rules_between_fields_are_those_of_the_config() -> None:
    assert fields_of(refusal(parse_shade, [("tile_size", "16"), ("overlap", "9")])) == ["overlap"]
    many = [("radii", "1,2"), ("radius_weights", "1,1,1"), ("iterations", "3"), ("mode", "cross")]
    assert set(fields_of(refusal(parse_shade, many))) == {"radius_weights", "iterations", "mode"}


def test_a_whole_number_may_be_written_as_any_number_deep_inside() -> None:
    spec = parse_shade([], b'{"radii": [1, 2.0], "envelope": [{"dilation_radius": 8.0}]}')
    assert spec.config.radii == (1, 2)
    assert spec.params.envelope[0].dilation_radius == 8


def test_a_value_that_does_not_exist_is_told_those_that_do() -> None:
    (error,) = refusal(parse_shade, [("scope", "both")]).errors
    assert error == ("scope", "must be 'tiles' or 'image', not 'both'")


def test_the_mode_goes_with_the_number_of_images() -> None:
    assert parse_shade([("mode", "self")]) == parse_shade([])
    assert parse_shade([("mode", "cross")], has_source=True) == parse_shade([], has_source=True)
    assert parse_shade([], b'{"mode": null}') == parse_shade([])
    (error,) = refusal(parse_shade, [("mode", "cross")]).errors
    assert error.field == "mode"
    assert "source" in error.message
    assert fields_of(refusal(parse_shade, [("mode", "self")], has_source=True)) == ["mode"]
    shadow = parse_shade([("low_gate", "shadow")], has_source=True)
    assert shadow.params.low_gate == "shadow"


def test_a_field_is_of_one_image() -> None:
    assert parse_field([("mode", "self")]) == parse_field([])
    assert fields_of(refusal(parse_field, [], has_source=True)) == ["source"]
    assert fields_of(refusal(parse_field, [("mode", "cross")])) == ["mode"]


def test_iterations_belong_to_lanczos_which_solves_tiles() -> None:
    params = parse_field([("solver", "lanczos"), ("iterations", "50")]).params
    assert (params.solver, params.iterations) == ("lanczos", 50)
    assert parse_field([("solver", "lanczos")]).params.iterations == 30
    for parse in (parse_shade, parse_field):
        for solver in ([], [("solver", "lobpcg")]):
            (error,) = refusal(parse, [*solver, ("iterations", "30")]).errors
            assert error.field == "iterations"
            assert "lanczos" in error.message
        problem = refusal(parse, [("solver", "lanczos"), ("scope", "image")])
        assert fields_of(problem) == ["solver"]


def test_the_whole_image_has_a_tolerance_of_its_own_unless_one_is_given() -> None:
    image = [("scope", "image")]
    assert parse_shade(image).params.field.scope == "image"
    assert parse_shade(image).params.field.tolerance == 0.1
    for text in ("0.03", "0.2"):
        given = parse_field([*image, ("tolerance", text)]).params
        assert given.tolerance == float(text)
    assert parse_field([]).params.tolerance == 0.03


def test_a_line_drawing_implies_the_whole_image() -> None:
    drawing = [("render", "contours")]
    params = parse_field(drawing).params
    assert (params.scope, params.render, params.tolerance) == ("image", "contours", 0.1)
    assert parse_field([*drawing, ("scope", "image")]).params == params
    assert fields_of(refusal(parse_field, [*drawing, ("scope", "tiles")])) == ["scope"]
    assert fields_of(refusal(parse_field, [*drawing, ("solver", "lanczos")])) == ["solver"]
    assert parse_field([("render", "ranks")]).params.scope == "tiles"


@pytest.mark.parametrize("render", RENDERS)
def test_the_paper_of_a_drawing_is_a_colour_or_nothing(render: str) -> None:
    def paper(text: str) -> tuple[int, int, int] | None:
        return parse_field([("render", render), ("background", text)]).params.background

    assert parse_field([("render", render)]).params.background == (255, 255, 255)
    assert paper("#0aF3c4") == (10, 243, 196)
    assert paper("transparent") is None
    (error,) = refusal(parse_field, [("background", "white")]).errors
    assert error.message == "must look like #rrggbb or be transparent, not 'white'"
    assert fields_of(refusal(parse_shade, [("background", "transparent")])) == ["background"]


def test_unknown_fields_are_refused_by_name_with_a_guess() -> None:
    problem = refusal(parse_shade, [("pases", "3")], b'{"render": "viridis"}')
    assert {error.field: error.message for error in problem.errors} == {
        "pases": "is not a field of this spec; did you mean passes?",
        "render": "is not a field of this spec",
    }
    assert fields_of(refusal(parse_field, [("low_gate", "shadow")])) == ["low_gate"]
    (error,) = refusal(parse_shade, [], b'{"source": "b.png"}').errors
    assert error == ("source", "is an image; send it as a file part of this name")


def test_a_field_is_given_once() -> None:
    assert fields_of(refusal(parse_shade, [("passes", "1"), ("passes", "1")])) == ["passes"]
    assert fields_of(refusal(parse_shade, [("passes", "1")], b'{"passes": 1}')) == ["passes"]
    assert fields_of(refusal(parse_shade, [], b'{"decay": 1, "decay": 1}')) == ["decay"]
    assert parse_shade([("passes", "2")], b'{"decay": 0}').params.passes == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"passes=4",
        b"{'passes': 4}",
        b"\xff\xfe{\x00}\x00",
        b"\xff",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"passes": ' + b"9" * 5000 + b"}",
        b'{"align": "\\ud800"}',
        b'{"\\ud800": 1}',
        b" " * 10**6 + b"{}",
    ],
)
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_shade([], data)
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize("data", [b"[]", b"null", b"4", b'"' + b"x" * 60_000 + b'"', b"NaN"])
def test_json_that_is_no_object_is_refused(data: bytes) -> None:
    assert fields_of(refusal(parse_shade, [], data)) == ["spec"]


def test_a_byte_order_mark_is_no_harm() -> None:
    assert parse_shade([], b'\xef\xbb\xbf{"passes": 2}').params.passes == 2


def test_answers_to_absurd_input_stay_short() -> None:
    many = json.dumps({f"{i}" * 9 + "\u202e\n": "x" * 9 for i in range(1000)}).encode()
    for problem in (
        refusal(parse_shade, [], many),
        refusal(parse_shade, [("k" * 10**6, "v" * 10**6)]),
        refusal(parse_shade, [("align", "v" * 4000)]),
    ):
        body = json.dumps(problem.to_document())
        assert len(body) < 8000
        assert "\u202e" not in problem.detail
        assert "\n" not in problem.detail


def test_deadline_has_the_limit_of_the_settings() -> None:
    assert parse_shade([], max_deadline_s=2.5).deadline_s == 2.5
    assert fields_of(refusal(parse_shade, [("deadline_s", "3")], max_deadline_s=2.5)) == [
        "deadline_s"
    ]
    assert parse_field([("deadline_s", "20")], max_deadline_s=30).deadline_s == 20


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


# Building tables of characters is slow once, on a cold machine.
slow_start = settings(suppress_health_check=[HealthCheck.too_slow])


def check(problem: Problem) -> None:
    assert problem.status in (400, 422)
    json.dumps(problem.to_document(), ensure_ascii=False).encode()


@slow_start
@given(values=st.dictionaries(st.sampled_from([*RANGES, "render", "x"]), json_values, max_size=4))
def test_any_json_gives_valid_params_or_a_problem(values: dict[str, Any]) -> None:
    for parse in (parse_shade, parse_field):
        try:
            params = parse([], json.dumps(values).encode()).params
        except Problem as problem:
            check(problem)
        else:
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(params), type=JobParams) == params


@slow_start
@given(pairs=st.lists(st.tuples(st.sampled_from([*RANGES, "x"]), st.text(max_size=30)), max_size=4))
def test_any_text_gives_valid_params_or_a_problem(pairs: list[tuple[str, str]]) -> None:
    try:
        parse_shade(pairs)
    except Problem as problem:
        check(problem)


def test_the_envelope_says_what_its_phases_are() -> None:
    found = schemas()
    phases = found["ShadeSpec"]["properties"]["envelope"]["x-phases"]
    assert list(phases) == ["attack", "decay", "sustain", "release"]
    values = found["PhaseSpec"]["properties"]
    for phase in phases.values():
        assert phase.keys() == values.keys()
        for name, value in phase.items():
            limits = values[name]["anyOf"][0]
            assert limits["minimum"] <= value <= limits["maximum"]


def test_schemas_describe_every_field_and_resolve() -> None:
    found = schemas(max_deadline_s=7)
    assert set(found) == {"ShadeSpec", "FieldSpec", "PhaseSpec"}
    for schema in found.values():
        assert schema["additionalProperties"] is False
        for name, each in schema["properties"].items():
            assert len(each["description"]) > 10, name
    assert found["ShadeSpec"]["properties"]["deadline_s"]["maximum"] == 7
    items = found["ShadeSpec"]["properties"]["envelope"]["items"]
    assert items == {"$ref": "#/components/schemas/PhaseSpec"}
    assert ShadeSpec.model_fields["deadline_s"].default == 10  # a limit changes no other schema
    passes = found["FieldSpec"]["properties"]["passes"]
    assert (passes["minimum"], passes["maximum"], passes["default"]) == (1, 16, 4)
    assert found["ShadeSpec"]["properties"]["radii"]["items"]["maximum"] == 8
