"""Image files to pixels, in processes of their own that a hostile file may crash, hang or bloat."""

import contextlib
import itertools
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import trio

from service.pictures.decoder_messages import Header, Member
from service.pictures.decoder_pool import PLACES, DecoderPool, Task
from service.pictures.decoder_process import Decoder, DecoderLost, File
from service.pictures.decoder_socket import Arrays
from service.pictures.picture import Picture
from service.problems import BrokenImage
from worker.wire.jobs.kind import Sort

__all__ = ["Decoders", "Header", "open_decoders"]

HEADER_S = 5.0  # until a process counts as hanging; a header takes it a millisecond
DECODE_S = 10.0
# What an honest file takes of the processor, about.
HEADER_S_PER_BYTE, S_PER_PIXEL, PART_S_PER_BYTE = 1e-9, 40e-9, 100e-9
# -P: a `service` in the user's working directory is not ours.
ARGV = (sys.executable, "-P", "-m", "service.pictures.decoder")

_CRASHED = "The image made its decoder crash; open it in a viewer and save it again."
T = TypeVar("T")


class Decoders:
    """What is asked of the processes, and what becomes of files that cost one."""

    def __init__(self, max_pixels: int, argv: Sequence[str] = ARGV) -> None:
        self.max_pixels = max_pixels
        self.failures: Counter[str] = Counter()  # processes that a file has cost, by reason
        self.pool = DecoderPool(argv)

    async def header(self, file: File) -> Header:
        """Return format and size, without decoding a pixel.

        Raises:
            UnsupportedFormat, BrokenImage, TooManyPixels: what is wrong with the file.
        """
        return await self._run(
            HEADER_S_PER_BYTE * len(file),
            HEADER_S,
            lambda decoder: decoder.header(file, self.max_pixels),
        )

    async def decode(self, file: File, max_side: int | None = None) -> Picture:
        """Return the first picture of the file: upright sRGB, alpha only where it shows.

        `max_side` shrinks a larger picture first. What the header says is what the file may use:
        memory, time, and a place. Raises as `header`.
        """
        header = await self.header(file)
        return await self._run(
            S_PER_PIXEL * header.pixels,
            DECODE_S,
            lambda decoder: decoder.decode(file, header.pixels, max_side),
        )

    async def members(self, file: File) -> list[Member]:
        """The members of a JSON object, and where they are.

        Raises:
            BadSpec: it is none.
        """
        return await self._run(
            PART_S_PER_BYTE * len(file), DECODE_S, lambda decoder: decoder.members(file)
        )

    async def arrays(self, sort: Sort, file: File) -> Arrays:
        """What a job works on, as arrays.

        Raises:
            BadSpec: what is wrong with it, and where.
            BrokenImage: reading it takes too much time or memory.
        """
        return await self._run(
            PART_S_PER_BYTE * len(file), DECODE_S, lambda decoder: decoder.arrays(sort, file)
        )

    async def _run(self, expected_s: float, limit_s: float, task: Task[T]) -> T:
        """Give the task a process; one death may be an accident, two are the file's doing.

        What kills processes from outside may hit all places at a time, thus the next one too.
        """

        async def in_time(decoder: Decoder) -> T:
            with trio.move_on_after(limit_s):
                return await task(decoder)
            self.failures["too slow"] += 1
            raise BrokenImage(f"Decoding the image takes longer than {limit_s:g} s.")

        for deaths in itertools.count(1):
            try:
                return await self.pool.run(expected_s, in_time)
            except DecoderLost as lost:
                exhausted = lost.by == signal.SIGPROF
                self.failures["too much processor time" if exhausted else "crashed"] += 1
                if exhausted:
                    raise BrokenImage("Decoding the image takes too much processor time.") from lost
                if deaths > (PLACES if lost.by == signal.SIGKILL else 1):
                    raise BrokenImage(_CRASHED) from lost
        raise AssertionError


@contextlib.asynccontextmanager
async def open_decoders(max_pixels: int, argv: Sequence[str] = ARGV) -> AsyncIterator[Decoders]:
    """Run a pool of decoder processes; they end with the block.

    Raises:
        DecoderLost, OSError, trio.TooSlowError: in a group: the first did not start.
    """
    async with trio.open_nursery() as nursery:
        decoders = Decoders(max_pixels, argv)
        await decoders.pool.open(nursery)
        yield decoders
        nursery.cancel_scope.cancel()
