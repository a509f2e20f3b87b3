"""Image files to pixels, in processes of their own that a hostile file may crash, hang or bloat."""

import contextlib
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import structlog
import trio

from service.pictures.decoder_messages import Header, Member
from service.pictures.decoder_process import Decoder, DecoderLost, File, start_decoder
from service.pictures.decoder_socket import Arrays
from service.pictures.picture import Picture
from service.problems import BrokenImage
from worker.wire.jobs.kind import Sort

__all__ = ["Decoders", "Header", "open_decoders"]

PLACES = 2  # processes, all warm: starting one takes 0.1 s, too long to wait for at a request
MORE = 4  # processes that may be added while all others are busy
SLOW_S, IDLE_S = 1.0, 10.0  # of waiting until one is added; between two looks whether it is needed
HEADER_S = 5.0  # until a process counts as hanging; a header takes it a millisecond
DECODE_S = 10.0
# -P: a `service` in the user's working directory is not ours.
ARGV = (sys.executable, "-P", "-m", "service.pictures.decoder")

_CRASHED = "The image made its decoder crash; open it in a viewer and save it again."
_log = structlog.stdlib.get_logger("itten.images")
T = TypeVar("T")


class Decoders:
    """Some processes; one that is lost is replaced, and more are added where files take long.

    A few slow files would keep all others waiting; so the processor is shared among processes.
    """

    nursery: trio.Nursery  # of those that are added

    def __init__(self, max_pixels: int, argv: Sequence[str] = ARGV) -> None:
        self.max_pixels = max_pixels
        self.failures: Counter[str] = Counter()  # processes that a file has cost, by reason
        self._argv = argv
        self._idle: list[Decoder] = []
        self._free = trio.Semaphore(0)  # at least as many as are idle
        self._proven = False
        self._more = 0

    async def header(self, file: File) -> Header:
        """Return format and size, without decoding a pixel.

        Raises:
            UnsupportedFormat, BrokenImage, TooManyPixels: what is wrong with the file.
        """
        return await self._run(HEADER_S, lambda decoder: decoder.header(file, self.max_pixels))

    async def decode(self, file: File, max_side: int | None = None) -> Picture:
        """Return the first picture of the file: upright sRGB, alpha only where it shows.

        `max_side` shrinks a larger picture first. Raises as `header`.
        """
        return await self._run(
            DECODE_S, lambda decoder: decoder.decode(file, self.max_pixels, max_side)
        )

    async def members(self, file: File) -> list[Member]:
        """The members of a JSON object, and where they are.

        Raises:
            BadSpec: it is none.
        """
        return await self._run(DECODE_S, lambda decoder: decoder.members(file))

    async def arrays(self, sort: Sort, file: File) -> Arrays:
        """What a job works on, as arrays.

        Raises:
            BadSpec: what is wrong with it, and where.
            BrokenImage: reading it takes too much time or memory.
        """
        return await self._run(DECODE_S, lambda decoder: decoder.arrays(sort, file))

    async def keep_one(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep one process in the pool, a fresh one whenever it dies; started with the first.

        Raises:
            DecoderLost, OSError, trio.TooSlowError: the very first one of the pool did not start.
        """
        pause_s = 0.1
        while True:
            try:
                async with start_decoder(self._argv) as decoder:
                    if not self._proven:
                        self._proven = True
                        task_status.started()
                    await self._serve(decoder)
                pause_s = 0.1
            except (DecoderLost, OSError, trio.TooSlowError) as error:
                if not self._proven:
                    raise  # a broken installation, not bad luck
                _log.error("decoder does not start", error=repr(error), retry_in_s=pause_s)
                await trio.sleep(pause_s)
                pause_s = min(5.0, 2 * pause_s)

    async def _serve(self, decoder: Decoder) -> None:
        """Have one process in the pool until it dies."""
        self._give(decoder)
        try:
            await decoder.process.wait()
        finally:
            with contextlib.suppress(ValueError):
                self._idle.remove(decoder)

    async def _wait_for_place(self) -> None:
        try:
            self._free.acquire_nowait()
        except trio.WouldBlock:
            free = trio.Event()
            self.nursery.start_soon(self._add_one_unless, free)
            try:
                await self._free.acquire()
            finally:
                free.set()

    async def _add_one_unless(self, free: trio.Event) -> None:
        with trio.move_on_after(SLOW_S):
            await free.wait()
        if not free.is_set() and self._more < MORE:
            await self._add_one()

    async def _add_one(self) -> None:
        """Have one process more in the pool until nobody has it when it is looked at."""
        self._more += 1
        try:
            async with start_decoder(self._argv) as decoder:
                self._give(decoder)
                while decoder.process.returncode is None:
                    with trio.move_on_after(IDLE_S):
                        await decoder.process.wait()
                    if decoder in self._idle:
                        self._idle.remove(decoder)
                        return
        except (DecoderLost, OSError, trio.TooSlowError) as error:
            _log.warning("no decoder can be added", error=repr(error))
        finally:
            self._more -= 1

    def _give(self, decoder: Decoder) -> None:
        self._idle.append(decoder)
        self._free.release()

    async def _run(self, limit_s: float, task: Callable[[Decoder], Awaitable[T]]) -> T:
        """Give the task a process; one death may be an accident, two are the file's doing."""
        for last in (False, True):
            try:
                async with self._borrowed(limit_s) as decoder:
                    return await task(decoder)
            except DecoderLost as lost:
                exhausted = lost.by == signal.SIGXCPU
                self.failures["too much processor time" if exhausted else "crashed"] += 1
                if exhausted:
                    raise BrokenImage("Decoding the image takes too much processor time.") from lost
                if last:
                    raise BrokenImage(_CRASHED) from lost
        raise AssertionError

    @contextlib.asynccontextmanager
    async def _borrowed(self, limit_s: float) -> AsyncIterator[Decoder]:
        """Lend a process; one that still owes an answer afterwards, for any reason, is killed."""
        decoder = await self._take()
        try:
            with trio.move_on_after(limit_s) as patience:
                yield decoder
            if patience.cancelled_caught:
                self.failures["too slow"] += 1
                raise BrokenImage(f"Decoding the image takes longer than {limit_s:g} s.")
        finally:
            if decoder.busy:
                decoder.process.kill()
            else:
                self._give(decoder)

    async def _take(self) -> Decoder:
        """The first that is free, for who has waited longest."""
        while True:
            await self._wait_for_place()
            while self._idle:  # empty: the one that was free has died
                decoder = self._idle.pop()
                if decoder.process.returncode is None:  # else it died of no file, here or at rest
                    return decoder


@contextlib.asynccontextmanager
async def open_decoders(max_pixels: int, argv: Sequence[str] = ARGV) -> AsyncIterator[Decoders]:
    """Run a pool of decoder processes; they end with the block."""
    decoders = Decoders(max_pixels, argv)
    async with trio.open_nursery() as nursery:
        decoders.nursery = nursery
        await nursery.start(decoders.keep_one)
        for _ in range(PLACES - 1):
            nursery.start_soon(decoders.keep_one)
        yield decoders
        nursery.cancel_scope.cancel()
