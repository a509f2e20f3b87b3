"""Answers to what never becomes a request of the application: problems, as its own are."""

import json

from service.problems import BodyTooLarge, Busy, Malformed, Problem

HEADERS = {
    "Cache-Control": "no-store",
    # It is no page, and in nobody's frame. Inline styles are those that a browser puts around a
    # picture that is opened by itself.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What is true of every answer that says nothing else."""

NO_PATH = Malformed("The target of the request is no path; send one that begins with /.")
NO_HOST = Malformed("The Host is neither a name nor an address; send that of this service.")
TWO_LENGTHS = Malformed("The body has a Content-Length and a Transfer-Encoding; send one of them.")
TWICE = Malformed(
    "Authorization, Content-Type, Origin or Sec-WebSocket-Key is there twice; send it once."
)
NO_HANDSHAKE = Malformed(
    "A WebSocket begins with a GET in HTTP/1.1 that has a Sec-WebSocket-Key and the "
    "Sec-WebSocket-Version 13, and with nothing behind it until it is answered."
)
NO_REQUEST = Malformed(
    "This is no request in HTTP/1.1; check the request line, the headers, of which Host has to be "
    "one, and how the length of the body is given."
)
FULL = Busy(
    "The service has as many connections as it takes, or takes from one address; try again."
)
_BY_STATUS: dict[int, Problem] = {  # what h11 suggests, where that says more than 400
    413: BodyTooLarge("A chunk of the body is larger than a whole body may be; send less."),
    431: Malformed("A header, or the beginning of a chunk, is too long; send shorter ones."),
    501: Malformed(
        "The Transfer-Encoding is not known here; send the body as it is, or in chunks."
    ),
}


def unreadable(status: int) -> Problem:
    """What is wrong with bytes that h11 would answer with this status."""
    return _BY_STATUS.get(status, NO_REQUEST)


def answer(problem: Problem) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and the body of an answer after which the connection is closed."""
    body = json.dumps(problem.to_document()).encode()
    headers = HEADERS | problem.headers()
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()], body


def raw(problem: Problem, reason: str) -> bytes:
    """The same on the wire, where there is nothing else that could write it."""
    headers, body = answer(problem)
    lines = [f"HTTP/1.1 {problem.status} {reason}".encode(), *map(b": ".join, headers), b"", body]
    return b"\r\n".join(lines)
