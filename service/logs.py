"""How log lines look and where they go: stderr, so that stdout stays free for results."""

import logging
import sys

import structlog

from service.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Have everything that is logged from now on follow the settings."""
    as_json = settings.log_format == "json"
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
