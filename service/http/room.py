"""The bytes that all requests under way hold in memory together: their bodies, and their answers.

Each of these has a limit, but not five hundred of them that are sent, or read, slowly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST = 1 << 30
FULL = "The requests under way take all the memory that there is for them; send it again."


@dataclass
class Room:
    """How many bytes may be held, and are."""

    most: int = MOST
    taken: int = 0

    def has(self, size: int) -> bool:
        """Whether there is room for so many more; for what is alone there always is."""
        return not self.taken or self.taken + size <= self.most

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Count so many bytes while the block runs."""
        self.taken += size
        try:
            yield
        finally:
            self.taken -= size
