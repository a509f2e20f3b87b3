"""How a command says that something is wrong: lines on stderr, and an exit status."""

import sys
from collections.abc import Iterator
from contextlib import suppress


def complain(what: str, status: int) -> int:
    """Say it, each line under the command's name; returns the status."""
    for line in what.splitlines():
        with suppress(OSError):  # a disk that is full, a pipe whose reader is gone
            print(f"itten: {line}", file=sys.stderr)
    return status


def first_reason(error: BaseException) -> str:
    """The first error in a tree of groups, in words."""
    reason = next(_leaves(error))
    return getattr(reason, "strerror", None) or str(reason)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
