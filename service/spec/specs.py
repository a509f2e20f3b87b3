"""What a caller asks for: text or JSON in, a checked and frozen spec out.

`service.spec.fields` holds the models, `worker.wire.config` their defaults, ranges and the rules
between fields, `service.spec.reading` how text and JSON are read.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec.structs import asdict
from pydantic import ValidationError
from pydantic.json_schema import models_json_schema

from service.problems import echo
from service.spec.fields import NOT_CONFIG, FieldSpec, ShadeSpec, Spec
from service.spec.reading import MAX_ERRORS, bad_spec, read_json, read_text, shown
from worker.wire.config import (
    COLOUR,
    PAPER,
    BadConfig,
    FieldConfig,
    ShadeConfig,
    field_params,
    read_field_config,
    read_shade_config,
    shade_params,
)
from worker.wire.params import FieldParams, ShadeParams
from worker.wire.phases import ADSR, PHASES

__all__ = ["Asked", "FieldSpec", "ShadeSpec", "Spec", "parse_field", "parse_shade", "schemas"]

Config = TypeVar("Config", ShadeConfig, FieldConfig)
Params = TypeVar("Params", ShadeParams, FieldParams)
Pairs = Iterable[tuple[str, str]]
_REF = "#/components/schemas/{model}"
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


class Asked(NamedTuple, Generic[Config, Params]):
    """A spec that is valid."""

    config: Config  # what was asked for
    params: Params  # what the worker is to do
    max_side: int | None  # pixels
    deadline_s: float
    explain: bool = False  # whether to keep how each pass came about


def parse_shade(
    pairs: Pairs,
    spec_json: bytes | None = None,
    *,
    max_deadline_s: float = 10.0,
    has_source: bool = False,
) -> Asked[ShadeConfig, ShadeParams]:
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
    values, wrong = _read(ShadeSpec, pairs, spec_json)
    if has_source and values.get("mode") == "self":
        wrong["mode"] = "must be cross with a source; leave one of the two out"
    if not has_source and values.get("mode") == "cross":
        wrong["mode"] = "needs a second image to be cross; send it as the file part source"
    spec, config = _checked(ShadeSpec, read_shade_config, values, wrong, max_deadline_s)
    explain = bool(spec.model_dump()["explain"])
    return Asked(config, shade_params(config), spec.max_side, spec.deadline_s, explain)


def parse_field(
    pairs: Pairs,
    spec_json: bytes | None = None,
    *,
    max_deadline_s: float = 10.0,
    has_source: bool = False,
) -> Asked[FieldConfig, FieldParams]:
    """The spec of a field job; as `parse_shade`."""
    values, wrong = _read(FieldSpec, pairs, spec_json)
    if has_source:
        wrong["source"] = "is not taken here; a field is that of one image, the target"
    if values.get("mode") == "cross":
        wrong["mode"] = "must be self; a field is that of one image"
    spec, config = _checked(FieldSpec, _field_config, values, wrong, max_deadline_s)
    return Asked(config, field_params(config), spec.max_side, spec.deadline_s)


def schemas(max_deadline_s: float = 10.0) -> dict[str, Any]:
    """JSON schemas of the specs by name, for `components.schemas` of `/openapi.json`.

    The envelope has in `x-phases` what each phase is where nothing replaces it.
    """
    models = [(ShadeSpec, "validation"), (FieldSpec, "validation")]
    _, document = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    found: dict[str, Any] = document["$defs"]
    for name in ("ShadeSpec", "FieldSpec"):
        deadline = found[name]["properties"]["deadline_s"]
        deadline |= {"maximum": max_deadline_s, "default": max_deadline_s}
    phases = dict(zip(PHASES, map(asdict, ADSR), strict=True))
    found["ShadeSpec"]["properties"]["envelope"]["x-phases"] = phases
    return found


def _read(
    model: type[Spec], pairs: Pairs, spec_json: bytes | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values that were given, and what is wrong with them whatever they are."""
    form = read_text(model, pairs)
    values = {} if spec_json is None else read_json(spec_json)
    wrong = {name: "is given in the spec and beside it" for name in form if name in values}
    values |= form
    for name in values:
        if name not in model.model_fields:
            # A guess costs 50 us, and only the first errors are answered.
            known = list(model.model_fields) if len(wrong) < MAX_ERRORS else []
            wrong[name] = _unknown(name, known)
    return values, wrong


def _unknown(name: str, known: list[str]) -> str:
    if name in ("target", "source"):
        return "is an image; send it as a file part of this name"
    near = difflib.get_close_matches(name[:60], known, n=1)
    return "is not a field of this spec" + (f"; did you mean {near[0]}?" if near else "")


def _checked(
    model: type[Spec],
    read: Callable[[Mapping[str, object]], Config],
    values: dict[str, Any],
    wrong: dict[str, str],
    max_deadline_s: float,
) -> tuple[Spec, Config]:
    """The spec of these values, of which some are wrong already.

    Raises:
        BadSpec: names those and all others that are wrong.
    """
    rest = {name: value for name, value in values.items() if name not in wrong}
    spec, config, found = _validated(model, read, {"deadline_s": max_deadline_s} | rest)
    if spec is not None and spec.deadline_s > max_deadline_s:
        found["deadline_s"] = (
            f"must be at most {max_deadline_s:g}, not {echo(values['deadline_s'])}"
        )
    wrong = found | wrong
    if wrong or spec is None or config is None:
        raise bad_spec(wrong.items())
    return spec, config


def _field_config(values: Mapping[str, object]) -> FieldConfig:
    """Without `passes`, which every spec takes and no field has."""
    return read_field_config({name: each for name, each in values.items() if name != "passes"})


def _validated(
    model: type[Spec], read: Callable[[Mapping[str, object]], Config], values: dict[str, Any]
) -> tuple[Spec | None, Config | None, dict[str, str]]:
    try:
        spec = model.model_validate(values)
    except ValidationError as error:
        return None, None, _found(error)
    given = spec.model_dump(exclude_unset=True, exclude=set(NOT_CONFIG))
    try:
        return spec, read(given), {}
    except BadConfig as error:
        return spec, None, dict(error.errors)


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
