"""Messages on their way to one service, so that nobody who has one to send waits for the socket."""

import math
from collections import deque

import trio

from worker.runs import Emission
from worker.wire.channel import Channel
from worker.wire.messages import Preview, ToService, ToWorker

ROOM = 64 << 20  # bytes under way beyond which a job must not add to them
PREVIEWS_BEHIND = (
    16  # messages; a preview that would wait behind more is out of date when it leaves
)
PATIENCE_S = 10.0  # for a frame of no size; a service that reads nothing for so long is given up
SLOWEST_BYTES_PER_S = 4e6
FIRST_S = 0.05  # for what is sent before all else: a service that reads has it in 0.1 ms
BULK_FRAMES = 2  # enough to keep the socket busy, and soon over when something urgent comes


class Outbox:
    """Lanes to one channel: whose turn it is, what jobs report, and arrays of finished fields."""

    def __init__(self, channel: Channel[ToWorker]) -> None:
        self._channel = channel
        self._reports: deque[Emission] = deque()
        self._bulk: deque[tuple[Emission, trio.CancelScope, trio.Event]] = deque()
        self._bulk_room = trio.Semaphore(BULK_FRAMES)
        self._first: ToService | None = None
        self._first_left = trio.Event()
        self._first_left.set()
        self._waiting_bytes = 0
        self._more = trio.Event()
        self._sent = trio.Event()
        self._closed = False

    @property
    def has_room(self) -> bool:
        """Whether a job may go on producing messages."""
        return self._waiting_bytes < ROOM

    def post(self, message: ToService, payload: bytes | memoryview = b"") -> None:
        """Send it soon; never waits. A preview is dropped when the service is behind."""
        behind = isinstance(message, Preview) and len(self._reports) >= PREVIEWS_BEHIND
        if behind or self._closed:
            return
        self._waiting_bytes += memoryview(payload).nbytes
        self._reports.append((message, payload))
        self._sent = trio.Event()
        self._more.set()

    async def send_first(self, message: ToService) -> None:
        """Send it before all that waits, instead of an earlier one that still does.

        Returns when it has left; sooner when that takes long, and when an earlier one is late.
        """
        if self._closed:
            return
        late = not self._first_left.is_set()
        self._first = message
        self._more.set()
        if not late:
            self._first_left = trio.Event()
            with trio.move_on_after(FIRST_S):
                await self._first_left.wait()

    async def post_bulk(
        self, scope: trio.CancelScope, message: ToService, payload: bytes | memoryview = b""
    ) -> trio.Event:
        """Send it when no report waits, unless `scope` is cancelled by then.

        Returns once there is room for it; the event is set when it has left.
        """
        await self._bulk_room.acquire()
        left = trio.Event()
        self._bulk.append(((message, payload), scope, left))
        self._more.set()
        return left

    async def sent(self) -> None:
        """Return once all that was posted has left."""
        await self._sent.wait()

    def close(self) -> None:
        """Drop what waits, and everything that is still posted."""
        self._closed = True
        self._first = None
        self._first_left.set()
        self._reports.clear()
        self._bulk.clear()

    async def run(self) -> None:
        """Send until cancelled.

        Raises:
            trio.TooSlowError: when the service has stopped reading.
            trio.BrokenResourceError: when it is gone.
        """
        while True:
            while not (self._first or self._reports or self._bulk):
                self._more = trio.Event()
                self._sent.set()
                await self._more.wait()
            if self._first is not None:
                first, self._first = self._first, None
                await self._send(first, b"")
                if self._first is None:
                    self._first_left.set()
            elif self._reports:
                message, payload = self._reports.popleft()
                await self._send(message, payload)
                self._waiting_bytes -= memoryview(payload).nbytes
            else:
                bulk, scope, left = self._bulk.popleft()
                if not scope.cancel_called:
                    await self._send(*bulk)
                left.set()
                self._bulk_room.release()

    async def _send(self, message: ToService, payload: bytes | memoryview) -> None:
        size = memoryview(payload).nbytes
        with trio.fail_after(PATIENCE_S + math.ceil(size / SLOWEST_BYTES_PER_S)):
            await self._channel.send(message, payload)
