"""The connection to the workers: supervision, jobs by id, cancel with acknowledgement, re-runs.

A worker that dies is replaced after a while that doubles from failure to failure. Each job that it
held goes on with another worker from where it was last kept, if there is time for it; otherwise its
listener gets `WorkerLost`, or `Deadly` when two workers died in turns that were its alone.
Deadlines cross as the seconds that are left when the job is sent.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
import trio

from service.link.answers import Answer, Answers, Deadly, WorkerLost
from service.link.peer import Patience, Peer
from service.link.process import WorkerUnusable, connected, spawned, worker_command
from service.link.ticket import Choose, Pixels, Ticket, Work
from worker.wire.address import parse_address
from worker.wire.messages import Finished, Hello, Submit

__all__ = [
    "Answers",
    "Deadly",
    "Patience",
    "WorkerLink",
    "WorkerLost",
    "WorkerUnusable",
    "open_workers",
]

log = structlog.get_logger()


async def _no_work() -> bytes:
    return b""


def _first(ready: Mapping[str, Hello], _: float) -> str:
    return next(iter(ready))


@asynccontextmanager
async def open_workers(
    addresses: Sequence[str] = (),
    *,
    device: str = "auto",
    threads: int | None = None,
    command: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> AsyncIterator["WorkerLink"]:
    """Supervise the workers at `addresses`, or without any a child of our own.

    `command` replaces the child's command line, and `environment` is what it has besides ours. It
    returns before a worker is ready; see `WorkerLink.wait_ready`.

    Raises:
        ValueError: on an address that is none.
        WorkerUnusable: in an exception group, when the child cannot use the device asked for.
    """
    openers = {text: partial(connected, parse_address(text)) for text in addresses} or {
        "child": partial(spawned, command or worker_command(device, threads), environment)
    }
    async with trio.open_nursery() as nursery:
        link = WorkerLink(nursery, patience or Patience())
        for name, opener in openers.items():
            link.peers.append(Peer(name, opener, link, link.patience))
        for peer in link.peers:
            nursery.start_soon(peer.supervise)
        try:
            yield link
        finally:
            link.close()
            nursery.cancel_scope.cancel()


@dataclass(eq=False)
class WorkerLink:
    """All workers as one; where a job goes, who submits it decides."""

    nursery: trio.Nursery
    patience: Patience
    peers: list[Peer] = field(default_factory=list)
    _tickets: dict[str, Ticket] = field(default_factory=dict)
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def ready(self) -> bool:
        """Whether a worker has warmed up and takes jobs."""
        return self.hello is not None

    @property
    def hello(self) -> Hello | None:
        """What the first ready worker has said about itself."""
        return next(iter(self.workers.values()), None)

    @property
    def workers(self) -> dict[str, Hello]:
        """What those that are ready have said about themselves, by name."""
        return {peer.name: peer.hello for peer in self.peers if peer.hello is not None}

    @property
    def troubled(self) -> bool:
        """Whether no worker is there, nor any that may be warming up for all that is known."""
        return all(peer.trouble.reason is not None for peer in self.peers)

    async def wait_ready(self) -> None:
        """Return once a worker is ready."""
        while not self.ready:
            await self._changed.wait()

    async def submit(
        self,
        submit: Submit,
        *pixels: Pixels,
        work: Work = _no_work,
        choose: Choose = _first,
    ) -> Answers:
        """Start a job; returns at once, the pixels of its pictures are sent behind the scenes.

        With them goes what `work` comes to then, and when it has to be sent again. `choose` names
        one of the ready workers for it, also when that is gone.

        Raises:
            ValueError: when a job of this id is under way.
        """
        if submit.job in self._tickets:
            raise ValueError(f"job {submit.job} is under way already")
        answers = Answers(on_close=lambda: self._begin_cancel(ticket))
        deadline = trio.current_time() + submit.budget_s
        ticket = Ticket(submit, pixels, work, choose, deadline, answers)
        self._tickets[submit.job] = ticket
        self.place(ticket)
        await trio.lowlevel.checkpoint()
        return answers

    async def cancel(self, job: str) -> None:
        """Stop a job and return when it has stopped; a worker that does not obey is replaced."""
        ticket = self._tickets.get(job)
        if ticket is not None:
            self._begin_cancel(ticket)
            await ticket.ended.wait()

    def place(self, ticket: Ticket) -> None:
        """Give a job to a worker, now or when one is ready, or give it up."""
        if ticket.ended.is_set():
            return
        ticket.peer = None
        ready = self.workers
        in_time = ticket.left_s() > self.patience.rerun_s
        if ticket.cancelled:
            self.end(ticket, _cancelled(ticket))
        elif ticket.final or (ticket.answer is not None and not in_time):
            self.end(ticket, lost=WorkerLost("the worker died while it sent the arrays"))
        elif ticket.deaths > 1:
            self.end(ticket, lost=Deadly("two workers died over this job"))
        elif not in_time and (ticket.sent or not ready):
            self.end(ticket, lost=WorkerLost("no worker is ready and the deadline is near"))
        elif ready:
            chosen = ticket.choose(ready, trio.current_time())
            next(peer for peer in self.peers if peer.name == chosen).take(ticket)
        else:
            self.nursery.start_soon(self._give_up_in_time, ticket)

    def end(
        self, ticket: Ticket, last: Answer | None = None, *, lost: WorkerLost | None = None
    ) -> None:
        """Say how a job ended and forget it."""
        if ticket.ended.is_set():
            return
        if lost is not None:
            log.warning("a job was lost", **ticket.submit.log_fields, reason=str(lost))
        del self._tickets[ticket.submit.job]
        ticket.end(last, lost)

    def close(self) -> None:
        """End every job; no worker will be there for it."""
        for ticket in list(self._tickets.values()):
            if ticket.cancelled:
                self.end(ticket, _cancelled(ticket))
            else:
                self.end(ticket, lost=WorkerLost("the service is stopping"))

    def worker_changed(self) -> None:
        """Take note that a worker became ready or went away."""
        self._changed.set()
        self._changed = trio.Event()
        for ticket in [ticket for ticket in self._tickets.values() if ticket.peer is None]:
            if self.ready:
                self.place(ticket)

    def _begin_cancel(self, ticket: Ticket) -> None:
        if ticket.cancelled or ticket.ended.is_set():
            return
        ticket.cancelled = True
        ticket.answers.silence()
        if ticket.peer is None:
            self.end(ticket, _cancelled(ticket))
        else:
            ticket.peer.send_cancel(ticket)
            self.nursery.start_soon(self._insist, ticket, ticket.peer)

    async def _insist(self, ticket: Ticket, peer: Peer) -> None:
        with trio.move_on_after(self.patience.ack_s):
            await ticket.ended.wait()
        if not ticket.ended.is_set():
            ticket.blamed = True
            peer.fail("it did not obey a cancel")

    async def _give_up_in_time(self, ticket: Ticket) -> None:
        await trio.sleep_until(ticket.deadline - self.patience.rerun_s)
        if ticket.peer is None:
            self.end(ticket, lost=WorkerLost("no worker was ready in time"))


def _cancelled(ticket: Ticket) -> Answer:
    return Finished(job=ticket.submit.job, state="cancelled"), b""
