"""The command lines of `itten shade` and `itten field`: an option for each field of the spec."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final, Literal, NoReturn

from service.spec.specs import FieldSpec, ShadeSpec

Kind = Literal["shade", "field"]
DEADLINE_S: Final = 60.0  # nobody else waits for this worker
MAX_DEADLINE_S: Final = 3600.0
FORMATS: Final[dict[Kind, tuple[str, ...]]] = {
    "shade": ("png", "webp", "jpg", "json"),
    "field": ("png", "webp", "jpg", "npz", "svg", "json"),
}
_MODELS: Final[dict[Kind, type[ShadeSpec | FieldSpec]]] = {"shade": ShadeSpec, "field": FieldSpec}
_ABOUT: Final = {
    "shade": "Shade a picture; json is the job document.",
    "field": "Compute the Fiedler field of a picture: as a picture, as arrays (npz), or with"
    " --render contours as a line drawing (svg, which implies it, or a picture).",
}
_KINDS_OF_VALUE = {"integer": "N", "number": "X", "array": "LIST", "boolean": "{true,false}"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line."""
        print(f"itten: {message}; see `{self.prog} --help`", file=sys.stderr)
        sys.exit(2)


def parse_options(kind: Kind, arguments: Sequence[str]) -> argparse.Namespace:
    """The options; those that are fields of the spec are text, or None where not given."""
    return _parser(kind).parse_args(arguments)


def given_fields(kind: Kind, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Name and text of every field of the spec that was given, and this command's deadline."""
    pairs = [(name, getattr(options, name)) for name in _MODELS[kind].model_fields]
    given = {name: text for name, text in pairs if text is not None}
    if options.format == "svg":
        given.setdefault("render", "contours")
    return list(({"deadline_s": str(DEADLINE_S)} | given).items())


def _parser(kind: Kind) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"itten {kind}",
        usage=f"itten {kind} INPUT -o OUTPUT [--FIELD VALUE ...]",
        description=_ABOUT[kind],
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="INPUT", help="image file; - is standard input")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUTPUT",
        help=f"file to write, its ending one of {', '.join(FORMATS[kind])}; - is standard output",
    )
    parser.add_argument(
        "--format", choices=FORMATS[kind], help="instead of what the ending says; png without one"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing but errors and what is missing"
    )
    parser.add_argument("--device", help="auto, cuda or cpu, instead of ITTEN_DEVICE")
    fields = parser.add_argument_group("fields of the spec")
    for name, schema in _MODELS[kind].model_json_schema()["properties"].items():
        fields.add_argument(
            f"--{name.replace('_', '-')}", dest=name, metavar=_metavar(schema), help=_help(schema)
        )
    parser.set_defaults(kind=kind)
    return parser


def _metavar(schema: dict[str, Any]) -> str:
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    choices = schema.get("enum") or [schema["const"]] if "const" in schema else schema.get("enum")
    if choices:
        return f"{{{','.join(choices)}}}"
    return _KINDS_OF_VALUE.get(schema["type"], "TEXT")


def _help(schema: dict[str, Any]) -> str:
    text: str = schema["description"]
    default = schema.get("default")
    if schema["title"] == "Deadline S":
        default = DEADLINE_S
    if isinstance(default, list):
        default = ",".join(map(str, default))
    text += "" if default in (None, "") else f" Default: {str(default).lower()}."
    return text.replace("%", "%%")
