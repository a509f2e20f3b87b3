"""What a caller asks for: text or JSON in, a checked and frozen spec out.

`service.spec.fields` and `service.spec.shade_fields` hold the fields, `service.spec.defaults` the
tables behind them, `service.spec.reading` how text and JSON are read.
"""

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.json_schema import models_json_schema

from service.problems import echo
from service.spec.defaults import NOT_YET
from service.spec.fields import COLOUR, PAPER, FieldSpec
from service.spec.reading import MAX_ERRORS, bad_spec, read_json, read_text, shown
from service.spec.shade_fields import ShadeSpec

__all__ = ["FieldSpec", "ShadeSpec", "parse_field", "parse_shade", "schemas"]

Spec = TypeVar("Spec", ShadeSpec, FieldSpec)
Pairs = Iterable[tuple[str, str]]
_REF = "#/components/schemas/{model}"
_NO_CROSS = "is not available yet; send one image, as target"
_PATTERNS = {COLOUR: "must look like #rrggbb", PAPER: "must look like #rrggbb or be transparent"}
_MESSAGES = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
}


def parse_shade(
    pairs: Pairs,
    spec_json: bytes | None = None,
    *,
    max_deadline_s: float = 10.0,
    has_source: bool = False,
) -> ShadeSpec:
    """The spec of a shading job.

    Args:
        pairs: form fields or query parameters, every occurrence of each.
        spec_json: the `spec` part, when there is one.
        max_deadline_s: default and upper limit of `deadline_s`.
        has_source: whether a second image was sent.

    Raises:
        Malformed: the `spec` part is not JSON.
        BadSpec: names every field that is wrong.
    """
    return _parse(ShadeSpec, pairs, spec_json, max_deadline_s, has_source)


def parse_field(
    pairs: Pairs,
    spec_json: bytes | None = None,
    *,
    max_deadline_s: float = 10.0,
    has_source: bool = False,
) -> FieldSpec:
    """The spec of a field job; as `parse_shade`."""
    return _parse(FieldSpec, pairs, spec_json, max_deadline_s, has_source)


def schemas(max_deadline_s: float = 10.0) -> dict[str, Any]:
    """JSON schemas of the specs by name, for `components.schemas` of `/openapi.json`."""
    models = [(ShadeSpec, "validation"), (FieldSpec, "validation")]
    _, document = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    found: dict[str, Any] = document["$defs"]
    for name in ("ShadeSpec", "FieldSpec"):
        deadline = found[name]["properties"]["deadline_s"]
        deadline |= {"maximum": max_deadline_s, "default": max_deadline_s}
    return found


def _parse(
    model: type[Spec],
    pairs: Pairs,
    spec_json: bytes | None,
    max_deadline_s: float,
    has_source: bool,
) -> Spec:
    form = read_text(model, pairs)
    values = {} if spec_json is None else read_json(spec_json)
    wrong = {name: "is given in the spec and beside it" for name in form if name in values}
    values |= form
    if has_source:
        wrong["source"] = _NO_CROSS
    wrong |= _refused(model, values)
    spec, found = _validate(model, {"deadline_s": max_deadline_s} | values, wrong)
    wrong = found | wrong
    if spec is not None and spec.deadline_s > max_deadline_s:
        wrong["deadline_s"] = f"must be at most {max_deadline_s:g}, not {echo(spec.deadline_s)}"
    if wrong or spec is None:
        raise bad_spec(wrong.items())
    return spec


def _refused(model: type[Spec], values: dict[str, Any]) -> dict[str, str]:
    """Fields that do not exist, and values that do not exist yet."""
    wrong: dict[str, str] = {}
    for name, value in values.items():
        if name not in model.model_fields:
            # A guess costs 50 us, and only the first errors are answered.
            known = list(model.model_fields) if len(wrong) < MAX_ERRORS else []
            wrong[name] = _unknown(name, known)
        elif isinstance(value, str) and value in NOT_YET.get(name, {}):
            wrong[name] = f"{value} is not available yet; use {NOT_YET[name][value]}"
    return wrong


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name[:60], known, n=1)
    return "is not a field of this spec" + (f"; did you mean {near[0]}?" if near else "")


def _validate(
    model: type[Spec], values: dict[str, Any], refused: dict[str, str]
) -> tuple[Spec | None, dict[str, str]]:
    """The spec, or what is wrong with each field that was not refused already."""
    try:
        spec = model.model_validate({k: v for k, v in values.items() if k not in refused})
    except ValidationError as error:
        return None, _found(error)
    return spec, dict(spec.conflicts())


def _found(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False):
        # One message a field: what follows is mostly a consequence of the first.
        found.setdefault(str((*each["loc"], "spec")[0]), _message(dict(each)))
    return found


def _message(error: dict[str, Any]) -> str:
    within = ", ".join(
        f"item {x + 1}" if isinstance(x, int) else shown(x) for x in error["loc"][1:]
    )
    return (f"{within}: " if within else "") + _what(error)


def _what(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of a phase"
    context = error.get("ctx", {})
    known = _PATTERNS.get(context.get("pattern", "")) or _MESSAGES.get(error["type"])
    text = known.format(**context) if known else error["msg"]
    return f"{text}, not {echo(error['input'])}"
