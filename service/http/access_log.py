"""hypercorn's log, through structlog: what may be written is listed here, nothing else is."""

from typing import Any, cast

import structlog
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.typing import ResponseSummary, WWWScope

from service.problems import Problem
from service.tracing import elapsed_s

SENT = "itten.bytes_sent"  # key in the scope: bytes of body sent so far
_TOLD = "itten.told"  # key in the scope: there is a line already
HUNG_UP = 499  # no status was sent, or not all of the body; nginx's number for it
_MAX_PATH = 256


class AccessLog(Logger):
    """One line a request: whose, method, path without query, status, milliseconds, bytes, job.

    And which request it is, and in which trace: `service.tracing` has bound that.
    hypercorn 0.18 formats from a dict that holds every request header and every environment
    variable, keys and tickets included. So its loggers are not made at all.
    """

    def __init__(self, config: Config) -> None:  # noqa: ARG002 - hypercorn's signature
        self.access_logger = None
        self.error_logger = None
        self._log = structlog.stdlib.get_logger("itten.http")

    async def access(
        self,
        request: WWWScope,
        response: ResponseSummary | None,
        request_time: float,  # noqa: ARG002 - by the clock of the machine, which may be set
    ) -> None:
        """Write the line of one request."""
        scope = cast(dict[str, Any], request)
        if _TOLD in scope:  # hypercorn goes on with the answer for one who has hung up
            return
        scope[_TOLD] = True
        self._log.info(
            "request",
            client=_client(scope["client"]),
            method=scope.get("method", "GET"),
            # The raw path is still percent-encoded: it cannot hold a line break.
            path=scope["raw_path"][:_MAX_PATH].decode("ascii", "replace"),
            status=HUNG_UP if response is None else int(response["status"]),
            ms=round(elapsed_s() * 1000, 1),
            bytes=scope.get(SENT, 0),
            **_job_of(response),
        )

    def refused(self, problem: Problem, client: tuple[str, int] | None) -> None:
        """One line for what was answered without being a request."""
        self._log.info(
            "no request", client=_client(client), status=problem.status, detail=problem.detail
        )

    async def exception(self, message: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Called by hypercorn where the application let an exception out: our bug."""
        self._log.exception(message)

    def broken(self, error: BaseException) -> None:
        """One line for an exception that ended a connection, with the place it came from."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else None
        # Not repr: that of a UnicodeDecodeError holds all of the bytes.
        reason = f"{type(error).__name__}: {error}"
        self._log.error("connection broken", error=reason, where=where)


def _client(client: tuple[str, int] | None) -> str:
    """The address alone: it is one, whatever a request says of itself."""
    return client[0] if client else ""


def _job_of(response: ResponseSummary | None) -> dict[str, str]:
    """The job that an answer is about, where it says so."""
    headers = dict(() if response is None else response["headers"])
    job = headers.get(b"itten-job")
    return {} if job is None else {"job": job.decode("ascii")}
