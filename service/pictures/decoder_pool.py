"""Who gets a decoder process, and for how long: slow files go apart, large ones leave room."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import outcome
import structlog
import trio

from service.pictures.decoder_process import Decoder, DecoderLost, start_decoder

PLACES = 2  # processes, all warm: starting one takes 0.2 s, too long to wait for at a request
APART = 4  # processes more, for files that take long
TURN_S = 0.2  # of processor time, in a place; more where more is expected
SHORT_S = 0.05  # of processor time; what takes longer leaves one place to others
HANG_S = 2.0  # of time, for what takes none of the processor's

_log = structlog.stdlib.get_logger("itten.images")
T = TypeVar("T")
Task = Callable[[Decoder], Awaitable[T]]


class _PutOff(Exception):
    """The turn of a file is over, and no process can be set apart for it."""


@dataclass(eq=False, frozen=True)
class _Waiting:
    task: trio.lowlevel.Task
    long: bool


class DecoderPool:
    """Some processes in places that files take in turn; one that is lost is replaced.

    First come, first served, but that long tasks leave one place to short ones. A file that is not
    done in its turn keeps its process, which is set apart and ends with the file; another takes its
    place. With too many apart already, the file is put off: its process is ended, and it begins
    anew once one of the others is done.
    """

    _nursery: trio.Nursery  # of all processes

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._placed: set[Decoder] = set()
        self._idle: list[Decoder] = []  # of these
        self._waiting: list[_Waiting] = []  # for none of those that are idle
        self._apart = trio.Semaphore(APART)

    async def run(self, expected_s: float, task: Task[T]) -> T:
        """Give the task, which should take so many seconds by what is known of it, a process.

        Raises:
            DecoderLost: it died; and whatever the task raises.
        """
        try:
            return await self._in_turn(expected_s, task)
        except _PutOff:
            async with self._apart, self._borrowed(expected_s) as decoder:
                self._set_apart(decoder)
                return await task(decoder)

    async def open(self, nursery: trio.Nursery) -> None:
        """Have all places filled while the nursery is open; returns with the first.

        Raises:
            DecoderLost, OSError, trio.TooSlowError: it did not start.
        """
        self._nursery = nursery
        first = await self._nursery.start(self._own)
        self._nursery.start_soon(self._keep_place, first)
        for _ in range(PLACES - 1):
            self._nursery.start_soon(self._keep_place, None)

    async def _in_turn(self, expected_s: float, task: Task[T]) -> T:
        async with self._borrowed(expected_s) as decoder:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end_turn, decoder, max(TURN_S, expected_s))
                result = await outcome.acapture(task, decoder)
                nursery.cancel_scope.cancel()
            try:
                return result.unwrap()
            except DecoderLost:
                if decoder.put_off:
                    raise _PutOff from None
                raise

    async def _end_turn(self, decoder: Decoder, turn_s: float) -> None:
        """Once the turn is over, make room in the place; ends with the file."""
        began, used_s = trio.current_time(), decoder.processor_s()
        while (left_s := turn_s + used_s - decoder.processor_s()) > 0:
            if trio.current_time() - began > HANG_S:
                break
            await trio.sleep(max(left_s, TURN_S / 4))
        try:
            self._apart.acquire_nowait()
        except trio.WouldBlock:
            decoder.end_and_put_off()
            return
        try:
            self._set_apart(decoder)
            await trio.sleep_forever()
        finally:
            self._apart.release()

    @contextlib.asynccontextmanager
    async def _borrowed(self, expected_s: float) -> AsyncIterator[Decoder]:
        """Lend a process; one that still owes an answer afterwards, for any reason, is killed."""
        decoder = await self._take(expected_s > SHORT_S)
        try:
            yield decoder
        finally:
            if decoder.busy or decoder.left.is_set():
                decoder.process.kill()
            else:
                self._give(decoder)

    def _set_apart(self, decoder: Decoder) -> None:
        decoder.set_apart()
        self._placed.discard(decoder)  # it may have died just now

    async def _take(self, long: bool) -> Decoder:
        while True:
            ready = self._idle and self._may_begin(long)
            decoder = self._lend(long) if ready else await self._next(long)
            if decoder.process.returncode is None:  # else it died of no file, here or at rest
                return decoder

    async def _next(self, long: bool) -> Decoder:
        waiting = _Waiting(trio.lowlevel.current_task(), long)
        self._waiting.append(waiting)

        def give_up(_: object) -> trio.lowlevel.Abort:
            self._waiting.remove(waiting)
            return trio.lowlevel.Abort.SUCCEEDED

        decoder: Decoder = await trio.lowlevel.wait_task_rescheduled(give_up)
        return decoder

    def _may_begin(self, long: bool) -> bool:
        """Whether at least one place is left to short tasks."""
        return not long or sum(not decoder.long for decoder in self._placed) > 1

    def _lend(self, long: bool) -> Decoder:
        decoder = self._idle.pop()
        decoder.long = long
        return decoder

    def _give(self, decoder: Decoder) -> None:
        """Have a process in the pool; whoever may begin does."""
        decoder.long = False
        self._idle.append(decoder)
        for waiting in tuple(self._waiting):
            if self._idle and self._may_begin(waiting.long):
                self._waiting.remove(waiting)
                trio.lowlevel.reschedule(waiting.task, outcome.Value(self._lend(waiting.long)))

    async def _keep_place(self, decoder: Decoder | None) -> None:
        """Have a process in this place, a fresh one whenever it leaves."""
        pause_s = 0.1
        while True:
            try:
                decoder = decoder or await self._nursery.start(self._own)
                await decoder.left.wait()
                pause_s = 0.1
            except (DecoderLost, OSError, trio.TooSlowError) as error:
                _log.error("decoder does not start", error=repr(error), retry_in_s=pause_s)
                await trio.sleep(pause_s)
                pause_s = min(5.0, 2 * pause_s)
            decoder = None

    async def _own(self, task_status: trio.TaskStatus[Decoder] = trio.TASK_STATUS_IGNORED) -> None:
        """Start a process, and have it in the pool, or apart, until it dies."""
        async with start_decoder(self._argv) as decoder:
            self._placed.add(decoder)
            self._give(decoder)
            task_status.started(decoder)
            try:
                await decoder.process.wait()
            finally:
                decoder.left.set()
                self._placed.discard(decoder)
                with contextlib.suppress(ValueError):
                    self._idle.remove(decoder)
