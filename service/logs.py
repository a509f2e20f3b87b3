"""The service's log, as its settings say."""

from service.settings import Settings
from worker.wire.logs import configure


def configure_logs(settings: Settings) -> None:
    """Have everything that is logged from now on follow the settings."""
    configure(settings.log_format, settings.log_level)
