"""Which request something is done for: an id, and W3C Trace Context.

What is bound here is in every log line of the tasks and threads that come of the request, and goes
along with its job to the worker.
"""

import re
import secrets
import time
from collections.abc import Iterable
from contextvars import ContextVar

from structlog import contextvars

from worker.wire.messages import Trace

HEADER = b"itten-request"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(
    rb"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}"
    rb"(?P<more>-.*)?"
)
_began: ContextVar[float] = ContextVar("began")
_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """Bind the trace of a request, in place of any earlier one; header names are in lower case."""
    trace = _read(list(headers))
    _trace.set(trace)
    _began.set(time.monotonic())
    contextvars.clear_contextvars()
    contextvars.bind_contextvars(**trace.log_fields)
    return trace


def current() -> Trace | None:
    """The trace of the request that this is done for; None where there is no request."""
    return _trace.get()


def elapsed_s() -> float:
    """Seconds since the request began that this is done for, whatever is done to the clock."""
    now = time.monotonic()
    return now - _began.get(now)


def _read(headers: list[tuple[bytes, bytes]]) -> Trace:
    given = _REQUEST_ID.fullmatch(_only(headers, HEADER))
    trace_id, parent_id = _parent(_only(headers, b"traceparent")) or (secrets.token_hex(16), None)
    return Trace(
        request_id=given[0].decode() if given else secrets.token_hex(8),
        trace_id=trace_id,
        span_id=secrets.token_hex(8),
        parent_id=parent_id,
    )


def _parent(header: bytes) -> tuple[str, str] | None:
    """The trace and the caller's span of a `traceparent`; None where the standard has none."""
    found = _TRACEPARENT.fullmatch(header)
    if found is None or found["version"] == b"ff":
        return None
    if found["version"] == b"00" and found["more"] is not None:
        return None
    if not found["trace"].strip(b"0") or not found["span"].strip(b"0"):
        return None
    return found["trace"].decode(), found["span"].decode()


def _only(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of a header that is there once, else nothing."""
    values = [value for each, value in headers if each == name]
    return values[0] if len(values) == 1 else b""
