"""How log lines look and where they go: stderr, so that stdout stays free for results.

Both processes write to it, so both have it from here.
"""

import json
import logging
import select
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_MOMENT_MS = 50  # that a reader may be behind
_PIECE = 1000  # characters: a pipe that takes anything takes 4096 bytes
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
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Stderr())),
    )


class _Stderr:
    """Takes lines, and loses those that cannot be written: the work goes on without its log.

    It may be a file on a disk that is full, a pipe whose reader is gone, or one that nobody reads:
    that is waited for a moment, once, and how many lines it has cost is told when it goes on.
    """

    def __init__(self) -> None:
        self._lost = 0

    def write(self, text: str) -> None:
        with suppress(OSError):
            if not self._is_ready():
                self._lost += 1
                return
            if self._lost:
                lost = {"event": "lines before this one were lost", "lines": self._lost}
                text, self._lost = f"{json.dumps(lost)}\n{text}", 0
            for start in range(0, len(text), _PIECE):
                if not start or self._is_ready():
                    sys.stderr.write(text[start : start + _PIECE])
                    sys.stderr.flush()

    def flush(self) -> None:
        """There is nothing left to write."""

    def _is_ready(self) -> bool:
        try:
            poll = select.poll()
            poll.register(sys.stderr, select.POLLOUT)
        except ValueError:  # not of the system
            return True
        return bool(poll.poll(0 if self._lost else _MOMENT_MS))


def shortened(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with long values cut, and of bytes only how many they are."""
    return {name: _short(value) for name, value in event.items()}


def _short(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > MOST:
        return f"{value[:MOST]}..."
    return value
