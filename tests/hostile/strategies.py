"""Bytes that are nearly right, cut anywhere."""

import itertools
from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st

HANGS_MS = 20_000  # an example takes some milliseconds, and a second where others compute
quickly = settings(max_examples=60, deadline=HANGS_MS)
thoroughly = settings(max_examples=200, deadline=HANGS_MS)
cuts = st.lists(st.integers(0, 5000), max_size=4)


@st.composite
def damaged(draw: st.DrawFn, original: bytes) -> bytes:
    """Some bytes exchanged, left out, repeated or put in."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        copies = data[start:end] * draw(st.sampled_from((0, 2, 50)))
        data[start:end] = draw(st.one_of(st.binary(max_size=8), st.just(bytes(copies))))
    return bytes(data)


def pieces(data: bytes, at: Sequence[int]) -> list[bytes]:
    """The data cut into pieces."""
    ends = [0, *sorted(cut % (len(data) + 1) for cut in at), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(ends)]
