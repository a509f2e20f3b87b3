"""The border between scheduling and numerics: a job's computation, cut into short steps."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from worker.wire.messages import Finished, Submit, ToService

# A message and its payload. The payload is sent later and without a copy: whoever hands it over
# must not write to its memory again.
Emission: TypeAlias = tuple[ToService, bytes | memoryview]
Array: TypeAlias = npt.NDArray[Any]


class Run(Protocol):
    """One job's computation. Everything is called in the engine's thread, never concurrently."""

    def step(self) -> Sequence[Emission]:
        """Do at most about 50 ms of work; return what the service should know of it."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do but `conclude`."""

    def next_step_s(self) -> float | None:
        """Seconds that the next step would take, estimated; None: about as the last one."""

    def conclude_s(self) -> float:
        """Seconds that `conclude` would take now, estimated."""

    def conclude(self, within_s: float) -> tuple[Finished, bytes | memoryview]:
        """Return the best result that `within_s` seconds allow, `complete` or `partial`.

        Also before the first step, and also when there is no time left at all.
        """

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """Yield the field's arrays by name; called after `conclude` when it promised arrays.

        None is a pause: other jobs may have the device before it goes on.
        """


# Builds a job's run from the request and its pixels; called in the engine's thread, and cheap: a
# job whose deadline passed while it waited is built only to be concluded.
RunFactory: TypeAlias = Callable[[Submit, bytes], Run]
