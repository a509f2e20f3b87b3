"""The keys that are valid now: those of a file, which is read again when it has changed."""

import math
from pathlib import Path

import structlog
import trio

from service.access.keys import Key, KeysError, find, read_keys

LOOK_S = 1.0  # between two looks at the file
_log = structlog.stdlib.get_logger("itten.keys")
_Stamp = tuple[int, int, int]  # nanoseconds of the last change, bytes, inode


class KeyRing:
    """The keys of one file."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises KeysError where it cannot be used."""
        self._path = path
        self._stamp = _stamp(path)
        self._keys = read_keys(path)
        self._looked = -math.inf
        self._looking = trio.CapacityLimiter(1)  # of its own: no work keeps it waiting

    async def find(self, text: str) -> Key | None:
        """The valid key that this is."""
        await self._refresh()
        return find(self._keys, text)

    async def has(self, key: Key) -> bool:
        """Whether a key is still valid, with the scopes that it had."""
        await self._refresh()
        return key in self._keys

    async def _refresh(self) -> None:
        now = trio.current_time()
        if now - self._looked >= LOOK_S:
            self._looked = now
            await trio.to_thread.run_sync(self._look, limiter=self._looking)

    def _look(self) -> None:
        """Read the file if it has changed; what cannot be read changes nothing, and is told."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._path)
        except KeysError as error:
            _log.error(
                "the file of keys cannot be used; the keys stay as they were, mend it",
                path=str(self._path),
                reason=str(error),
            )
        else:
            _log.warning("the keys have changed", keys=len(self._keys))


def _stamp(path: Path) -> _Stamp | None:
    """What changes with the file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
