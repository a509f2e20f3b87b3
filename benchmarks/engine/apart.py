"""Each measurement in a process of its own, prepared as a worker is. No torch here."""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from worker.runtime import prepare_libraries

P = ParamSpec("P")
T = TypeVar("T")


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns in a new process; both must be picklable."""
    # The initializer runs before the work is unpickled, and so before torch is imported.
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=prepare_libraries
    ) as process:
        return process.submit(function, *args, **kwargs).result()


def peak_bytes() -> int:
    """The most memory that this process has held, libraries included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
