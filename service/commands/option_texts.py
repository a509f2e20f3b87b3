"""What `--help` says."""

from typing import Any, Final, NamedTuple

FORMATS: Final = {
    "shade": ("png", "webp", "jpg", "json"),
    "field": ("png", "webp", "jpg", "npz", "svg", "json"),
}
_KINDS_OF_VALUE: Final = {"integer": "N", "number": "X", "array": "LIST"}


class About(NamedTuple):
    """The texts of one command."""

    usage: str
    description: str
    fields: str  # heading of the fields of the spec
    suffix: str  # of the file that is written when none is named
    examples: str


ABOUT: Final = {
    "shade": About(
        usage="itten shade TARGET [SOURCE] [-o FILE] [OPTION ...]",
        description="Shade a picture by its own spectrum, or with strokes of a second picture.",
        fields="how it is shaded",
        suffix="shaded",
        examples="""\
examples:
  itten shade photo.png                          writes photo-shaded.png
  itten shade photo.png -o out.webp -p 2         two passes, as WebP
  itten shade drawing.png leaves.png -o out.png  the drawing, with strokes of the leaves
  itten shade photo.png --save-passes passes     also passes/photo-pass-1.png, ...
  itten shade photo.png --deadline 10            what there is after ten seconds
  itten shade photo.png --resume photo.work      said again, it goes on where that ended
  itten shade photo.png --url http://host:8000   the same, computed there

Exit status: 0 for a picture, also a partial one; 1 when something failed; 2 when what was asked
for cannot work; 130 after Ctrl-C.""",
    ),
    "field": About(
        usage="itten field TARGET [-o FILE] [OPTION ...]",
        description="Compute the Fiedler field of a picture: as a picture, as arrays (npz), or with"
        " --render\ncontours as a line drawing (svg, which implies it, or a picture).",
        fields="how it is computed",
        suffix="field",
        examples="""\
examples:
  itten field photo.png                          writes photo-field.png
  itten field photo.png -o field.npz             vectors, and a certificate per tile
  itten field photo.png -o drawing.svg           a line drawing
  itten field photo.png --scope image --render ranks

Exit status: 0 for a field, also a partial one; 1 when something failed; 2 when what was asked
for cannot work; 130 after Ctrl-C.""",
    ),
}


def metavar(schema: dict[str, Any]) -> str:
    """How the help writes a field's value."""
    schema = _first(schema)
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    if schema.get("type") == "boolean":
        return "true|false"
    if "$ref" in schema.get("items", {}):
        return "JSON"
    return _KINDS_OF_VALUE.get(schema.get("type", ""), "TEXT")


def field_help(schema: dict[str, Any]) -> str:
    """Meaning, range and default of a field, from its JSON schema."""
    parts = [_range(_first(schema)), _default(schema.get("default"))]
    said = ", ".join(filter(None, parts))
    text = (
        f"{schema['description']} {said[:1].upper()}{said[1:]}." if said else schema["description"]
    )
    return str(text).replace("%", "%%")


def _first(schema: dict[str, Any]) -> dict[str, Any]:
    """Of `number or null` the number."""
    first: dict[str, Any] = schema["anyOf"][0] if "anyOf" in schema else schema
    return first


def _range(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    return "" if least is None or most is None else f"{least:g} to {most:g}"


def _default(value: Any) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, list | tuple):
        return f"default {','.join(map(str, value))}"
    text = f"{value:g}" if isinstance(value, float) else str(value).lower()
    return f"default {text}"
