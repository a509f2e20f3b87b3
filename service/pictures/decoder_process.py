"""One decoder process, seen from the service: its start, the connection to it, its end."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeVar

import outcome
import trio

from service.pictures.decoder_messages import Decode, Header, Inspect, Member, Read, Ready
from service.pictures.decoder_socket import (
    Arrays,
    File,
    Refusal,
    ask_arrays,
    ask_header,
    ask_members,
    ask_picture,
    receive,
)
from service.pictures.picture import Picture
from service.problems import (
    BadSpec,
    BrokenImage,
    FieldError,
    Malformed,
    Problem,
    TooManyPixels,
    UnsupportedFormat,
)
from worker.wire.framing import FrameError
from worker.wire.jobs.kind import Sort

START_S = 30.0
END_S = 5.0
NICE = 3
# A decoder uses no BLAS, but numpy starts its threads, one for each core, and each takes address
# space, which is limited.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_PROBLEMS: dict[str, type[Problem]] = {
    problem.slug: problem for problem in (Malformed, UnsupportedFormat, BrokenImage, TooManyPixels)
}
T = TypeVar("T")
__all__ = ["Decoder", "DecoderLost", "File", "start_decoder"]


class DecoderLost(Exception):
    """The process ended where it owed an answer, by this signal if by any."""

    def __init__(self, by: int | None) -> None:
        super().__init__(f"by signal {by}" if by else "by itself")
        self.by = by


class Decoder:
    """One process and the socket to it; `busy` while it owes an answer.

    `left` is set once it takes no other file, `put_off` when it was ended to make room.

    The socket is written and read in a thread: pictures are large, new memory is slow, and the
    event loop would stand still for both.
    """

    def __init__(self, process: trio.Process, connection: socket.socket) -> None:
        self.process = process
        self.busy = False
        self.left = trio.Event()
        self.put_off = False
        self.long = False  # whether its task is, to the pool
        self._answered = False  # in the exchange under way
        self._own_thread = trio.CapacityLimiter(1)  # it mostly waits
        self._connection = connection

    async def ready(self) -> None:
        """Wait until the process has started; raises DecoderLost when it has not."""
        await self._in_thread(partial(receive, self._connection, Ready))

    async def header(self, file: File, max_pixels: int) -> Header:
        """Have the header read.

        Raises:
            Problem: the file is refused.
            DecoderLost: the process is gone.
        """
        request = Inspect(max_pixels=max_pixels)
        return await self._in_thread(partial(ask_header, self._connection, request, file))

    async def decode(self, file: File, max_pixels: int, max_side: int | None) -> Picture:
        """Have the pixels decoded; raises as `header`."""
        request = Decode(max_pixels=max_pixels, max_side=max_side)
        return await self._in_thread(partial(ask_picture, self._connection, request, file))

    async def members(self, file: File) -> list[Member]:
        """Have the members of a JSON object found; raises as `header`."""
        return await self._in_thread(partial(ask_members, self._connection, file))

    async def arrays(self, sort: Sort, file: File) -> Arrays:
        """Have what a job works on read; raises as `header`."""
        return await self._in_thread(partial(ask_arrays, self._connection, Read(sort=sort), file))

    def processor_s(self) -> float:
        """Processor time that the process has used; 0 where that cannot be known."""
        try:  # clock_getcpuclockid(3) of Linux, which Python does not have
            return time.clock_gettime(~self.process.pid << 3 | 2)
        except OSError:  # it has ended
            return 0.0

    def set_apart(self) -> None:
        """Have the process take no file after this one, which has taken long, and step back."""
        self.left.set()
        _step_back(self.process.pid)

    def end_and_put_off(self) -> None:
        """End the process, though its file is nothing worse than slow."""
        self.put_off = True
        self.left.set()
        self.process.kill()

    async def _in_thread(self, exchange: Callable[[], T]) -> T:
        self.busy = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._kill_when_cancelled)
            result = await trio.to_thread.run_sync(
                outcome.capture, exchange, limiter=self._own_thread
            )
            self._answered = True
            nursery.cancel_scope.cancel()
        try:
            answer = result.unwrap()
        except Refusal as refusal:
            self.busy = False
            raise _problem(refusal) from None
        except (OSError, EOFError, FrameError):
            raise DecoderLost(await self._signal()) from None
        self.busy = False
        return answer

    async def _kill_when_cancelled(self) -> None:
        """End the process, and with it the thread, when nobody waits for the answer any more."""
        self._answered = False
        try:
            await trio.sleep_forever()
        finally:
            if not self._answered:
                self.process.kill()

    async def _signal(self) -> int | None:
        with trio.move_on_after(END_S):  # the connection closes a moment before the process is dead
            return max(0, -await self.process.wait())
        return None


def _problem(refusal: Refusal) -> Problem:
    if refusal.field is not None:
        return BadSpec(refusal.detail, errors=[FieldError(refusal.field, refusal.detail)])
    return _PROBLEMS.get(refusal.slug, BrokenImage)(refusal.detail)


def _step_back(pid: int) -> None:
    with contextlib.suppress(OSError):  # it has died
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid) + NICE)


@contextlib.asynccontextmanager
async def start_decoder(argv: Sequence[str]) -> AsyncIterator[Decoder]:
    """Start one process and wait until it is ready; it is killed at the end of the block.

    Raises:
        DecoderLost, OSError, trio.TooSlowError: it does not start.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = await trio.lowlevel.open_process(
            [*argv, "--fd", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C in a terminal is for the service alone
            env=os.environ | ONE_THREAD,
        )
        _step_back(process.pid)  # a decoder that uses two cores keeps no client waiting
        theirs.close()  # or the end of the process would not close the connection
        try:
            decoder = Decoder(process, ours)
            with trio.fail_after(START_S):
                await decoder.ready()
            yield decoder
        finally:
            process.kill()
            with trio.move_on_after(END_S, shield=True):
                await process.wait()
