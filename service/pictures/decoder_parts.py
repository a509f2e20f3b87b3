"""The decoder process's other half: what jobs work on whose answer is data."""

from collections.abc import Iterable

import numpy as np

from service.pictures.decoder_messages import (
    Array,
    Member,
    Members,
    Packed,
    Read,
    Refused,
    Rows,
    Split,
)
from service.problems import BadSpec, Malformed
from worker.wire.jobs.parts import BadPart, NotJson, members, read_part
from worker.wire.messages import Message

PIECE = 1 << 20  # bytes to a `Rows`


def answer(request: Split | Read, file: bytes) -> Iterable[tuple[Message, bytes]]:
    """Yield the messages that answer one request; what is wrong with the file is one of them."""
    try:
        if isinstance(request, Split):
            found = [Member(*each) for each in members(file)]
            return [(Members(members=found), b"")]
        return packed(request, file)
    except NotJson as bad:
        return [(Refused(problem=Malformed.slug, detail=bad.message), b"")]
    except BadPart as bad:
        return [(Refused(problem=BadSpec.slug, detail=bad.message, field=bad.field), b"")]
    except MemoryError:
        too_much = "takes more memory than there is for it; send less"
        return [(Refused(problem=BadSpec.slug, detail=too_much, field=""), b"")]
    except Exception as error:  # hostile files find what nobody has thought of
        detail = f"cannot be read: {type(error).__name__}"
        return [(Refused(problem=BadSpec.slug, detail=detail, field=""), b"")]


def packed(request: Read, file: bytes) -> Iterable[tuple[Message, bytes]]:
    """The arrays of a part, in pieces."""
    read = read_part(request.sort, file)
    arrays = {name: np.ascontiguousarray(each) for name, each in read.arrays.items()}
    listed = [Array(name, each.dtype.str, each.shape) for name, each in arrays.items()]
    size = sum(each.nbytes for each in arrays.values())
    pieces: list[tuple[Message, bytes]] = [
        (Packed(arrays=listed, facts=read.facts, nbytes=size), b"")
    ]
    for each in arrays.values():
        data = each.reshape(-1).view(np.uint8).data
        pieces += [(Rows(), data[at : at + PIECE]) for at in range(0, len(data), PIECE)]  # type: ignore[misc]
    return pieces
