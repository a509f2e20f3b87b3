"""Which other sites' pages may call: none but those that the operator lists.

A page can send forms and open WebSockets to any address that its visitor can reach, `127.0.0.1`
among them; what it may not do is told apart by the `Origin` that browsers add.
"""

from collections.abc import Container
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from service.problems import Forbidden, echo

_EXPOSED = (
    "Content-Disposition, ETag, Itten-Job, Itten-Passes, Itten-Status, Itten-Tiles, Location, "
    "Preference-Applied, Retry-After, Server-Timing"
)


def check_origin(headers: Headers, allowed: Container[str]) -> None:
    """Let pass what is no page, our own page, or a page of an allowed origin.

    Raises:
        Forbidden: another site's page.
    """
    origin = headers.get("Origin")
    if origin is None or origin.lower() in allowed or _is_own(origin, headers.get("Host", "")):
        return
    raise Forbidden(
        f"Pages of {echo(origin)} may not call this service; its operator can list the origin in "
        "ITTEN_ALLOWED_ORIGINS."
    )


def cors_headers(headers: Headers, allowed: Container[str]) -> dict[str, str]:
    """What a browser has to hear before a page of an allowed origin sees the answer."""
    origin = headers.get("Origin", "")
    if origin.lower() not in allowed:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type, Prefer",
        "Access-Control-Expose-Headers": _EXPOSED,
        "Access-Control-Max-Age": "600",
    }


def _is_own(origin: str, host: str) -> bool:
    # The scheme is not compared: a proxy may have taken TLS off.
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
