"""Batches side by side on the cores of a CPU: one thread each, and none inside an operation.

A step of a batch is hundreds of operations of some ten microseconds. Split over two threads each of
them waits for both, and as soon as anything else wants a core, for the kernel to give it back: with
one other busy process a field of 1.1 s took 4.6 s. Two batches side by side took 1.3 s and 2.0 s,
and their bytes do not depend on the number of cores.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

T = TypeVar("T")


@lru_cache(maxsize=1)
def cores() -> int:
    """Threads that torch may use, as of the first call: a lane's limit of one is global too."""
    return torch.get_num_threads()


@lru_cache(maxsize=2)  # tiles and graphs take turns with numbers of their own
def _pool(lanes: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(lanes, "lane", initializer=torch.set_num_threads, initargs=(1,))


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def side_by_side(lanes: int, calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of the calls, in order; all of them have ended, also when one raises."""
    if lanes == 1:
        return [call() for call in calls]

    def called(call: Callable[[], T]) -> T:
        with torch.inference_mode():  # of the thread, not of the process
            return call()

    # With a thread for every core each, two lanes took ten times as long over banded factors.
    with _blas().limit(limits=1):
        futures = [_pool(lanes).submit(called, call) for call in calls]
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
    return [future.result() for future in futures]


@contextmanager
def single_threaded(*, needed: bool = True) -> Iterator[None]:
    """One thread for each operation of torch, of this thread too, while the lanes are at work.

    Threads that wait for the next operation keep the lanes from their cores, and how many there
    are shows in the bytes. A pass of the shader takes 23 ms with two and 40 ms with one on an idle
    machine; beside two busy processes one takes 150 ms, and two took 9 s.
    """
    cores()  # as many as there are now
    before = torch.get_num_threads()
    if needed and before > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if needed and before > 1:
            torch.set_num_threads(before)


def in_lanes(
    lanes: int, works: Iterable[Iterator[list[int]]], quantum_s: float = 0.0
) -> Iterator[list[int]]:
    """Run iterators to their ends, `lanes` at a time; yields what each round of steps yields.

    Args:
        lanes: how many run side by side.
        works: each step of one is a short piece of work.
        quantum_s: how long a lane goes on by itself, from one work to the next; at least a step.
            The longer, the less the lanes wait for each other.
    """
    waiting, running = deque(works), [_Lane() for _ in range(lanes)]
    while waiting or any(lane.work for lane in running):
        rounds = [partial(lane.run, waiting, quantum_s) for lane in running]
        yield [t for changed in side_by_side(lanes, rounds) for t in changed]


class _Lane:
    """One of several that take their works from the same queue."""

    def __init__(self) -> None:
        self.work: Iterator[list[int]] | None = None

    def run(self, waiting: deque[Iterator[list[int]]], quantum_s: float) -> list[int]:
        """Steps until the time is over, or nothing is left; what they yield."""
        changed: list[int] = []
        end = time.monotonic() + quantum_s
        while True:
            if self.work is None:
                try:
                    self.work = waiting.popleft()  # atomic: no two lanes take the same
                except IndexError:
                    return changed
            step = next(self.work, None)
            if step is None:
                self.work = None
                continue
            changed += step
            if time.monotonic() >= end:
                return changed
