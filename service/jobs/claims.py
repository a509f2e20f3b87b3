"""One at a time for each name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class Claims:
    """Names, each held by one task at most; the others wait for it."""

    def __init__(self) -> None:
        self._held: dict[str, trio.Event] = {}

    def __len__(self) -> int:
        return len(self._held)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Have a name for the length of the block."""
        while (taken := self._held.get(name)) is not None:
            await taken.wait()
        released = self._held[name] = trio.Event()
        try:
            yield
        finally:
            del self._held[name]
            released.set()
