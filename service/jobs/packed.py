"""What a job works on whose answer is data: arrays, in one file."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Packed:
    """An npz; nobody writes to its memory again."""

    buffer: bytes | memoryview = field(repr=False)

    @property
    def nbytes(self) -> int:
        """Length of the file."""
        return memoryview(self.buffer).nbytes


def packed(arrays: Mapping[str, np.ndarray]) -> Packed:
    """Arrays of numbers as one; not compressed."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return Packed(file.getbuffer())
