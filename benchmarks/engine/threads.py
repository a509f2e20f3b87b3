"""How many threads a library gets: all or one, whichever is faster for it.

On tiles this small the threads of an operation often wait for each other more than they compute.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from benchmarks.engine.timing import timed
from worker.numerics.lanes import cores


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Torch and the libraries below scipy with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def faster_threads(call: Callable[[], object]) -> int:
    """The number of threads, 1 or all, with which a call that is warm takes less time."""
    took = {}
    for threads in {cores(), 1}:
        with limited(threads):
            call()
            took[threads] = timed(call)[1].wall
    return min(took, key=lambda threads: took[threads])
