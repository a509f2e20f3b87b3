"""A call that nobody can interrupt, in a thread beside whoever waits for it."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
WAIT_S = 0.05


class Beside(Generic[T]):
    """LAPACK takes seconds for 2,000 nodes in one call: whoever waits can be gone by its end."""

    def __init__(self, call: Callable[[], T]) -> None:
        """Begin. Where it is abandoned it comes to its end unheard."""
        self._call = call
        self._results: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)
        self._thread.start()

    def waits(self) -> Iterator[bool]:
        """Pauses until it has ended, one for each WAIT_S."""
        while self._thread.is_alive():  # loop: iterations
            self._thread.join(WAIT_S)
            yield True

    def result(self) -> T:
        """What it returned, or raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except Exception as error:  # it is raised where the result is asked for
            self._error = error
