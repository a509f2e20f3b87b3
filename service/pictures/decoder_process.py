"""One decoder process, seen from the service: its start, the connection to it, its end."""

import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import trio

from service.pictures.decoder_messages import (
    Decode,
    Decoded,
    FromDecoder,
    Header,
    Inspect,
    Ready,
    Refused,
    Rows,
)
from service.pictures.picture import Picture
from service.problems import BrokenImage, Problem, TooManyPixels, UnsupportedFormat
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder, FrameError
from worker.wire.messages import Message

START_S = 30.0
END_S = 5.0

_PROBLEMS: dict[str, type[Problem]] = {
    problem.slug: problem for problem in (UnsupportedFormat, BrokenImage, TooManyPixels)
}
M = TypeVar("M", bound=Message)
File = bytes | memoryview


class DecoderLost(Exception):
    """The process ended where it owed an answer, by this signal if by any."""

    def __init__(self, by: int | None) -> None:
        super().__init__(f"by signal {by}" if by else "by itself")
        self.by = by


class Decoder:
    """One process and the connection to it; `busy` while it owes an answer."""

    def __init__(self, process: trio.Process, channel: Channel[FromDecoder]) -> None:
        self.process = process
        self.busy = False
        self._channel = channel

    async def header(self, file: File, max_pixels: int) -> Header:
        """Have the header read."""
        await self._ask(Inspect(max_pixels=max_pixels), file)
        header, _ = await self.receive(Header)
        self.busy = False
        return header

    async def decode(self, file: File, max_pixels: int, max_side: int | None) -> Picture:
        """Have the pixels decoded."""
        await self._ask(Decode(max_pixels=max_pixels, max_side=max_side), file)
        shape, _ = await self.receive(Decoded)
        pixels = bytearray(shape.width * shape.height * shape.channels)
        end = 0
        while end < len(pixels):
            _, piece = await self.receive(Rows)
            start, end = end, end + len(piece)
            pixels[start:end] = piece
        self.busy = False
        view = memoryview(pixels).toreadonly()
        return Picture(shape.width, shape.height, shape.channels, view)

    async def receive(self, kind: type[M]) -> tuple[M, bytes]:
        """Return the next message, which must be of one kind, and its payload.

        Raises:
            Problem: the file is refused.
            DecoderLost: the process is gone.
        """
        try:
            message, payload = await anext(self._channel)
        except (StopAsyncIteration, FrameError):
            raise DecoderLost(await self._signal()) from None
        if isinstance(message, Refused):
            self.busy = False
            raise _PROBLEMS[message.problem](message.detail)
        assert isinstance(message, kind)
        return message, payload

    async def _ask(self, request: Message, file: File) -> None:
        """Send a request; a process that is gone shows when the answer is received."""
        self.busy = True
        with contextlib.suppress(trio.BrokenResourceError):
            await self._channel.send(request, file)

    async def _signal(self) -> int | None:
        with trio.move_on_after(END_S):  # the connection closes a moment before the process is dead
            return max(0, -await self.process.wait())
        return None


@contextlib.asynccontextmanager
async def start_decoder(argv: Sequence[str]) -> AsyncIterator[Decoder]:
    """Start one process and wait until it is ready; it is killed at the end of the block.

    Raises:
        DecoderLost, OSError, trio.TooSlowError: it does not start.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(ours)) as stream:
            process = await trio.lowlevel.open_process(
                [*argv, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal is for the service alone
            )
            theirs.close()  # or the end of the process would not close the connection
            try:
                decoder = Decoder(process, Channel(stream, FrameDecoder(FromDecoder)))
                with trio.fail_after(START_S):
                    await decoder.receive(Ready)
                yield decoder
            finally:
                process.kill()
                with trio.move_on_after(END_S, shield=True):
                    await process.wait()
