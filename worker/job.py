"""A job in the engine: how far it is, and what lies ahead of it."""

from dataclasses import dataclass, field, replace
from typing import Any

import trio

from worker.outbox import Outbox
from worker.runs import Alone, Forecast, Interruptible, Run, Work
from worker.scheduler import QUANTUM_S
from worker.wire.messages import Submit


@dataclass(eq=False)
class Job:
    """From `Submit` to the end of what follows its `Finished`; times by trio's clock."""

    submit: Submit
    payload: bytes
    outbox: Outbox
    arrived: float
    deadline: float  # for `conclude` to be through
    forecast: Forecast
    run: Run | None = None
    started: float | None = None
    cancelled: bool = False
    piece: Interruptible[Any] | None = None  # a step or the conclusion, begun and not ended
    piece_s: float = 0.0  # of the device that it has taken
    concluding: bool = False
    leaves: bool = False  # whether another job may want to go on from it
    work: Work | None = None  # a checkpoint that was made and is not sent yet
    saving: trio.CancelScope | None = None  # set while it is sent
    arrays: trio.CancelScope | None = None  # set while the arrays are sent, after `Finished`
    lane: trio.Lock = field(default_factory=trio.Lock)  # held by what is sent of these

    @property
    def key(self) -> tuple[Outbox, str]:
        """Two services may use the same ids."""
        return self.outbox, self.submit.job

    @property
    def size(self) -> int:
        """Pixels of its pictures, or what takes as much memory."""
        return self.submit.size

    @property
    def closing(self) -> bool:
        """Whether the piece under way is part of concluding."""
        offer = self.forecast.offer
        return self.concluding or (isinstance(offer, Alone) and offer.closing)

    @property
    def ahead(self) -> Forecast:
        """The forecast, less what the piece under way has done of it."""
        if self.piece is None:
            return self.forecast
        offer, taken = self.forecast.offer, self.piece_s
        seconds = offer.seconds if isinstance(offer, Alone) else 0.0
        closed_s = taken if self.closing else 0.0
        return replace(
            self.forecast,
            offer=Alone(max(QUANTUM_S, seconds - taken)),
            conclude_s=max(QUANTUM_S, self.forecast.conclude_s - closed_s),
            floor_s=max(0.0, self.forecast.floor_s - taken),
            work_s=max(0.0, self.forecast.work_s - taken),
        )
