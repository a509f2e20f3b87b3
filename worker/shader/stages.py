"""Work that comes operator by operator."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def result_of(stages: Generator[None, None, T]) -> T:
    """Go through all stages at once."""
    while True:
        try:
            next(stages)
        except StopIteration as end:
            result: T = end.value
            return result
