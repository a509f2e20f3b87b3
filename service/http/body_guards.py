"""The request's body: every way of sending it counted, every failure one of our problems."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import trio
from quart.wrappers.request import Body
from quart_trio.formparser import TrioFormDataParser
from quart_trio.wrappers import TrioRequest
from quart_trio.wrappers.request import TrioBody
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from service.http.pins import require_pins
from service.http.room import FULL, Room
from service.problems import BodyTooLarge, Busy, Malformed, Problem, UploadTooSlow

require_pins()

_PIECE = 64 * 1024
_BOUNDARY = 70  # characters (RFC 2046); werkzeug's search multiplies them with the body's length
_PART_HEADER = 2 * _PIECE  # bytes: a piece, and what was left of the one before


PIECE = 32 * 1024  # bytes that a reader is handed at a time
FREE_PIECES = 4096  # that a body may come in, however small; a piece costs 60 us
LEAST_MEAN = 512  # bytes of all further pieces on average


class GuardedBody(TrioBody):
    """A body that is refused as soon as it passes the limit.

    Quart 0.22 compares the limit with Content-Length and with what lies unread. A chunked
    upload has no such header and the form parser leaves nothing unread: 30 MB passed 10.
    """

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(expected_content_length, None)
        self._limit = max_content_length
        self.room = Room()
        self._received = self._count = self._held = 0
        # Quart's one buffer grows by copying what is there: 20 ms of the event loop for 20 MB.
        self._pieces: deque[bytes] = deque()
        self._check(expected_content_length or 0)

    def append(self, data: bytes) -> None:
        """Take the next bytes from the server, a piece of at most 64 kB."""
        self._received += len(data)
        self._count += 1
        if data and self._must_raise is None:
            self._hold(bytes(data))
        self._check(self._received)
        if self._count > FREE_PIECES + self._received // LEAST_MEAN:
            mean = self._received // self._count
            self.refuse(
                Malformed(f"The body comes in pieces of {mean} bytes on average; send larger ones.")
            )

    def clear(self) -> None:
        """Let go of what has come in."""
        self._pieces.clear()

    def end(self) -> None:
        """Give back the room, at the end of the request: forms and pictures hold it until then."""
        self.room.taken -= self._held
        self.room, self._held = Room(), 0  # what still comes in is nobody's, and let go of

    def _hold(self, data: bytes) -> None:
        if not self.room.has(len(data)):
            self.refuse(Busy(FULL))
            return
        self.room.taken += len(data)
        self._held += len(data)
        self._pieces.append(data)
        self._has_data.set()

    async def __anext__(self) -> bytes:
        # Quart hands over all that has come in, up to the whole body, and ends the iteration
        # of a body that was refused meanwhile as if it were complete.
        await trio.lowlevel.checkpoint()
        while not self._pieces and not self._complete.is_set():
            await self._has_data.wait()
        if self._must_raise is not None:
            raise self._must_raise
        if not self._pieces:
            raise StopAsyncIteration
        piece = self._pieces.popleft()
        if len(piece) > PIECE:  # the form parser counts it towards what a field may have
            self._pieces.appendleft(piece[PIECE:])
        if not self._pieces:
            self._has_data.clear()
        return piece[:PIECE]

    def __await__(self) -> Generator[Any, None, bytes]:
        yield from self._complete.wait().__await__()
        if self._must_raise is not None:
            raise self._must_raise
        if len(self._pieces) > 1:  # in a thread: 15 ms for 32 MB
            whole = yield from trio.to_thread.run_sync(b"".join, list(self._pieces)).__await__()
            self._pieces = deque([whole])
        return self._pieces[0] if self._pieces else b""

    def _check(self, length: int) -> None:
        if self._limit is not None and length > self._limit:
            self.refuse(
                BodyTooLarge(f"The body is larger than {self._limit / 2**20:g} MB; send less.")
            )

    def refuse(self, problem: Problem) -> None:
        """Let whoever reads the body have this problem, unless it is complete already."""
        if self._must_raise is None and not self._complete.is_set():
            self._must_raise = problem
            self.clear()
            self.set_complete()


class PartBuffer(BytesIO):
    """The bytes of a file part, with room for all that may come; it is not copied to grow.

    Memory that is not written to costs nothing.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = np.empty(room, np.uint8).data
        self._end = self._position = 0

    def write(self, data: Any) -> int:
        """Add bytes at the end; BufferError beyond the room."""
        size = len(memoryview(data))
        if self._end + size > len(self._room):
            raise BufferError("more bytes than were announced")
        self._room[self._end : self._end + size] = data
        self._end += size
        return size

    def seek(self, position: int, _whence: int = 0) -> int:
        """Read on from there."""
        self._position = min(position, self._end)
        return self._position

    def read(self, _size: int | None = -1) -> bytes:
        """What has not been read."""
        start, self._position = self._position, self._end
        return bytes(self._room[start : self._end])

    def getbuffer(self) -> memoryview:
        """All bytes, not copied."""
        return self._room[: self._end].toreadonly()


class GuardedFormParser(TrioFormDataParser):
    """Quart's parser, in memory, and without a blind eye for broken forms.

    Quart 0.22 spools parts over 500 kB to disk in the event loop; lets the header of a part
    grow to the size of the body, searched again with each piece (8 MB blocked the loop for a
    second); takes a form that it cannot read for an empty one; and splits fields without files
    whatever their number (32 MB of `a=&` are gigabytes). Memory is bounded by the body's limit.
    """

    def __init__(self, **options: Any) -> None:
        options["max_content_length"] = _PART_HEADER  # the decoder's buffer, whatever its name
        super().__init__(**options, silent=False, stream_factory=_part)

    async def parse(
        self, body: Body, mimetype: str, content_length: int | None, options: Any = None
    ) -> tuple[MultiDict[str, Any], MultiDict[str, Any]]:
        """The fields and the files; ValueError for what is not a form."""
        if mimetype == "application/x-www-form-urlencoded":
            return await self._fields(body)
        if len((options or {}).get("boundary", "")) > _BOUNDARY:
            raise ValueError(f"its boundary has more than {_BOUNDARY} characters")
        watched = _Watched(body, f"--{(options or {}).get('boundary', '')}--".encode())
        fields, files = await super().parse(watched, mimetype, content_length, options)  # type: ignore[arg-type]
        if None in fields or None in files:
            raise ValueError("it has a part without a name")
        if mimetype == "multipart/form-data" and not fields and not files:
            raise ValueError("it has no complete part")
        if mimetype == "multipart/form-data" and not watched.seen:
            raise ValueError("it is cut off, its last boundary is missing")
        return fields, files

    async def _fields(self, body: Body) -> tuple[MultiDict[str, Any], MultiDict[str, Any]]:
        text = bytearray()
        async for piece in body:
            text += piece
            if len(text) > (self.max_form_memory_size or 0):
                raise RequestEntityTooLarge
        most = self.max_form_parts
        return MultiDict(parse_qsl(text.decode(), True, max_num_fields=most)), MultiDict()


class _Watched:
    """A body, and whether a mark was in it; the form parser drops a part that has no end."""

    def __init__(self, body: Body, mark: bytes) -> None:
        self._body, self._mark = body, mark
        self._last = b""
        self.seen = False

    def __aiter__(self) -> "_Watched":
        return self

    async def __anext__(self) -> bytes:
        data = await anext(self._body)
        text = self._last + data
        self.seen = self.seen or self._mark in text
        self._last = text[-len(self._mark) :]
        return data


def _part(length: int | None, *_: Any) -> BytesIO:
    """Where a file part goes, of a body of so many bytes if that is known."""
    return BytesIO() if length is None else PartBuffer(length)


class GuardedRequest(TrioRequest):
    """A request whose body raises problems of service/problems.py only."""

    body_class = GuardedBody
    form_data_parser_class = GuardedFormParser

    async def get_data(self, *args: Any, **options: Any) -> Any:
        """The body, within BODY_TIMEOUT; UploadTooSlow, BodyTooLarge or Malformed otherwise."""
        with self._problems():
            return await super().get_data(*args, **options)

    async def _load_form_data(self) -> None:
        with self._problems():
            await super()._load_form_data()

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except RequestTimeout as error:
            raise UploadTooSlow(
                f"The body did not arrive within {self.body_timeout:g} s; send a smaller image "
                "or use a faster connection."
            ) from error
        except RequestEntityTooLarge as error:
            raise BodyTooLarge(
                f"A form may have {self.max_form_parts} parts and {self.max_form_memory_size} "
                "bytes in each field; send images as file parts."
            ) from error
        except ValueError as error:
            raise Malformed(f"The form cannot be read: {error}.") from error
