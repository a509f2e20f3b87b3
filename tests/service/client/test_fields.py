"""The keyword arguments are the fields of the spec: the same names, the same types."""

import subprocess
import sys
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from service.client.fields import FieldFields, Phase, ShadeFields
from service.client.results import Layer
from service.pictures.layers import LAYERS
from service.spec.fields import FieldSpec, PhaseSpec, ShadeSpec


def plain(hint: Any) -> Any:
    """A type without ranges, its tuples and models as callers write them."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return plain(arguments[0])
    if origin is tuple:
        return Sequence[plain(arguments[0])]
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(map(plain, arguments))]  # noqa: UP007
    return Phase if hint is PhaseSpec else hint


@pytest.mark.parametrize(
    ("fields", "model"),
    [(ShadeFields, ShadeSpec), (FieldFields, FieldSpec), (Phase, PhaseSpec)],
)
def test_they_are_those_of_the_spec(fields: type, model: type[BaseModel]) -> None:
    asked = {name: plain(each.annotation) for name, each in model.model_fields.items()}
    assert typing.get_type_hints(fields) == asked


def test_so_are_the_layers_of_an_explanation() -> None:
    assert typing.get_args(Layer) == LAYERS


WRONG = """
from service.client import Itten
with Itten() as itten:
    itten.shade("a.png", pases=2)
    itten.shade("a.png", passes="2")
    itten.field("a.png", low_gate="shadow")
    itten.field("a.png", render="contour")
    itten.submit("shades", "a.png")
    itten.shade("a.png", envelope=[{"dilation": 2}])
    itten.shade("a.png", source=b"", passes=2, envelope=[{"dilation_radius": 2}]).save("b.png")
    itten.submit("field", "a.png", render="contours").result().status
"""


def test_a_type_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(WRONG)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        "pyproject.toml",
        "--no-error-summary",
    ]
    ended = subprocess.run(
        [*command, str(tmp_path / "script.py")], capture_output=True, text=True, check=False
    )
    lines = [int(each.split(":")[1]) for each in ended.stdout.splitlines() if ": error:" in each]
    assert sorted(set(lines)) == [4, 5, 6, 7, 8, 9], ended.stdout
