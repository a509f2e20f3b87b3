"""Calls that pause between two operations of torch, so that a long one shares its device.

A call that goes on for seconds, such as the last pass over a large picture, would keep everybody
else waiting. It gets a thread of its own here, and whoever resumes it waits while it runs: the two
never run at a time.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Generic, TypeVar

import torch
from torch.overrides import TorchFunctionMode

T = TypeVar("T")
_this = threading.local()  # of the thread: seconds that its call has paused, sections it is in


def worked() -> float:
    """A clock in seconds that stands still while the call of this thread pauses."""
    paused_s: float = getattr(_this, "paused_s", 0.0)
    return time.perf_counter() - paused_s


@contextmanager
def undivided() -> Iterator[None]:
    """A section that an abandoned call still completes: it leaves nothing half done."""
    _this.sections = getattr(_this, "sections", 0) + 1
    try:
        yield
    finally:
        _this.sections -= 1


class Abandoned(BaseException):
    """Raised in a call where it has paused, when nobody waits for its result any more."""


class Fiber(Generic[T]):
    """A call that is run a while at a time.

    It pauses before an operation of torch (a function of `torch`, or a method or an attribute of a
    tensor) once its time is over; never within one, nor in numpy, in compiled code or in another
    thread that the call waits for. At a pause it may hold no lock that others need.

    It ends when it has returned or raised, or when it is abandoned: one of these has to be, or its
    thread stays. It is resumed and abandoned from one thread at a time, that may be another one
    each time.

    What torch keeps for each thread (inference mode, autocast, device, how many threads an
    operation takes) is the call's own, and `entered` sets it up. A number of threads is also what
    threads to come start with: pausing sets that back to the caller's, so that a call which pauses
    with one thread, as in `lanes.single_threaded`, leaves no trace.
    """

    def __init__(
        self,
        call: Callable[[], T],
        entered: Callable[[], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing of `call` runs before it is resumed; `entered` surrounds it in its thread."""
        self._call, self._entered = call, entered
        self._pauses = _Pauses(clock)
        self._thread: threading.Thread | None = None
        self._threads = 1  # of an operation, where the caller has started it
        self._ended = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def resume(self, seconds: float) -> bool:
        """Run until it has ended, or for so many seconds and to the end of an operation.

        It gets on by an operation with every call but the first, however short the time.

        Returns:
            Whether it has ended; from then on nothing happens here.
        """
        if self._ended:
            return True
        threads = torch.get_num_threads()
        if self._thread is None:
            self._threads = threads
            context = contextvars.copy_context()  # what log lines of the caller's say, too
            self._thread = threading.Thread(
                target=context.run, args=(self._run,), name="fiber", daemon=True
            )
            self._pauses.begin(seconds)
            self._thread.start()
        else:
            self._pauses.go_on(seconds)
        self._pauses.wait()
        torch.set_num_threads(threads)
        if self._ended:
            self._thread.join()
        return self._ended

    def result(self) -> T:
        """What the call returned; raises what it raised, Abandoned if it was abandoned.

        Raises:
            RuntimeError: it has not ended yet.
        """
        if not self._ended:
            raise RuntimeError("the call has not ended yet")
        try:
            if self._error is not None:
                raise self._error
            return self._results[0]
        finally:
            del self  # the error has this frame now, and would keep the fiber, which has the error

    def abandon(self) -> None:
        """End it where it is; its `finally` and `with` are gone through, without another pause.

        Nothing happens when it has ended already.
        """
        if self._thread is None:
            self._ended, self._error = True, Abandoned()
        self._pauses.abandoned = True
        self.resume(0)

    def _run(self) -> None:
        try:
            torch.set_num_threads(self._threads)
            with self._entered(), self._pauses:
                self._results.append(self._call())
        except Abandoned as error:
            self._error = error.with_traceback(None)  # whose frames have tensors
        except BaseException as error:  # whatever it is, it is raised where the result is asked for
            self._error = error
        del self._call  # and all that it refers to
        self._ended = True
        pauses = self._pauses
        del self  # as in `result`
        pauses.end()


class _Pauses(TorchFunctionMode):
    """Looks at the clock before every operation of its thread, and waits when time is over.

    A microsecond for each.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.abandoned = False
        self._clock, self._until = clock, 0.0
        self._resumed, self._paused = threading.Semaphore(0), threading.Semaphore(0)

    def begin(self, seconds: float) -> None:
        """From the caller: so much time from now on."""
        self._until = self._clock() + seconds

    def go_on(self, seconds: float) -> None:
        """From the caller: end the pause."""
        self.begin(seconds)
        self._resumed.release()

    def wait(self) -> None:
        """From the caller: until the next pause, or the end."""
        self._paused.acquire()

    def end(self) -> None:
        """From the call's thread, at its end."""
        self._paused.release()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if not self.abandoned and self._clock() >= self._until:
            self._pause()
        return func(*args, **(kwargs or {}))

    def _pause(self) -> None:
        began = time.perf_counter()
        self._paused.release()
        self._resumed.acquire()
        _this.paused_s = getattr(_this, "paused_s", 0.0) + time.perf_counter() - began
        if self.abandoned and not getattr(_this, "sections", 0):
            raise Abandoned
