"""An answer that is data, as the job document has it; without torch."""

from typing import Any

import msgspec
import numpy as np

from worker.wire.jobs.kind import Array, Result

MOST_INLINE = 50_000  # values that an answer has in its document
PICTURE_AXES = 3


def linked(made: Result) -> list[str]:
    """Arrays that are not in the document: pictures, and all where they are many."""
    listed = _lists(made)
    return [name for name in made.arrays if name not in listed]


def document(made: Result) -> bytes:
    """The document, with arrays as lists where they are few; JSON."""
    lists = {name: listed(each) for name, each in _lists(made).items()}
    return msgspec.json.encode(made.document | lists)


def listed(array: Array) -> list[Any]:
    """Numbers as JSON has them, None for those that are none."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return list(array.tolist())
    objects = array.astype(object)
    objects[~np.isfinite(array)] = None
    return list(objects.tolist())


def _lists(made: Result) -> dict[str, Array]:
    found = {name: each for name, each in made.arrays.items() if each.ndim < PICTURE_AXES}
    return found if sum(each.size for each in found.values()) <= MOST_INLINE else {}
