"""hypercorn's configuration, with what it has no place for; one for all connections."""

from collections.abc import Callable
from typing import cast

import structlog
from hypercorn.config import Config

from service.access.rates import is_loopback
from service.http.access_log import AccessLog
from service.http.forwarded import Headers, caller, is_forwarded
from service.http.limits import Limits
from service.problems import Problem
from service.settings_values import Network

Client = tuple[str, int]  # address and port
_log = structlog.stdlib.get_logger("itten.http")


class GuardedConfig(Config):
    """Limits, who is trusted, and what is told of connections."""

    def __init__(
        self,
        limits: Limits,
        max_body: int,
        trusted: tuple[Network, ...],
        answered: Callable[[int], None],
    ) -> None:
        self.limits = limits
        self.max_body = max_body
        self.logger_class = AccessLog
        self.include_server_header = False  # it names the library
        self.keep_alive_timeout = limits.header_s
        self.websocket_ping_interval = limits.ping_s
        self.websocket_max_message_size = limits.message_bytes
        self._trusted = trusted
        self._answered = answered
        self._has_noted = False

    def refused(self, problem: Problem, client: Client | None) -> None:
        """Log and count what was answered without being a request."""
        self._answered(problem.status)
        cast(AccessLog, self.log).refused(problem, client)

    def caller(self, peer: Client | None, headers: Headers) -> Client | None:
        """Whom a request is from; the port of a proxy says nothing of another's."""
        if peer is None:
            return None
        if not self._trusted:
            self._note(peer[0], headers)
        address = caller(peer[0], headers, self._trusted)
        return peer if address == peer[0] else (address, 0)

    def _note(self, address: str, headers: Headers) -> None:
        """Once, as anybody on this machine may send the header."""
        if not self._has_noted and is_loopback(address) and is_forwarded(headers):
            self._has_noted = True
            _log.warning(
                "a proxy calls that is not named: all who call through it have one address, and "
                "without keys no rate; name it in ITTEN_TRUSTED_PROXIES",
                client=address,
            )
