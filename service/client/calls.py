"""Calls of one service that outlast its refusals and its absences."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from service.access.keys import is_key
from service.client.answers import document_of, place, service_error
from service.client.errors import ClientError, ServiceError, Unreachable
from service.client.wires import GOODBYE_S, TIMEOUT, Wire

RESULT_S = 30.0  # to ask again for what is on its way
LOST_S = 10.0  # that a service which has answered may be away: it may be restarted
POLL_S = 0.5
_LEAST_WAIT_S = 0.1

OnWait = Callable[[ServiceError], None]


class Calls:
    """One service.

    Attributes:
        on_wait: told of each refusal after which it is asked again.
    """

    def __init__(self, wire: Wire, on_wait: OnWait | None) -> None:
        self.wire, self.on_wait = wire, on_wait
        self._has_answered = False

    async def call(
        self, method: str, path: str, *, patience_s: float = RESULT_S, **request: Any
    ) -> httpx.Response:
        """The answer to a request, which is a success.

        Where a refusal says when to ask again, that is done for as long as `patience_s` allows.

        Raises:
            Unreachable: there is none; of a service that has answered before, for a while.
            ServiceError: it is refused.
        """
        give_up = self.wire.now() + patience_s
        while True:
            try:
                return await self._answer(method, path, min(LOST_S, patience_s), **request)
            except ServiceError as error:
                if error.retry_after is None:
                    raise
                wait_s = max(_LEAST_WAIT_S, error.retry_after)
                if self.wire.now() + wait_s > give_up:
                    raise
                if self.on_wait is not None:
                    self.on_wait(error)
            await self.wire.sleep(wait_s)

    async def cancel(self, job: str, **request: Any) -> None:
        """End a job that has not ended; another one would be removed by the same call."""
        path = f"/jobs/{job}"
        if not document_of(await self.call("GET", path, **request)).state.ended:
            await self.call("DELETE", path, **request)

    async def abandon(self, job: str) -> None:
        """Cancel a job if that can be done at once; its deadline ends it anyway."""
        cancel = partial(self.cancel, job, patience_s=0, timeout=GOODBYE_S)
        with suppress(ClientError):
            await self.wire.farewell(cancel)

    async def _answer(
        self, method: str, path: str, lost_s: float, **request: Any
    ) -> httpx.Response:
        give_up = self.wire.now() + (lost_s if self._has_answered else 0)
        while True:
            try:
                answer = await self.wire.call(method, path, **request)
            except httpx.RequestError as error:
                if self.wire.now() >= give_up or not _can_repeat(method, error):
                    reason = str(error) or type(error).__name__
                    where = place(self.wire.url)
                    raise Unreachable(f"{where} does not answer: {reason}") from error
                await self.wire.sleep(POLL_S)
            else:
                self._has_answered = True
                if not answer.is_success:
                    raise service_error(answer)
                return answer


def _can_repeat(method: str, error: httpx.RequestError) -> bool:
    """Whether a request that failed may be sent again; a POST that has arrived may not."""
    return method != "POST" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def http_options(url: str, key: str | None) -> dict[str, Any]:
    """What a client of httpx is made with; a path in the URL is put before those of the service.

    Raises:
        ClientError: not an address, or not a key.
    """
    check_url(url)
    headers = {} if key is None else {"Authorization": f"Bearer {checked_key(key)}"}
    return {"base_url": url, "headers": headers, "timeout": TIMEOUT}


def check_url(url: str) -> None:
    """Raises ClientError for what is not the address of a service."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        valid = False
    if not valid or parts.query or parts.fragment:
        raise ClientError(f"{url!r} is not an address such as http://127.0.0.1:8000")


def checked_key(key: str) -> str:
    """The key; raises ClientError, which does not repeat it, for what is none."""
    if not is_key(key):
        raise ClientError("the key does not look like one: itten_ and 43 more characters")
    return key
