"""Tickets: what stands for a key where only an address can be given, once and for a minute.

A browser cannot add a header to a WebSocket, an event stream or a picture. An address can end up in
a history or in a proxy's log, so what is in it is worth nothing soon after: a ticket only reads,
works once, and for as long only as its key.
"""

import secrets
from collections import defaultdict
from dataclasses import replace
from typing import Final

from service.access.keys import Key

LASTS_S: Final = 60.0
MOST: Final = 64  # of one owner, at a time: the oldest goes


class Tickets:
    """The tickets that were given out and not used; the caller brings the time, in seconds."""

    def __init__(self) -> None:
        self._known: defaultdict[str, dict[str, tuple[Key | None, float]]] = defaultdict(dict)

    def __len__(self) -> int:
        return sum(map(len, self._known.values()))

    def issue(self, key: Key, now: float) -> str:
        """A ticket that stands for this key."""
        mine = self._known[key.owner]
        while len(mine) >= MOST:
            del mine[next(iter(mine))]
        number = secrets.token_urlsafe(32)
        mine[number] = key, now + LASTS_S
        return f"{key.owner}.{number}"

    def redeem(self, ticket: str, now: float) -> Key | None:
        """The key that a ticket stands for; None where it is used, too old, or none."""
        owner, _, number = ticket.partition(".")
        key, until = self._known.get(owner, {}).pop(number, (None, 0.0))
        return key if now < until else None


def reading(key: Key) -> Key:
    """What is left of a key in a ticket: it sees the same jobs, and starts and removes none."""
    return replace(key, only_reads=True)
