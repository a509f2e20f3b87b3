"""`itten health`: whether a service is ready, for people and as the health check of a container.

Of the standard library and msgspec alone, and past any proxy: it is run every few seconds.
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from service.exits import complain

PATIENCE_S = 3.0  # for the connection, and again for the answer
_MOST = 1 << 16  # bytes of an answer
_KINDS = {"http": HTTPConnection, "https": HTTPSConnection}


class _Answer(msgspec.Struct):
    """What `/readyz` says: the device, or why it is not ready."""

    device: str = ""
    detail: str = ""


def report(url: str) -> int:
    """Say in a line whether the service at `url` is ready; returns 0 if it is, else 1."""
    try:
        status, answer = _ask(url)
    except msgspec.MsgspecError:
        return complain(f"{url} is no service of Itten", 1)
    except (OSError, HTTPException, ValueError) as error:
        return complain(f"{url} does not answer: {str(error) or type(error).__name__}", 1)
    if status != 200:
        return complain(f"{url} is not ready: {answer.detail}", 1)
    print(f"{url} is ready, on {answer.device}")
    return 0


def _ask(url: str) -> tuple[int, _Answer]:
    parts = urlsplit(url)
    if parts.scheme not in _KINDS or not parts.hostname:
        raise ValueError("write it as http://host:port")
    connection = _KINDS[parts.scheme](parts.hostname, parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/readyz")
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read(_MOST), type=_Answer)
    finally:
        connection.close()
