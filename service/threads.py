"""Threads beside the event loop: few, and each behind it where the processor is short."""

import ctypes
import os
import sys
import threading

import trio

MOST = 8  # what they do takes processor time or the disk; more would only hold each other up
NICE = 2  # less than a worker's: an encoding is waited for by somebody with a deadline
SWITCH_INTERVAL_S = 0.0005  # a thread holds Python for no longer when the loop wants it
M_ARENA_MAX = -8  # malloc.h of glibc
_this = threading.local()


def prepare() -> None:
    """Settle how threads share this process with the event loop; call in the loop's task."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # With an arena for each thread, each would keep the bytes of a picture.
    _call_libc("mallopt", M_ARENA_MAX, 2)
    trio.to_thread.current_default_thread_limiter().total_tokens = MOST


def step_back() -> None:
    """Have this thread, and those that it starts, run after the event loop; not the main thread.

    Woken beside threads of its own rank, the loop waits for a slice of time each, 3 ms and more.
    """
    if sys.platform != "linux" or hasattr(_this, "is_behind"):  # elsewhere it is the whole process
        return
    _this.is_behind = True
    thread = threading.get_native_id()
    if thread != os.getpid():
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)


def give_back_memory() -> None:
    """Return what is free to the system: uploads come and go. Blocks for some milliseconds."""
    _call_libc("malloc_trim", 0)


def _call_libc(name: str, *arguments: int) -> None:
    """Only where the C library is glibc."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:
        function(*arguments)
