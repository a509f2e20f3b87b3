"""The service's end of the socket to a decoder process. Everything here blocks: use a thread."""

import math
import socket
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from service.pictures.decoder_messages import (
    Decode,
    Decoded,
    FromDecoder,
    Header,
    Inspect,
    Member,
    Members,
    Packed,
    Read,
    Refused,
    Rows,
    Split,
)
from service.pictures.picture import Picture
from service.threads import step_back
from worker.wire.framing import LENGTHS, MAX_PAYLOAD, FrameError, encode
from worker.wire.messages import Message

MAX_HEADER = 1 << 16  # bytes; a decoder that was taken over may announce anything
M = TypeVar("M", bound=Message)
File = bytes | memoryview
_MESSAGES: msgspec.msgpack.Decoder[FromDecoder] = msgspec.msgpack.Decoder(FromDecoder)


class Arrays(NamedTuple):
    """A part of a job that was read."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, int]


class Refusal(Exception):
    """The decoder does not take the file."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.detail)
        self.slug, self.detail, self.field = refused.problem, refused.detail, refused.field


def ask_header(connection: socket.socket, request: Inspect, file: File) -> Header:
    """Have the header of a file read.

    Raises:
        Refusal: what is wrong with the file.
        OSError, EOFError, FrameError: the process is gone, or not what it was.
    """
    _send(connection, request, file)
    header = receive(connection, Header)
    _check_size(header, request.max_pixels)
    return header


def ask_picture(connection: socket.socket, request: Decode, file: File) -> Picture:
    """Have a file decoded; raises as `ask_header`."""
    step_back()
    _send(connection, request, file)
    shape = receive(connection, Decoded)
    _check_size(shape, request.max_pixels)
    if shape.channels not in (3, 4):
        raise FrameError(f"a picture of {shape.channels} channels")
    # Not zeroed: the kernel fills these pages as the pixels come, while no thread is held up.
    pixels = np.empty(shape.width * shape.height * shape.channels, np.uint8).data
    end = 0
    while end < len(pixels):
        end += _receive(connection, Rows, pixels[end:])[1]
    return Picture(shape.width, shape.height, shape.channels, pixels.toreadonly())


def ask_members(connection: socket.socket, file: File) -> list[Member]:
    """Have the members of a JSON object found; raises as `ask_header`."""
    _send(connection, Split(), file)
    found = receive(connection, Members).members
    if any(not 0 <= each.begin < each.end <= len(file) for each in found):
        raise FrameError("a member that is not in the file")
    return found


def ask_arrays(connection: socket.socket, request: Read, file: File) -> Arrays:
    """Have a part of a job read; raises as `ask_header`."""
    step_back()
    _send(connection, request, file)
    packed = receive(connection, Packed)
    if not 0 <= packed.nbytes <= MAX_PAYLOAD:
        raise FrameError(f"{packed.nbytes} bytes of arrays")
    data = np.empty(packed.nbytes, np.uint8)
    room, end = data.data, 0
    while end < len(room):
        end += _receive(connection, Rows, room[end:])[1]
    try:
        return Arrays(_cut(packed, data), packed.facts)
    except (ValueError, TypeError) as error:
        raise FrameError(f"no arrays: {error}") from error


def _cut(packed: Packed, data: np.ndarray) -> dict[str, np.ndarray]:
    found, begin = {}, 0
    for each in packed.arrays:
        dtype = np.dtype(each.dtype)
        if dtype.kind not in "iuf" or min(each.shape, default=0) < 0:
            raise ValueError(each)
        end = begin + dtype.itemsize * math.prod(each.shape)
        found[each.name] = data[begin:end].view(dtype).reshape(each.shape)
        begin = end
    return found


def receive(connection: socket.socket, kind: type[M]) -> M:
    """The next message, which must be of one kind; raises as `ask_header`."""
    return _receive(connection, kind, memoryview(b""))[0]


def _receive(connection: socket.socket, kind: type[M], room: memoryview) -> tuple[M, int]:
    """The next message and the bytes of its payload, which is written into the room."""
    header, payload = LENGTHS.unpack(_exactly(connection, LENGTHS.size))
    if header > MAX_HEADER or payload > len(room):
        raise FrameError(f"a frame of {header} and {payload} bytes")
    try:
        message = _MESSAGES.decode(_exactly(connection, header))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"a header that is no message: {error}") from error
    if isinstance(message, Refused):
        raise Refusal(message)
    if not isinstance(message, kind):
        raise FrameError(f"{type(message).__name__} instead of {kind.__name__}")
    _fill(connection, room[:payload])
    return message, payload


def _check_size(shape: Header | Decoded, max_pixels: int) -> None:
    """Refuse what no decoder in order says: memory is reserved by it."""
    if min(shape.width, shape.height) < 1 or shape.width * shape.height > max_pixels:
        raise FrameError(f"a picture of {shape.width} x {shape.height}")


def _send(connection: socket.socket, request: Message, file: File) -> None:
    for buffer in encode(request, file):
        connection.sendall(buffer)


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    _fill(connection, memoryview(data))
    return data


def _fill(connection: socket.socket, room: memoryview) -> None:
    while room:
        count = connection.recv_into(room)
        if not count:
            raise EOFError("the decoder process has closed its end")
        room = room[count:]
