"""The kind of a job where a call takes any."""

import json
from typing import Any, Literal, NamedTuple, get_args

from service.problems import echo
from service.spec.reading import bad_spec, read_json
from worker.wire.jobs import KINDS as DATA

Kind = Literal["shade", "field"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Kinded(NamedTuple):
    """A spec of a known kind, without its name."""

    kind: Kind
    pairs: list[tuple[str, str]]  # form fields or query parameters
    spec_json: bytes | None


def take_kind(pairs: list[tuple[str, str]], spec_json: bytes | None) -> Kinded:
    """Take the `kind` out of the JSON or the fields of a spec.

    Raises:
        Malformed: the JSON is none.
        BadSpec: there is no kind, more than one, or one that is not known.
    """
    found: list[Any] = [text for name, text in pairs if name == "kind"]
    if spec_json is not None:
        values = read_json(spec_json)
        found += [values.pop("kind")] if "kind" in values else []
        spec_json = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    rest = [(name, text) for name, text in pairs if name != "kind"]
    return Kinded(checked_kind(found), rest, spec_json)


def checked_kind(found: list[Any]) -> Kind:
    """The one kind that was named, of those that take an image; raises BadSpec."""
    must = f"it must be one of {', '.join([*KINDS, *DATA])}"
    if len(found) != 1:
        raise bad_spec([("kind", "is given twice" if found else f"is missing; {must}")])
    for kind in KINDS:
        if kind == found[0]:
            return kind
    if isinstance(found[0], str) and found[0] in DATA:
        parts = ", ".join(part.name for part in DATA[found[0]].parts)
        raise bad_spec([("kind", f"{found[0]} takes {parts}, in JSON or as parts of a form")])
    raise bad_spec([("kind", f"{must.removeprefix('it ')}, not {echo(found[0])}")])
