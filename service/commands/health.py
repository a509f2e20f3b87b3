"""`itten health`: whether a service, or a worker, is ready; the health check of a container too.

Of the standard library and msgspec alone, and past any proxy: it is run every few seconds.
"""

import socket
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from service.exits import complain
from worker.wire.address import Address, TcpAddress, parse_address
from worker.wire.framing import FrameDecoder, FrameError
from worker.wire.messages import PROTOCOL, Hello

PATIENCE_S = 3.0  # for the connection, and again for the answer
_MOST = 1 << 16  # bytes of an answer
_WORKERS = ("unix:", "tcp://")
_KINDS = {"http": HTTPConnection, "https": HTTPSConnection}


class _Worker(msgspec.Struct):
    """How one worker stands."""

    state: str


class _Answer(msgspec.Struct):
    """What `/readyz` says: the device and the workers, or why it is not ready."""

    device: str = ""
    workers: list[_Worker] = []
    detail: str = ""


def report(url: str) -> int:
    """Say in a line whether the service or worker at `url` is ready; returns 0 if it is, else 1."""
    if url.startswith(_WORKERS):
        return _report_worker(url)
    try:
        status, answer = _ask(url)
    except msgspec.MsgspecError:
        return complain(f"{url} is no service of Itten", 1)
    except (OSError, HTTPException, ValueError) as error:
        return complain(f"{url} does not answer: {str(error) or type(error).__name__}", 1)
    if status != 200:
        return complain(f"{url} is not ready: {answer.detail}", 1)
    missing = sum(each.state != "ready" for each in answer.workers)
    without = f", without {missing} of {len(answer.workers)} workers" if missing else ""
    print(f"{url} is ready, on {answer.device}{without}")
    return 0


def _report_worker(url: str) -> int:
    try:
        hello = _greeting(url)
    except FrameError:
        return complain(f"{url} is no worker of Itten", 1)
    except (OSError, ValueError) as error:
        return complain(f"{url} does not answer: {error}", 1)
    if hello.protocol != PROTOCOL:
        return complain(
            f"{url} is of another version: protocol {hello.protocol}, not {PROTOCOL}", 1
        )
    print(f"{url} is ready, on {hello.device}")
    return 0


def _greeting(url: str) -> Hello:
    """What a worker says to whoever connects, once it is warm: until then it does not listen."""
    decoder = FrameDecoder[Hello](Hello, max_header=_MOST, max_payload=0)
    with _connected(parse_address(url)) as connection:
        while data := connection.recv(_MOST):
            for hello, _ in decoder.feed(data):
                return hello
    raise ConnectionError("it hung up")


def _connected(address: Address) -> socket.socket:
    if isinstance(address, TcpAddress):
        return socket.create_connection((address.host, address.port), PATIENCE_S)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    try:
        connection.connect(address.path)
    except BaseException:
        connection.close()
        raise
    return connection


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
