"""What a caller prefers, where either would do (RFC 7240)."""

import re
from typing import NamedTuple

from quart import Request

_WAIT = re.compile(r"[0-9]{1,9}")


class Preferences(NamedTuple):
    """The preferences that are known here; others are nobody's business."""

    respond_async: bool
    wait_s: int | None  # how long the caller would wait

    @property
    def applied(self) -> str | None:
        """What `Preference-Applied` says."""
        wait = [] if self.wait_s is None else [f"wait={self.wait_s}"]
        return ", ".join(["respond-async"] * self.respond_async + wait) or None

    @property
    def at_once(self) -> "Preferences":
        """The same without waiting."""
        return self._replace(wait_s=None)


def preferences(request: Request) -> Preferences:
    """The preferences of a request; of one that is given twice, the first."""
    found: dict[str, str] = {}
    for each in ",".join(request.headers.getlist("Prefer")).split(","):
        # Not by one pattern: with three optional runs of blanks it takes cubic time.
        name, _, value = each.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get("wait", "")
    return Preferences("respond-async" in found, int(wait) if _WAIT.fullmatch(wait) else None)
