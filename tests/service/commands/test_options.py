"""The options of a command: one for each field, and the service's words where one is wrong."""

import pytest

from service.commands.options import DEADLINE_S, FORMATS, Kind, given_fields, parse_options
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
    for name in model.model_fields:
        assert f"--{name.replace('_', '-')} " in said
    assert str(DEADLINE_S) in said
    assert all(each in said for each in FORMATS[kind])


@pytest.mark.parametrize("kind", ["shade", "field"])
def test_what_is_given_is_what_the_spec_gets(kind: Kind) -> None:
    options = parse_options(
        kind,
        ["in.png", "-o", "out.png", "--tile-size", "32", "--radii", "1,2", "--deadline-s=5"],
    )
    pairs = given_fields(kind, options)
    assert dict(pairs) == {"tile_size": "32", "radii": "1,2", "deadline_s": "5"}
    spec = (parse_shade if kind == "shade" else parse_field)(pairs)
    assert (spec.tile_size, spec.radii, spec.deadline_s) == (32, (1, 2), 5)


def test_the_deadline_is_longer_than_a_request_may_ask_for() -> None:
    options = parse_options("shade", ["in.png", "-o", "out.png"])
    assert float(dict(given_fields("shade", options))["deadline_s"]) == DEADLINE_S > 10


def test_an_svg_is_a_line_drawing() -> None:
    for extra, render in (([], "contours"), (["--render", "ranks"], "ranks")):
        options = parse_options("field", ["in.png", "-o", "-", "--format", "svg", *extra])
        assert dict(given_fields("field", options))["render"] == render


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["in.png"],
        ["in.png", "-o"],
        ["in.png", "-o", "out.png", "--pases", "3"],
        ["in.png", "-o", "out.png", "--pass", "3"],  # no guessing: a later field may be longer
        ["in.png", "-o", "out.png", "--format", "gif"],
        ["in.png", "other.png", "-o", "out.png"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse_options("shade", arguments)
    assert left.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("itten: ")
