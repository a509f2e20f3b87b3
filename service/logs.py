"""The service's log, as its settings say."""

import logging
import math
import time

import structlog

from service.settings import PREFIX, Settings
from worker.wire.logs import configure

PAUSE_S = 10.0  # between two lines that say the same
_log = structlog.stdlib.get_logger("itten.http")


def configure_logs(settings: Settings) -> None:
    """Have everything that is logged from now on follow the settings."""
    configure(settings.log_format, settings.log_level)
    accepting = logging.getLogger("trio.serve_listeners")
    accepting.handlers, accepting.propagate = [_Accepting()], False


def worker_logs(settings: Settings) -> dict[str, str]:
    """What has the log of a worker of our own follow them, as its environment.

    Ours may say otherwise: a command is quieter than a service.
    """
    return {
        f"{PREFIX}LOG_FORMAT": settings.log_format,
        f"{PREFIX}LOG_LEVEL": settings.log_level,
    }


class _Accepting(logging.Handler):
    """A line now and then where trio has ten tracebacks a second: no more files may be opened."""

    _last = -math.inf

    def emit(self, record: logging.LogRecord) -> None:
        """Say that connections wait."""
        if time.monotonic() - self._last >= PAUSE_S:
            self._last = time.monotonic()
            reason = str(record.exc_info[1]) if record.exc_info else record.getMessage()
            _log.error("no connection can be taken, those that come wait", reason=reason)
