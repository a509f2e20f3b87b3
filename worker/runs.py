"""The border between scheduling and numerics: a job's computation, cut into short steps."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy.typing as npt

from worker.wire.messages import Submit, ToService

# A message and its payload. The payload is sent later and without a copy: whoever hands it over
# must not write to its memory again.
Emission: TypeAlias = tuple[ToService, bytes | memoryview]
Array: TypeAlias = npt.NDArray[Any]
T = TypeVar("T")
R = TypeVar("R", covariant=True)


@dataclass(frozen=True)
class Tiles:
    """Tiles of a job that wait for a batch of the device; equal keys can share one."""

    key: Hashable
    count: int
    each_s: float  # seconds of the device for one of them, in a full batch
    most: int = 1 << 30  # in one batch, for its memory


@dataclass(frozen=True)
class Alone:
    """A step that a job does by itself."""

    seconds: float  # estimated
    closing: bool = False  # whether concluding would have to do it too


@dataclass(frozen=True)
class Forecast:
    """What lies before a job, in seconds of the device; all estimates."""

    offer: Tiles | Alone | None  # what it would do next; None: nothing is left but to conclude
    conclude_s: float  # to conclude now
    floor_s: float = 0.0  # from here to its coarse field and one pass; 0 once it has them
    work_s: float = 0.0  # all that it plans to do, without concluding


class Poisoned(ArithmeticError):
    """What was computed is no number: the device cannot be trusted any more."""


class Work(NamedTuple):
    """What another run over the same pictures can go on from."""

    whole: bool  # whether it stands by itself; else it adds to what was handed out before
    arrays: dict[str, Array]  # nobody writes to their memory again


class Run(Protocol):
    """One job's computation. Everything is called in the engine's thread, never concurrently."""

    def forecast(self, expected_s: float) -> Forecast:
        """What lies ahead, planned for so many seconds of the device. Cheap."""

    def step(self) -> Sequence[Emission]:
        """Do the next piece by itself, tiles too; return what the service should know of it."""

    def conclude(self, within_s: float) -> Sequence[Emission]:
        """Return what there is to tell at the end; the last is `Finished`.

        It has the best result that `within_s` seconds allow, `complete` or `partial`. Also before
        the first step, and also when there is no time left at all.
        """

    def checkpoint(self, *, last: bool = False) -> Work | None:
        """What is new since the last one, where it is worth its price by now; cheap else.

        At the `last`, after `conclude`, all that is new. Only of jobs that ask for it.
        """

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """Yield arrays of the field by name; called after `conclude` when it promised some.

        None is a pause: other jobs may have the device before it goes on.
        """

    def drop(self) -> None:
        """Let go of what further steps would need; what there is stays for arrays, a checkpoint."""


class Interruptible(Protocol[R]):
    """A call that goes on for a while at a time; see `worker.fibers`."""

    def resume(self, seconds: float) -> bool:
        """Go on for about so long; whether it has ended."""

    def result(self) -> R:
        """What the call returned, or raises what it raised."""

    def abandon(self) -> None:
        """End it where it stands."""


class Runs(Protocol):
    """The numerics as the engine sees them. Called in the engine's thread, but for `foresee`."""

    def foresee(self, submit: Submit) -> Forecast:
        """What lies before a job that has not begun."""

    def make(self, submit: Submit, payload: bytes) -> Run:
        """Build the run of a job."""

    def solve(self, shares: Sequence[tuple[Any, int]]) -> Sequence[Sequence[Emission]]:
        """Bring so many tiles of each run a stage further, together; what to tell of each.

        The runs have offered tiles of one key.
        """

    def interruptible(self, call: Callable[[], T]) -> Interruptible[T]:
        """The call, not begun yet, in pieces."""
