"""What a kind of job is whose answer is data: one module that says all of it.

Everything that names a kind asks the registry in `worker.wire.jobs`. A module here may import numpy
and what is free of torch; its numerics are imported when a job begins, in the worker.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.wire.config import BadConfig, convert_fields

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = Mapping[str, Array]
Facts: TypeAlias = dict[str, int]  # what is known of the parts of a job: how large they are
Errors: TypeAlias = Iterable[tuple[str, str]]  # a field and what is wrong with it
Sort = Literal["graph", "matrix", "image"]
P = TypeVar("P", bound=msgspec.Struct)
MOST_SHOWN = 1 << 23  # bytes


class Part(NamedTuple):
    """Something that a job works on, beside its params."""

    name: str
    sort: Sort
    about: str
    required: bool = True
    needs: tuple[str, ...] = ()  # of its arrays; all when empty
    shows: tuple[str, ...] = ()  # kept besides, while they are small, for who looks at the job

    def keeps(self, name: str, array: Array) -> bool:
        """Whether this array of it is kept with the job."""
        shown = name in self.shows and array.nbytes <= MOST_SHOWN
        return not self.needs or name in self.needs or shown


class Patch(NamedTuple):
    """What a step has come to: values at these places."""

    places: Array  # (c,) integers
    values: Arrays  # (c,) each, by name


class Result(NamedTuple):
    """What a job has come to, whole or partial."""

    document: dict[str, Any]  # small, as JSON has it
    arrays: dict[str, Array]
    """NaN where a value is not known. While they are few the document has them too, as lists; those
    of three axes are pictures, and never there."""


class Computation(ABC):
    """One job under way, in the worker. Nothing is called concurrently."""

    done: int  # parts of the work that are done; it never falls
    total: int
    finished: bool  # whether nothing is left to do
    retries: int = 0  # for want of memory

    @abstractmethod
    def step(self) -> Patch | None:
        """Go on for about 50 ms."""

    @abstractmethod
    def result(self) -> Result:
        """What there is; at any time, also before the first step."""

    def step_s(self) -> float:
        """Seconds that the next step may take, where the last one says nothing about it."""
        return 0.0

    def left_s(self) -> float:
        """Seconds that the rest takes, estimated."""
        return 0.05 * (self.total - self.done)

    def closing_s(self) -> float:
        """Seconds that `result` takes, estimated, where it has more to do than to collect."""
        return 0.0

    def work(self) -> dict[str, Array]:
        """What another computation of the same can go on from; nobody writes to it again.

        Names are of a-z, 0-9, and `_.-`.
        """
        return {}

    def restore(self, arrays: Arrays) -> None:  # noqa: B027 - of one that leaves nothing
        """Go on from what `work` came to.

        Raises:
            ValueError, KeyError: it is that of something else.
        """


def _nothing(_params: Any, _facts: Facts) -> Errors:
    return ()


@dataclass(frozen=True)
class Kind(Generic[P]):
    """A kind of job."""

    name: str
    about: str
    params: type[P]  # its fields have ranges and descriptions as `msgspec.Meta`
    parts: tuple[Part, ...]
    estimate: Callable[[P, Facts], float]  # seconds of two CPU cores
    begin: Callable[[P, Arrays, Any], Computation]  # with the arrays of the parts, on a device
    check: Callable[[P, Facts], Errors] = field(default=_nothing)  # params against parts
    picture: str | None = None  # the array of the answer that is its image, (H, W, 3) uint8
    numerics: tuple[str, ...] = ()  # modules that a worker loads while it warms up
    example: Mapping[str, Any] = field(default_factory=dict)  # parts and params of a request
    shown: Callable[[P, Facts, Arrays], Result] | None = None
    """The answer of a job that was cut off, by its last `work`; raises what `restore` does."""

    @property
    def graph(self) -> str | None:
        """The name of the part that is a graph, if it works on one."""
        return next((part.name for part in self.parts if part.sort == "graph"), None)

    def read(self, values: Mapping[str, object]) -> P:
        """The params; those that are not given are defaults.

        Raises:
            BadConfig: names every field that is wrong.
        """
        read, errors = convert_fields(self.params, values)
        errors += [
            (each.name, "is missing")
            for each in msgspec.structs.fields(self.params)
            if each.required and each.name not in values
        ]
        if errors:
            raise BadConfig(errors)
        return self.params(**read)


class Steps(Computation):
    """A computation that a generator does: it yields how many of so many parts are done.

    What it returns is the result; before that it is what `now` comes to.
    """

    def __init__(
        self, steps: Generator[tuple[int, int], None, Result], now: Callable[[], Result]
    ) -> None:
        """Nothing is done yet."""
        self._steps, self._now, self._result = steps, now, Result({}, {})
        self.done, self.total, self.finished = 0, 1, False

    def step(self) -> None:
        """To the next `yield`, or the end."""
        try:
            self.done, self.total = next(self._steps)
        except StopIteration as end:
            self._result, self.finished, self.done = end.value, True, self.total

    def result(self) -> Result:
        """With how far it is."""
        made = self._result if self.finished else self._now()
        counts = {"done": self.done, "total": self.total}
        return made._replace(document=counts | made.document)


def integers(values: Iterable[int]) -> Array:
    """Numbers of a list of params."""
    return np.fromiter(values, np.int64)
