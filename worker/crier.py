"""Tells the services whose turn it is, before the device is used: a process may end in any turn."""

from collections.abc import MutableMapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import trio

from worker.job import Job
from worker.outbox import Outbox
from worker.wire.messages import Turn

SHORT_S = 0.02
"""Turns of less are told of together: to tell takes 0.1 ms, which is to be 0.5 % at most."""
TOGETHER_S = 1.0  # then it begins anew, with whose turn it is


@dataclass(eq=False)
class Crier:
    """What each service has been told; nobody else has the device."""

    _told: MutableMapping[Outbox, frozenset[str]] = field(default_factory=WeakKeyDictionary)
    _keys: frozenset[tuple[Outbox, str]] = frozenset()  # of the jobs in all of that
    _apart: bool = False  # whether it is of one that is to be told of by itself
    _since: float = 0.0  # that it was one turn's
    _turned: float = 0.0  # when the last turn began

    async def announce(self, jobs: AbstractSet[Job]) -> None:
        """Tell of the turn that begins; returns when every service that reads knows of it."""
        self._note(jobs, trio.current_time())
        news = {}
        for outbox in {*self._told, *(outbox for outbox, _ in self._keys)}:
            names = frozenset(name for whose, name in self._keys if whose is outbox)
            if names != self._told.get(outbox):
                self._told[outbox] = news[outbox] = names
        for outbox, names in news.items():
            await outbox.send_first(Turn(jobs=sorted(names)))

    def _note(self, jobs: AbstractSet[Job], now: float) -> None:
        short = now - self._turned < SHORT_S and now - self._since < TOGETHER_S
        apart = any(each.submit.apart for each in jobs)
        keys = frozenset(each.key for each in jobs)
        if short and not apart and not self._apart:
            self._keys |= keys
        else:
            self._keys, self._apart, self._since = keys, apart, now
        self._turned = now
