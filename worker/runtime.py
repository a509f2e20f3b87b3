"""What the C libraries below torch must be told before it is imported."""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable

SPIN_COUNT = "3000"
"""How often a thread of libgomp looks before it sleeps while it waits for the others. By default it
looks for milliseconds: with two other busy processes on two cores a field of 1.4 s then took 36 s,
with this 6 s."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc
KEPT = 1 << 30  # bytes
MOST_FREE = 3 << 29
"""Bytes kept for later at most: a mix of large and small pictures leaves holes everywhere."""


def prepare_libraries() -> None:
    """Share cores gracefully, and keep freed memory; call before torch is imported."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let glibc reuse large blocks instead of unmapping them; nothing happens elsewhere.

    Batches free and ask for the same tens of megabytes many times a second, and each time the
    kernel would clear the pages anew: a first field took 2.4 s, with warm pages 1.5 s.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT)
        mallopt(M_TRIM_THRESHOLD, KEPT)
        # What one thread frees another takes: with an arena for each thread, a mix of large and
        # small pictures led to 5 GB.
        mallopt(M_ARENA_MAX, 1)


def resident_bytes() -> int:
    """Memory that this process takes; where the system does not tell, the most it ever took."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def collector() -> Callable[[], object]:
    """What frees the cycles of a job that has ended, in a millisecond; call after the warm-up.

    A generator that is held by what it works on is such a cycle, and has tensors. Few objects of
    Python are made beside them: the collector comes by itself once in hundreds of jobs, 4 GB later.
    What there is by now stays; torch's modules alone would take it half a second each time.
    """
    gc.collect()
    gc.freeze()
    return gc.collect


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks")),
        ("fordblks", ctypes.c_size_t),  # bytes that are free
        ("keepcost", ctypes.c_size_t),
    )


def give_back_memory() -> None:
    """Return freed memory to the system where it has become too much; a tenth of a second then."""
    library = ctypes.CDLL(None)
    heap, trim = getattr(library, "mallinfo2", None), getattr(library, "malloc_trim", None)
    if heap is None or trim is None:
        return
    heap.restype = _Heap
    if heap().fordblks > MOST_FREE:
        trim(0)
