"""From what a caller sent, JSON or form text, to plain values; no field is checked here."""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from service.problems import BadSpec, FieldError, Malformed, echo

_MAX_JSON = 64 * 1024  # bytes
_MAX_TEXT = 4096  # characters of one form field
MAX_ERRORS = 16  # that an answer lists
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEANS = dict.fromkeys(("true", "1", "on", "yes"), True) | dict.fromkeys(
    ("false", "0", "off", "no"), False
)


def bad_spec(errors: Iterable[tuple[str, str]]) -> BadSpec:
    """The problem that names these fields, with what is wrong with each."""
    listed = [FieldError(shown(field), message) for field, message in errors]
    more = len(listed) - MAX_ERRORS
    listed = listed[:MAX_ERRORS]
    detail = "; ".join(f"{field}: {message}" for field, message in listed)
    return BadSpec(detail + (f"; and {more} more" if more > 0 else ""), errors=listed)


def shown(name: str) -> str:
    """A field's name as an answer may repeat it."""
    return name if len(name) <= 60 and name.isprintable() else echo(name)


def read_json(data: bytes) -> dict[str, Any]:
    """The JSON object of a `spec` part.

    Raises:
        Malformed: not JSON, or too much of it.
        BadSpec: JSON, but no object, or a name given twice.
    """
    if len(data) > _MAX_JSON:
        raise Malformed(f"the spec is longer than {_MAX_JSON // 1024} KiB")
    value = _decode(data)
    if not isinstance(value, dict):
        raise bad_spec([("spec", f"must be a JSON object, not {echo(value)}")])
    return value


def _decode(data: bytes) -> Any:
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object)
        # Half of a surrogate pair is valid JSON, but no text that could be answered or kept.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"the spec is not JSON: {error.msg} at {where}") from error
    except UnicodeError as error:
        raise Malformed("the spec is not UTF-8 text") from error
    except RecursionError as error:
        raise Malformed("the spec is nested too deeply") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise Malformed("the spec holds a number that is too long") from error
    return value


def read_value(data: bytes) -> Any:
    """A JSON value; raises Malformed."""
    return _decode(data)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise bad_spec((name, "is given twice") for name, count in counts.items() if count > 1)
    return value


def read_text(model: type[BaseModel], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Form fields or query parameters as the values that JSON would hold.

    Text that is no such value stays text: the check of the field then says what it must be.

    Raises:
        BadSpec: a field is given twice or absurdly long.
    """
    kinds = _kinds(model)
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, text in pairs:
        if name in values:
            wrong[name] = "is given twice"
        values[name] = text
        if len(text) > _MAX_TEXT or len(name) > _MAX_TEXT:
            wrong[name] = f"is longer than {_MAX_TEXT} characters"
    if wrong:
        raise bad_spec(wrong.items())
    return {name: _value(kinds.get(name, "string"), text) for name, text in values.items()}


@functools.cache
def _kinds(model: type[BaseModel]) -> dict[str, str]:
    """The JSON type of each field; of `number or null` it is the number."""
    properties = model.model_json_schema()["properties"]
    return {name: _kind(schema) for name, schema in properties.items()}


def _kind(schema: dict[str, Any]) -> str:
    first = schema["anyOf"][0] if "anyOf" in schema else schema
    return str(first.get("type", "string"))


def _value(kind: str, text: str) -> Any:
    text = text.strip()
    if kind == "array":
        return _list(text)
    if kind in ("integer", "number"):
        return _number(text)
    return _BOOLEANS.get(text.lower(), text) if kind == "boolean" else text


def _number(text: str) -> int | float | str:
    if not _NUMBER.fullmatch(text):
        return text
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _list(text: str) -> Any:
    """`[1, 2]` or `1,2`; objects only as JSON."""
    if not text.startswith("["):
        return [_number(part.strip()) for part in text.split(",")]
    try:
        return _decode(text.encode())
    except (Malformed, UnicodeError):
        return text
