"""Fields of sources, kept from one job of a worker to the next."""

import hashlib
from collections import OrderedDict

import msgspec

from worker.kinds.lender import Solved
from worker.wire.messages import Shape
from worker.wire.params import ShadeParams

KEPT_BYTES = 256 << 20
"""The fields of five sources of 12 megapixels, or of 250 of 512 x 512."""


class Sources:
    """Finished fields, the least recently used ones forgotten first. For one thread."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        """Nothing is known yet, and never more than `most_bytes` will be."""
        self._most, self._held = most_bytes, 0
        self._kept: OrderedDict[bytes, Solved] = OrderedDict()

    def get(self, key: bytes) -> Solved | None:
        """What is known of a source."""
        solved = self._kept.get(key)
        if solved is not None:
            self._kept.move_to_end(key)
        return solved

    def put(self, key: bytes, solved: Solved) -> None:
        """Keep a field, unless it alone is too large."""
        if key in self._kept or solved.nbytes > self._most:
            return
        self._kept[key] = solved
        self._held += solved.nbytes
        while self._held > self._most:
            self._held -= self._kept.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._held = 0


# One worker owns one device, so that one memory serves all of its jobs.
SOURCES = Sources()


def source_key(pixels: memoryview, shape: Shape, params: ShadeParams) -> bytes:
    """What tells one field from another: the pixels, and all that the field depends on."""
    # Where the source is transparent, the background is part of it.
    seen = (params.background, params.contours, params.scale)
    definition = msgspec.json.encode((shape, params.field, *seen))
    return hashlib.sha256(definition + hashlib.sha256(pixels).digest()).digest()
