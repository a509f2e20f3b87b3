"""How events reach listeners: one broadcast per job, one bounded mailbox per listener.

A mailbox holds one event of a kind, the newest: a listener that falls behind loses previews and
hears of tiles in larger steps, but of every pass, and always of the end.
"""

import math
from collections.abc import Hashable
from types import TracebackType
from typing import Any

import trio

from service.jobs.events import (
    Envelope,
    Event,
    Pass,
    Preview,
    Snapshot,
    Terminal,
    terminal,
)

MAX_PREVIEWS = 8  # places of one picture that may wait in a mailbox, each up to 512 x 512 px
MOST_MERGED = 4096  # certificates or values in one merged event
PREVIEWS_PER_S = 10


class Mailbox:
    """The events of one job for one listener; iterate once, from one task, until the end."""

    def __init__(self, broadcast: "Broadcast") -> None:
        self._broadcast = broadcast
        self._waiting: dict[Hashable, Envelope] = {}  # by slot, in order of seq
        self._news = trio.Event()
        self._last = False

    def put(self, envelope: Envelope) -> None:
        """Add an event; it replaces the one that waits in the same slot."""
        slot = _slot(envelope.event)
        earlier = self._waiting.pop(slot, None)
        self._waiting[slot] = _merged(earlier, envelope)
        previews = [key for key, each in self._waiting.items() if _is_preview(each)]
        for oldest in previews[:-MAX_PREVIEWS]:
            del self._waiting[oldest]
        self._news.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __aiter__(self) -> "Mailbox":
        return self

    async def __anext__(self) -> Envelope:
        if self._last:
            raise StopAsyncIteration
        await self._news.wait()
        envelope = self._waiting.pop(next(iter(self._waiting)))
        self._last = isinstance(envelope.event, Terminal)
        if not self._waiting:
            self._news = trio.Event()
        return envelope

    def close(self) -> None:
        """Stop listening."""
        self._broadcast.leave(self)

    def __enter__(self) -> "Mailbox":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Broadcast:
    """Everything that is said about one job, in order; ends with one terminal event."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.seq = 0
        self._end: Envelope | None = None
        self._listeners: list[Mailbox] = []

    @classmethod
    def of_ended(cls, document: dict[str, Any]) -> "Broadcast":
        """The broadcast of a job that ended before this process began."""
        broadcast = cls(document["id"])
        broadcast.publish(terminal(document))
        return broadcast

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def ended(self) -> bool:
        """Whether the terminal event was published."""
        return self._end is not None

    def publish(self, event: Event) -> None:
        """Tell every listener; after the end nothing is said any more."""
        if self.ended:
            return
        self.seq += 1
        envelope = Envelope(self.job, self.seq, event)
        if isinstance(event, Terminal):
            self._end = envelope
        for listener in self._listeners:
            listener.put(envelope)

    def subscribe(self, document: dict[str, Any] | None = None) -> Mailbox:
        """A mailbox for a new listener; one that comes late first gets a snapshot.

        Args:
            document: the job document now; None for a listener that wants no snapshot.
        """
        mailbox = Mailbox(self)
        # The snapshot stands for all that was said so far, but not for the end, which follows it.
        heard = self.seq - 1 if self.ended else self.seq
        if document is not None and self.seq > 0:
            mailbox.put(Envelope(self.job, heard, Snapshot(document)))
        if self._end is not None:
            mailbox.put(self._end)
        self._listeners.append(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """Forget a listener; harmless for one that has left."""
        if mailbox in self._listeners:
            self._listeners.remove(mailbox)


class PreviewPace:
    """Says which previews of a job are worth encoding: at most ten a second."""

    def __init__(self) -> None:
        self._next = -math.inf

    def allows(self, now: float) -> bool:
        """Whether a preview may go out at this moment, on a clock in seconds."""
        if now < self._next:
            return False
        self._next = now + 1 / PREVIEWS_PER_S
        return True


def _is_preview(envelope: Envelope) -> bool:
    return isinstance(envelope.event, Preview)


def _slot(event: Event) -> Hashable:
    if isinstance(event, Preview):
        return event.place
    if isinstance(event, Pass):
        return event.type, event.index
    return event.type


def _merged(earlier: Envelope | None, later: Envelope) -> Envelope:
    if earlier is None:
        return later
    return Envelope(later.job, later.seq, later.event.after(earlier.event, MOST_MERGED))
