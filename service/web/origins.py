"""Which other sites' pages may call: none but those that the operator lists.

A page can send forms and open WebSockets to any address that its visitor can reach, `127.0.0.1`
among them; what it may not do is told apart by the `Origin` that browsers add.
"""

from collections.abc import Container, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from service.problems import Forbidden, echo

_EXPOSED = (
    "Content-Disposition, ETag, Itten-Job, Itten-Passes, Itten-Request, Itten-Status, Itten-Tiles, "
    "Location, Preference-Applied, Retry-After, Server-Timing"
)
_SENT = "Authorization, Content-Type, Itten-Request, Prefer, Traceparent"


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


def check_host(headers: Headers, known: Container[str]) -> None:
    """Let pass a request to an address, to a name without a dot, or to a name of this service.

    Any site can have its own name resolve to this machine: its page would be taken for ours, and
    where there are no keys it may do everything.

    Raises:
        Forbidden: another name.
    """
    host = headers.get("Host", "")
    name = _host_name(host)
    if name is None or not (name in known or _is_ours(name)):
        raise Forbidden(
            f"This service does not know itself as {echo(host)}; call it by its address, or have "
            "its operator list the origin of that name in ITTEN_ALLOWED_ORIGINS, or set up keys."
        )


def host_names(origins: Iterable[str]) -> frozenset[str]:
    """The names in origins."""
    return frozenset(name for each in origins if (name := _host_name(urlsplit(each).netloc)))


def cors_headers(headers: Headers, allowed: Container[str]) -> dict[str, str]:
    """What a browser has to hear before a page of an allowed origin sees the answer."""
    origin = headers.get("Origin", "")
    if origin.lower() not in allowed:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Expose-Headers": _EXPOSED,
        "Access-Control-Max-Age": "600",
    }


def _host_name(host: str) -> str | None:
    """The name in a Host header, without its port; None for what is no host."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return None


def _is_ours(name: str) -> bool:
    """Whether no other site can have this name."""
    if "." not in name or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_own(origin: str, host: str) -> bool:
    # The scheme is not compared: a proxy may have taken TLS off.
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
