"""One worker as the service sees it: kept alive, and what is under way with it."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog
import trio

from service.link.answers import Answer, WorkerLost
from service.link.meter import Meter
from service.link.process import Opener, WorkerUnusable
from service.link.ticket import Ticket, blame
from service.link.trouble import Trouble, reason_of
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder, FrameError
from worker.wire.messages import (
    PROTOCOL,
    ArrayChunk,
    ArraysDone,
    Cancel,
    Finished,
    Hello,
    Preview,
    Started,
    Stats,
    Submit,
    ToService,
    Turn,
)

log = structlog.get_logger()


class _NoWorker(Exception):
    """What answered is no worker that this service can use."""


_FAILURES = (
    OSError,
    FrameError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    _NoWorker,
)


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds."""

    hello_s: float = 120.0  # for torch's import and the warm-up, on a cold disk
    ack_s: float = 4.0  # for the answer to a cancel; all that a worker holds goes with it
    listener_s: float = 5.0  # for a listener that does not take its messages
    rerun_s: float = 1.0  # a job with less left is not run again
    first_pause_s: float = 0.1  # before a dead worker's replacement, doubling
    last_pause_s: float = 5.0
    again_s: float = 60.0  # before the same trouble is told again
    settled_s: float = 5.0  # a worker that was ready for so long starts the pauses over


class Holder(Protocol):
    """Whoever has the tickets."""

    def place(self, ticket: Ticket) -> None:
        """Find a worker for a job whose worker is gone, or end it."""

    def end(
        self, ticket: Ticket, last: Answer | None = None, *, lost: WorkerLost | None = None
    ) -> None:
        """Say how a job ended and forget it."""

    def worker_changed(self) -> None:
        """Take note that a worker became ready or went away."""


class Peer:
    """Keeps one worker connected, and passes jobs to it and their messages back."""

    def __init__(self, name: str, opener: Opener, holder: Holder, patience: Patience) -> None:
        self.name = name
        self.hello: Hello | None = None
        self.meter = Meter()
        self.trouble = Trouble(name, patience.again_s)
        self._opener = opener
        self._holder = holder
        self._patience = patience
        self._pause_s = patience.first_pause_s
        self._ever_ready = False
        self._tickets: dict[str, Ticket] = {}
        self.turn: frozenset[str] | None = None  # jobs over which the worker dies, if it does now
        self._outgoing: deque[tuple[Ticket, Submit | Cancel]] = deque()
        self._more = trio.Event()
        self._connection = trio.CancelScope()

    @property
    def load(self) -> int:
        """Jobs under way with this worker."""
        return len(self._tickets)

    def take(self, ticket: Ticket) -> None:
        """Send a job; only while there is a hello."""
        ticket.peer = self
        self._tickets[ticket.submit.job] = ticket
        self._send_soon(ticket, ticket.submit)

    def send_cancel(self, ticket: Ticket) -> None:
        """Ask the worker to stop a job that it was given."""
        self._send_soon(ticket, Cancel(job=ticket.submit.job))

    def fail(self, reason: str) -> None:
        """Give this worker up: close the connection, and have it replaced."""
        log.error("a worker is given up", worker=self.name, reason=reason)
        self._connection.cancel()

    async def supervise(self) -> None:
        """Connect, and connect again after each failure, until cancelled.

        Raises:
            WorkerUnusable: in a group, when the first worker says that these settings cannot work.
        """
        while True:
            reason = "it ended"
            try:
                await self._live_once()
            except* _FAILURES as group:
                reason = reason_of(group)
            except* WorkerUnusable as group:
                if not self._ever_ready:
                    raise
                reason = reason_of(group)
            self.meter.lost += 1
            self.trouble.tell(reason)
            await trio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, self._patience.last_pause_s)

    async def _live_once(self) -> None:
        self._connection = trio.CancelScope()
        async with self._opener() as stream:
            with self._connection:
                channel = Channel[ToService](stream, FrameDecoder(ToService))
                await self._work(channel, await self._awaited_hello(channel))

    async def _awaited_hello(self, channel: Channel[ToService]) -> Hello:
        with trio.move_on_after(self._patience.hello_s):
            return await _read_hello(channel)
        raise _NoWorker(f"it said nothing for {self._patience.hello_s} s")

    async def _work(self, channel: Channel[ToService], hello: Hello) -> None:
        log.info("a worker is ready", worker=self.name, device=hello.device, name=hello.device_name)
        began = trio.current_time()
        self.hello, self._ever_ready = hello, True
        self.trouble.over()
        self._holder.worker_changed()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, channel, nursery.cancel_scope)
                await self._read(channel)
                nursery.cancel_scope.cancel()
        finally:
            if trio.current_time() - began > self._patience.settled_s:
                self._pause_s = self._patience.first_pause_s
            self._hand_back()

    def _hand_back(self) -> None:
        self.hello = None
        self.meter.gone()
        self._outgoing.clear()
        tickets, self._tickets = list(self._tickets.values()), {}
        blame(tickets, self.turn)
        self.turn = None
        self._holder.worker_changed()
        for each in sorted(tickets, key=lambda ticket: ticket.deadline):
            self._holder.place(each)

    def _send_soon(self, ticket: Ticket, message: Submit | Cancel) -> None:
        self._outgoing.append((ticket, message))
        self._more.set()

    async def _write(self, channel: Channel[ToService], connection: trio.CancelScope) -> None:
        try:
            while True:
                await self._write_next(channel)
        except trio.BrokenResourceError:  # whose turn it was is among what can still be read
            connection.deadline = trio.current_time() + self._patience.listener_s

    async def _write_next(self, channel: Channel[ToService]) -> None:
        while not self._outgoing:
            self._more = trio.Event()
            await self._more.wait()
        ticket, message = self._outgoing.popleft()
        if isinstance(message, Cancel):
            await channel.send(message)
        elif not ticket.cancelled:
            await self._send_job(channel, ticket)

    async def _send_job(self, channel: Channel[ToService], ticket: Ticket) -> None:
        ticket.sent += 1
        work = await ticket.work()
        if ticket.cancelled or ticket.ended.is_set():
            return  # a cancel that follows is acknowledged all the same
        submit = msgspec.structs.replace(
            ticket.submit,
            budget_s=ticket.left_s(),
            work_bytes=len(work),
            apart=ticket.suspected,
        )
        ticket.there = True  # before the first byte: a worker may die over the next
        await channel.send(submit, *ticket.pixels, work)

    async def _read(self, channel: Channel[ToService]) -> None:
        async for message, payload in channel:
            if isinstance(message, Stats):
                self.meter.now = message
            elif isinstance(message, Turn):
                self.turn = frozenset(message.jobs)
            elif not isinstance(message, Hello) and message.job in self._tickets:
                await self._deliver(self._tickets[message.job], message, payload)

    async def _deliver(self, ticket: Ticket, message: ToService, payload: bytes) -> None:
        if isinstance(message, Finished) and message.fatal:
            ticket.blamed = True  # its worker is about to end
            return
        if _is_last(message, ticket):
            del self._tickets[ticket.submit.job]
            self._holder.end(ticket, (message, payload))
            return
        if ticket.answer is not None and not ticket.sending:
            await self._deliver_again(ticket, message)
            return
        if isinstance(message, Finished):
            ticket.answer, ticket.sending = message, True
        await self._offer(ticket, message, payload)

    async def _deliver_again(self, ticket: Ticket, message: ToService) -> None:
        """Until the arrays come of a job whose answer is out already."""
        if isinstance(message, Started):
            await self._offer(ticket, message)
        elif isinstance(message, Finished):
            ticket.sending = message.state == "complete"
            if not ticket.sending:  # less than what was answered
                ticket.answers.close()

    async def _offer(self, ticket: Ticket, message: ToService, payload: bytes = b"") -> None:
        # Whoever reads slowly does without previews, and goes on from further back.
        droppable = isinstance(message, Preview) or (
            isinstance(message, ArrayChunk) and not ticket.sending
        )
        with trio.move_on_after(self._patience.listener_s) as waiting:
            await ticket.answers.offer((message, payload), droppable=droppable)
        if waiting.cancelled_caught:
            about = ticket.submit.log_fields
            log.error("a listener takes no messages; its job is cancelled", **about)
            ticket.answers.close()


def _is_last(message: ToService, ticket: Ticket) -> bool:
    # Every cancel is acknowledged. Waiting for that, even when an answer crosses it on the way,
    # leaves no message behind that could be taken for one about a later job of the same id.
    if isinstance(message, Finished) and message.state == "cancelled":
        return True
    if ticket.cancelled:
        return False
    return isinstance(message, ArraysDone) or (isinstance(message, Finished) and not message.arrays)


async def _read_hello(channel: Channel[ToService]) -> Hello:
    async for message, _ in channel:
        if not isinstance(message, Hello):
            raise _NoWorker(f"it began with {type(message).__name__} instead of Hello")
        if message.protocol != PROTOCOL:
            raise _NoWorker(f"it speaks protocol {message.protocol}, this service {PROTOCOL}")
        return message
    raise _NoWorker("it left before it was ready")
