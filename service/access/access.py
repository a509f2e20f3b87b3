"""Lets callers in: by key or ticket, for what it is enough for, and not too often."""

import trio

from service.access.key_ring import KeyRing
from service.access.keys import EVERYBODY, Key, Scope
from service.access.rates import Rates, is_loopback, neighbourhood
from service.access.tickets import Tickets, reading
from service.problems import Forbidden, TooFast, Unauthorized
from service.settings import Settings

_HOW = "send Authorization: Bearer KEY with a key that the operator of this service gave you"
_TICKET = (
    "The ticket was used, is older than a minute, or none; get another one from POST /tickets."
)


class Access:
    """Who may call one service."""

    def __init__(self, settings: Settings) -> None:
        """Read the keys; raises KeysError."""
        path = settings.api_keys_file
        self._ring = None if path is None else KeyRing(path)
        self._tickets = Tickets()
        self._keys = Rates(settings.rate, settings.rate_burst)
        self._addresses = Rates(settings.rate, settings.rate_burst)

    @property
    def has_keys(self) -> bool:
        """Whether a key is asked for."""
        return self._ring is not None

    async def admit(
        self, scope: Scope, authorization: str, ticket: str | None, address: str
    ) -> Key:
        """The key that a caller has, by the header of this name, or by a ticket.

        Who has a key has a rate of its own, wherever the calls come from. Others, whose keys are
        wrong too, have that of their address; of this machine's own only where there are keys.

        Raises:
            TooFast: says when to come back.
            Unauthorized, Forbidden: no key, or not enough of one.
        """
        try:
            key = await self._known(authorization, ticket)
        except Unauthorized:
            self._count(self._addresses, neighbourhood(address))
            raise
        if self.has_keys:
            self._count(self._keys, key.owner)
        elif not is_loopback(address):
            self._count(self._addresses, neighbourhood(address))
        if not key.allows(scope):
            raise Forbidden(f"This key is not enough: it lacks the scope {scope}; use another one.")
        return key

    def ticket(self, key: Key) -> str:
        """A ticket that stands for a key, once and for a minute."""
        return self._tickets.issue(key, trio.current_time())

    async def _known(self, authorization: str, ticket: str | None) -> Key:
        if self._ring is None:
            return EVERYBODY
        scheme, _, text = authorization.partition(" ")
        if authorization:
            if scheme.lower() != "bearer":
                raise Unauthorized(f"Authorization has another form here; {_HOW}.")
            if (key := await self._ring.find(text.strip())) is None:
                raise Unauthorized(f"The key is not valid, or not any more; {_HOW}.")
            return key
        if ticket is None:
            raise Unauthorized(f"This service asks for a key; {_HOW}.")
        key = self._tickets.redeem(ticket, trio.current_time())
        if key is None or not await self._ring.has(key):
            raise Unauthorized(_TICKET)
        return reading(key)

    @staticmethod
    def _count(rates: Rates, name: str) -> None:
        if wait_s := rates.take(name, trio.current_time()):
            raise TooFast("You ask too often; wait, and ask less often.", retry_after=wait_s)
