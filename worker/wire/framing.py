"""Messages to bytes and back, without I/O.

One frame: u32 header length, u32 payload length (both big-endian), a msgpack header, the payload.
The payload may leave in parts and is never copied then; it arrives as one, joined once.
"""

import struct
from typing import Any, Generic, TypeVar

import msgspec

from worker.wire.messages import Message

T = TypeVar("T")

MAX_HEADER = 4 << 20  # bytes; a `Tiles` message with 70 000 certificates
MAX_PAYLOAD = 1 << 30  # bytes; 268 megapixels of RGBA
LONG = 1 << 20  # bytes of a payload; joining 36 MB takes 15 ms and more, for its new memory
LENGTHS = struct.Struct(">II")
_ENCODER = msgspec.msgpack.Encoder()


class FrameError(Exception):
    """The bytes are no frame that this side takes; the connection cannot be read any further."""


def encode(message: Message, *payload: bytes | memoryview) -> list[memoryview]:
    """Return the buffers of one frame, in order; the payload's parts must be C-contiguous.

    Raises:
        FrameError: when the other side would refuse the frame for its size.
    """
    header = _ENCODER.encode(message)
    body = [memoryview(part) for part in payload]
    size = sum(part.nbytes for part in body)
    _check_lengths(len(header), size)
    head = memoryview(LENGTHS.pack(len(header), size) + header)
    return [head, *(part.cast("B") for part in body if part.nbytes)]


class FrameDecoder(Generic[T]):
    """Cuts a byte stream into messages of one type and their payloads, in linear time."""

    def __init__(
        self,
        message_type: Any,  # T, often a union, which `type[T]` cannot name
        *,
        max_header: int = MAX_HEADER,
        max_payload: int = MAX_PAYLOAD,
    ) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(message_type)
        self._max_header = max_header
        self._max_payload = max_payload
        self._lengths: tuple[int, int] | None = None
        self._message: T | None = None
        self._expect(LENGTHS.size)

    def is_long(self, data: bytes) -> bool:
        """Whether feeding this joins a payload so long that a thread had better do it."""
        return self._size >= LONG and len(data) >= self._missing

    def feed(self, data: bytes) -> list[tuple[T, bytes]]:
        """Take the next bytes of the stream and return the frames that they complete.

        Raises:
            FrameError: on a length over the limit or a header that is no such message; the
                decoder is of no use afterwards.
        """
        frames: list[tuple[T, bytes]] = []
        start = 0
        while start < len(data):
            # Bytes, not views: joined, they let the other threads of Python go on.
            piece = data[start : start + self._missing]
            start += len(piece)
            self._pieces.append(piece)
            self._missing -= len(piece)
            if self._missing == 0:
                frames += self._section_complete(b"".join(self._pieces))
        return frames

    def _section_complete(self, section: bytes) -> list[tuple[T, bytes]]:
        if self._message is not None:
            return [self._frame_complete(section)]
        if self._lengths is None:
            header, payload = LENGTHS.unpack(section)
            _check_lengths(header, payload, self._max_header, self._max_payload)
            self._lengths = header, payload
            self._expect(header)
            return []
        self._message = self._decoded(section)
        self._expect(self._lengths[1])
        # No byte will come to complete an empty payload.
        return [] if self._lengths[1] else [self._frame_complete(b"")]

    def _frame_complete(self, payload: bytes) -> tuple[T, bytes]:
        assert self._message is not None
        frame = self._message, payload
        self._lengths = self._message = None
        self._expect(LENGTHS.size)
        return frame

    def _decoded(self, header: bytes) -> T:
        try:
            return self._decoder.decode(header)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise FrameError(f"a header that is no message: {error}") from error

    def _expect(self, size: int) -> None:
        # Pieces are gathered rather than written into a buffer of the announced size: a lie about
        # the length then costs no memory.
        self._pieces: list[bytes] = []
        self._missing = self._size = size


def _check_lengths(
    header: int, payload: int, max_header: int = MAX_HEADER, max_payload: int = MAX_PAYLOAD
) -> None:
    if not 0 < header <= max_header:
        raise FrameError(f"a header of {header} bytes; 1 to {max_header} are allowed")
    if payload > max_payload:
        raise FrameError(f"a payload of {payload} bytes; at most {max_payload} are allowed")
