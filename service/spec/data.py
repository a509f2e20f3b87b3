"""What a caller asks of a kind whose answer is data: checked and frozen."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from service.problems import echo
from service.spec.reading import bad_spec
from worker.wire.config import BadConfig
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Kind


class DataSpec(NamedTuple):
    """A spec that is valid."""

    kind: Kind[Any]
    params: msgspec.Struct
    deadline_s: float


def parse_data(name: str, values: Mapping[str, Any], max_deadline_s: float) -> DataSpec:
    """The spec of a kind in `KINDS`: its `params` and `deadline_s`, nothing else.

    Raises:
        BadSpec: names every field that is wrong.
    """
    kind, wrong = KINDS[name], {}
    parts = ", ".join(part.name for part in kind.parts)
    for field in values:
        if field not in ("params", "deadline_s"):
            wrong[field] = f"is not taken by {name}; it has kind, {parts}, params and deadline_s"
    deadline_s = values.get("deadline_s", max_deadline_s)
    if not _is_number(deadline_s) or not 0 < deadline_s <= max_deadline_s:
        wrong["deadline_s"] = (
            f"must be a number of seconds above 0, at most {max_deadline_s:g}, not "
            f"{echo(deadline_s)}"
        )
    params = values.get("params", {})
    if not isinstance(params, Mapping):
        raise bad_spec([("params", f"must be an object, not {echo(params)}")])
    try:
        read = kind.read(params)
    except BadConfig as error:
        wrong |= {f"params.{field}": message for field, message in error.errors}
    if wrong:
        raise bad_spec(wrong.items())
    return DataSpec(kind, read, float(deadline_s))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
