"""Schemas of the API's description as a reader wants them: a line for each field."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from service.web.docs_text import code, joined, table, tag, told

Schema = Mapping[str, Any]
MOST_NAMED = 12  # values in a line
_SCHEMAS = "#/components/schemas/"


def kind_of(schema: Schema) -> Markup:
    """What values a schema takes: a type with its range, or the values themselves."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_SCHEMAS)
        return tag("a", code(name), href=f"#{name}")
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return _some_of([{"const": each} for each in schema["enum"]])
    if "oneOf" in schema or "anyOf" in schema:
        some = schema.get("oneOf") or schema["anyOf"]
        return _some_of([each for each in some if each.get("type") != "null"])
    return _of_type(schema)


def _some_of(schemas: Sequence[Schema]) -> Markup:
    if len(schemas) > MOST_NAMED:
        return Markup("one of {} values").format(len(schemas))
    return joined(map(kind_of, schemas), " or ")


def _of_type(schema: Schema) -> Markup:
    kinds = schema.get("type", "anything")
    if isinstance(kinds, list):
        return joined((kind_of({"type": each}) for each in kinds), " or ")
    if kinds == "array":
        return _list(schema)
    if kinds == "object" and "properties" in schema:
        return Markup("object of {}").format(joined(map(code, schema["properties"]), ", "))
    if schema.get("format") == "binary":
        return Markup("file")
    names = {"integer": "whole number", "boolean": "true or false", "string": "text"}
    range_ = _limits(schema) if kinds in ("integer", "number") else ""
    return Markup("{}{}{}").format(names.get(kinds, kinds), range_, _pattern(schema))


def _list(schema: Schema) -> Markup:
    each, most = kind_of(schema["items"]), schema.get("maxItems")
    if most is None:
        return Markup("list of {}").format(each)
    return Markup("list of {} to {}, each {}").format(schema.get("minItems", 0), most, each)


def _limits(schema: Schema) -> str:
    """What a schema says of a number."""
    least, most, above = (schema.get(name) for name in ("minimum", "maximum", "exclusiveMinimum"))
    if above is not None:
        return f" over {above:g}" + ("" if most is None else f", {most:g} at most")
    if least is None:
        return "" if most is None else f", {most:g} at most"
    return f", {least:g} or more" if most is None else f", {least:g} to {most:g}"


def _pattern(schema: Schema) -> Markup:
    return Markup(" like {}").format(code(schema["pattern"])) if "pattern" in schema else Markup("")


def fields_of(schema: Schema) -> Markup:
    """The fields of an object as a table: name, values, default, meaning."""
    rows = _rows(schema.get("properties", {}), schema.get("required", ()))
    return table(("Field", "Values", "Default", "Meaning"), rows)


def _rows(properties: Mapping[str, Schema], required: tuple[str, ...]) -> Iterator[Markup]:
    for name, schema in properties.items():
        yield tag(
            "tr",
            tag("th", code(name), scope="row"),
            tag("td", kind_of(schema)),
            tag("td", _default(schema, is_required=name in required), class_="default"),
            tag("td", told(_meaning(schema))),
        )


def _meaning(schema: Schema) -> str:
    """What is said of a field; where it may be absent that is said of what it is otherwise."""
    said = (each.get("description", "") for each in (schema, *schema.get("anyOf", ())))
    return next(filter(None, said), "")


def _default(schema: Schema, *, is_required: bool) -> Markup:
    if is_required:
        return tag("em", "required")
    value = schema.get("default")
    return Markup("") if value is None else code(value if isinstance(value, str) else _json(value))


def _json(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
