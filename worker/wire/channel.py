"""Messages over a byte stream: framing with trio's streams around it."""

from collections import deque
from typing import Generic, Self, TypeVar

import trio

from worker.wire.framing import FrameDecoder, encode
from worker.wire.messages import Message

T = TypeVar("T")

PIECE = 256 << 10  # bytes to a call: the other tasks get a turn in the middle of a big payload


class Channel(Generic[T]):
    """One end of the connection between service and worker; iterate it to receive."""

    def __init__(self, stream: trio.abc.Stream, decoder: FrameDecoder[T]) -> None:
        self._stream = stream
        self._decoder = decoder
        self._received: deque[tuple[T, bytes]] = deque()
        self._sending = trio.Lock()
        # Of its own: nobody's messages wait for a thread that others encode or write in.
        self._joining = trio.CapacityLimiter(1)

    async def send(self, message: Message, *payload: bytes | memoryview) -> None:
        """Write one frame; a send that is cut off closes the connection, half a frame is none.

        Raises:
            trio.BrokenResourceError: when the other side is gone.
            trio.ClosedResourceError: when this side is closed.
            FrameError: when the frame is over the size limits; nothing was written.
        """
        buffers = encode(message, *payload)
        async with self._sending:
            try:
                for buffer in buffers:
                    for start in range(0, len(buffer), PIECE):
                        await self._stream.send_all(buffer[start : start + PIECE])
            except trio.BrokenResourceError:
                raise  # what the other side has said before it went can still be read
            except BaseException:
                await trio.aclose_forcefully(self._stream)
                raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[T, bytes]:
        """Return the next message and its payload; the end and a lost peer both end the loop.

        Raises:
            FrameError: when the other side sent what is no frame.
        """
        while not self._received:
            try:
                data = await self._stream.receive_some(PIECE)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                raise StopAsyncIteration
            self._received.extend(await self._fed(bytes(data)))
        return self._received.popleft()

    async def _fed(self, data: bytes) -> list[tuple[T, bytes]]:
        if not self._decoder.is_long(data):
            return self._decoder.feed(data)
        # To its end, also when cancelled: or these bytes would be missing from the stream.
        return await trio.to_thread.run_sync(self._decoder.feed, data, limiter=self._joining)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the stream at once."""
        await trio.aclose_forcefully(self._stream)
