"""How log lines look and where they go: stderr, so that stdout stays free for results.

Both processes write to it, so both have it from here.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MOST = 500  # characters of a value; what is longer is no name, size or reason


def configure(log_format: str, log_level: str, **always: str) -> None:
    """Have everything that is logged from now on look so.

    Args:
        log_format: `json`, one object a line; else text.
        log_level: the least severe that is written: `debug`, `warning` or `error`; else `info`.
        always: fields of every line.
    """

    def with_always(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**event, **always}

    # Nothing that shows local variables with a traceback, as structlog does where rich is
    # installed: keys and pixels are among them.
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    )
    level = logging.getLevelNamesMapping().get(log_level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            with_always,
            shortened,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def shortened(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with long values cut, and of bytes only how many they are."""
    return {name: _short(value) for name, value in event.items()}


def _short(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > MOST:
        return f"{value[:MOST]}..."
    return value
