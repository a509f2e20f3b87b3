"""A job under way with the workers, and over which of them a worker has died."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from service.link.answers import Answer, Answers, WorkerLost
from worker.wire.messages import Finished, Hello, Submit

if TYPE_CHECKING:
    from service.link.peer import Peer

Pixels = bytes | memoryview
Work = Callable[[], Awaitable[bytes]]
Choose = Callable[[Mapping[str, Hello], float], str]  # of ready workers one's name, at this time


@dataclass(eq=False)
class Ticket:
    """A job under way; `pixels` are kept until its end, for a second run."""

    submit: Submit
    pixels: Sequence[Pixels]  # of the target, and of the source where there is one
    work: Work  # fetches the npz to go on from, empty for none, each time that the job is sent
    choose: Choose
    deadline: float  # by trio's clock
    answers: Answers
    peer: "Peer | None" = None
    sent: int = 0
    deaths: int = 0  # workers that died in a turn that was its alone
    suspected: bool = False  # a worker died in a turn that was its, too
    there: bool = False  # at this worker, in part at least
    blamed: bool = False  # the worker ends over this very job
    cancelled: bool = False
    answer: Finished | None = None  # it is out, arrays are to follow
    sending: bool = False  # this worker has come to the answer, and sends the arrays
    ended: trio.Event = field(default_factory=trio.Event)

    @property
    def final(self) -> bool:
        """Whether its answer is out and another run could come to another one."""
        return self.answer is not None and self.answer.state != "complete"

    def left_s(self) -> float:
        """Return the seconds until the deadline."""
        return self.deadline - trio.current_time()

    def end(self, last: Answer | None, lost: WorkerLost | None) -> None:
        """Close the answers and let go of the pixels."""
        self.pixels = ()
        self.answers.end(last, lost=lost)
        self.ended.set()


def blame(tickets: Sequence[Ticket], turn: AbstractSet[str] | None) -> None:
    """Note over which of its jobs a worker died: as few as can be told.

    That is the one it named before it ended, or whose turn it was; while there was none, what had
    been sent to it. One alone has it on its account; of several each is suspected, and has its
    turns alone from then on.

    Args:
        turn: ids of those that may have had the device; none: another service's; None: unknown.
    """
    blamed = [each for each in tickets if each.blamed]
    turned = [each for each in tickets if turn is not None and each.submit.job in turn]
    sent = [each for each in tickets if each.there and turn != frozenset()]
    suspects = blamed or turned or sent
    for each in suspects:
        each.suspected = True
        each.deaths += each.blamed or len(suspects) == 1
    for each in tickets:
        each.there = each.blamed = each.sending = False
