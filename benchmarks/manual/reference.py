"""docs/parameters.md: every field of a spec, from the models that check it."""

import re
from collections.abc import Iterable, Mapping
from html import unescape
from pathlib import Path
from string import Template
from typing import Any, Final

from msgspec.structs import asdict

from benchmarks.manual import strips
from service.spec import descriptions
from service.spec.specs import schemas
from service.web.docs_schemas import kind_of
from worker.wire.phases import ADSR

Schema = Mapping[str, Any]

TEMPLATE: Final = Path(__file__).with_name("parameters.template.md")
NAMES: Final = ("attack", "decay", "sustain", "release")


def page() -> str:
    """The whole page."""
    found = schemas()
    shade, field = (found[name]["properties"] for name in ("ShadeSpec", "FieldSpec"))
    phase = found["PhaseSpec"]["properties"]
    listed = {*descriptions.FIELD, *descriptions.SHADER}
    chapters = {
        "job": [name for name in shade if name not in listed],
        "field": descriptions.FIELD,
        "shader": descriptions.SHADER,
        "phase": phase,
        "pictures": [name for name in field if name not in shade],
    }
    told = {
        chapter: "".join(_field(n, shade.get(n) or phase.get(n), field.get(n)) for n in names)
        for chapter, names in chapters.items()
    }
    return Template(TEMPLATE.read_text()).substitute(told, phases=_phases())


def _field(name: str, shade: Schema | None, field: Schema | None) -> str:
    schema = shade or field
    assert schema is not None
    facts = [f"Values: {_values(schema)}.", f"Default: {_default(schema)}."]
    if name in descriptions.PHASE:
        facts[1] = "Default: that of the phase."
    if shade and field and shade.get("default") != field.get("default"):
        facts[1] = f"Default: {_default(shade)}; of `/field` {_default(field)}."
    if field is None and name not in descriptions.PHASE:
        facts.append("Not of `/field`.")
    lines = [f"\n### `{name}`\n", schema["description"], "", " ".join(facts)]
    if field and shade and shade["description"] != field["description"]:
        lines += ["", f"Of `/field`: {field['description']} Values: {_values(field)}."]
    if name in strips.NAMES:
        lines += ["", f"![{name}: {_look(name)}](parameters/{name}.webp)"]
    return "\n".join(lines) + "\n"


def _look(name: str) -> str:
    known = strips.SHADED.get(name)
    return known.look if known else "a drawing and a photograph by its values"


def _values(schema: Schema) -> str:
    """In Markdown, without the links of the API's page."""
    html = re.sub(r"</?code>", "`", str(kind_of(schema)))
    return unescape(re.sub(r"<[^>]+>", "", html))


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`"


def _phases() -> str:
    values = [asdict(phase) for phase in ADSR]
    rows = [(name, *(f"{each[name]:g}" for each in values)) for name in values[0]]
    return "\n".join([_row(("", *NAMES)), _row(["---"] * 5), *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
