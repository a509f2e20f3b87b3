"""The options of a command: one for each field, and the service's words where one is wrong."""

import pytest

from service.commands.option_texts import FORMATS, field_help, metavar
from service.commands.options import Kind, given_fields, parse_options
from service.spec.specs import FieldSpec, ShadeSpec, parse_field, parse_shade

KINDS = [("shade", ShadeSpec), ("field", FieldSpec)]


@pytest.mark.parametrize(("kind", "model"), KINDS)
def test_every_field_is_an_option_with_its_help(
    kind: Kind, model: type, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse_options(kind, ["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    silent = {"mode", "passes"} if kind == "field" else set()  # they mean nothing there
    for name in set(model.model_fields) - silent:
        assert f"--{name.replace('_', '-')} " in said
    for name in ("--deadline", "--overwrite", "--url", "--device", "--quiet", "-o", "-q"):
        assert f" {name} " in said
    assert all(each in said for each in FORMATS[kind])


def test_the_help_says_range_and_default() -> None:
    schema = ShadeSpec.model_json_schema()["properties"]
    assert field_help(schema["passes"]).endswith("1 to 16, default 4.")
    assert field_help(schema["tile_size"]).endswith("16 to 128.")
    assert field_help(schema["overlap_mode"]).endswith("Default replace.")
    assert metavar(schema["passes"]) == "N"
    assert metavar(schema["overlap_mode"]) == "replace|blend"
    assert metavar(schema["structure_weight"]) == "true|false"
    assert metavar(schema["mode"]) == "self|cross"
    assert metavar(schema["envelope"]) == "JSON"


@pytest.mark.parametrize("kind", ["shade", "field"])
def test_what_is_given_is_what_the_spec_gets(kind: Kind) -> None:
    options = parse_options(
        kind,
        ["in.png", "-o", "out.png", "--tile-size", "32", "--radii", "1,2", "--deadline-s=5"],
    )
    pairs = given_fields(kind, options)
    assert dict(pairs) == {"tile_size": "32", "radii": "1,2", "deadline_s": "5"}
    asked = (parse_shade if kind == "shade" else parse_field)(pairs)
    assert (asked.config.tile_size, asked.config.radii, asked.deadline_s) == (32, (1, 2), 5)


def test_the_short_names() -> None:
    options = parse_options("shade", ["a.png", "-p4", "-q", "quality", "--deadline", "10"])
    assert dict(given_fields("shade", options)) == {
        "passes": "4",
        "quality": "quality",
        "deadline_s": "10",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.png", "b.png", "-o", "out.png"],
        ["-o", "out.png", "a.png", "b.png"],
        ["a.png", "-o", "out.png", "b.png"],
        ["a.png", "--low-gate", "shadow", "-oout.png", "b.png", "--quiet"],
    ],
)
def test_target_and_source_may_stand_anywhere(arguments: list[str]) -> None:
    options = parse_options("shade", arguments)
    assert (options.target, options.source, options.output) == ("a.png", "b.png", "out.png")


def test_only_a_service_keeps_explanations(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options("shade", ["a.png", "--explain", "true"])
    assert "--url" in capsys.readouterr().err
    options = parse_options("shade", ["a.png", "--explain", "true", "--url", "http://host"])
    assert given_fields("shade", options) == [("explain", "true")]


def test_one_picture_is_enough() -> None:
    options = parse_options("shade", ["a.png"])
    assert (options.source, options.output, options.format, options.overwrite) == (
        None,
        None,
        None,
        False,
    )


def test_an_svg_is_a_line_drawing() -> None:
    for extra, render in (([], "contours"), (["--render", "ranks"], "ranks")):
        options = parse_options("field", ["in.png", "-o", "-", "--format", "svg", *extra])
        assert dict(given_fields("field", options))["render"] == render


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("shade", []),
        ("shade", ["in.png", "-o"]),
        ("shade", ["in.png", "--pases", "3"]),
        ("shade", ["in.png", "--pass", "3"]),  # no guessing: a later field may be longer
        ("shade", ["in.png", "--format", "gif"]),
        ("shade", ["in.png", "other.png", "third.png"]),
        ("shade", ["in.png", "--url", "http://host", "--device", "cpu"]),
        ("shade", ["-"]),
        ("shade", ["-", "-", "-o", "out.png"]),
        ("field", ["in.png", "other.png"]),
        ("field", ["in.png", "--save-passes", "passes"]),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    kind: Kind, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse_options(kind, arguments)
    assert left.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("itten: ")
