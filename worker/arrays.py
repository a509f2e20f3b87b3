"""A field's arrays as messages."""

from collections.abc import Iterator

import numpy as np

from worker.runs import Array
from worker.wire.messages import ArrayChunk

CHUNK = 4 << 20  # bytes


def chunks(job: str, name: str, array: Array) -> Iterator[tuple[ArrayChunk, memoryview]]:
    """Cut an array into messages of at most 4 MiB; an empty array is one message."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    for offset in range(0, max(1, len(flat)), CHUNK):
        message = ArrayChunk(
            job=job, name=name, dtype=array.dtype.str, shape=array.shape, offset=offset
        )
        yield message, flat[offset : offset + CHUNK]
