"""What calls about a job take in their query."""

import re
from collections.abc import Sequence

from quart import request

from service.problems import echo
from service.spec.reading import bad_spec

_DIGITS = re.compile("[0-9]{1,9}")


def whole(name: str, allowed: range) -> int | None:
    """A whole number of the query; None when there is none.

    Raises:
        BadSpec: it is given twice, or is not one of those allowed.
    """
    text = _once(name)
    if text is not None and not (_DIGITS.fullmatch(text) and int(text) in allowed):
        bounds = f"{allowed[0]} to {allowed[-1]}"
        raise bad_spec([(name, f"must be one whole number {bounds}, not {echo(text)}")])
    return None if text is None else int(text)


def one_of(name: str, allowed: Sequence[str]) -> str | None:
    """A word of the query; as `whole`."""
    text = _once(name)
    if text is not None and text not in allowed:
        raise bad_spec([(name, f"must be one of {', '.join(allowed)}, not {echo(text)}")])
    return text


def _once(name: str) -> str | None:
    texts = request.args.getlist(name)
    if len(texts) > 1:
        raise bad_spec([(name, "is given twice")])
    return texts[0] if texts else None
