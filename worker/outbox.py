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
BULK_FRAMES = 2  # enough to keep the socket busy, and soon over when something urgent comes


class Outbox:
    """Two lanes to one channel: what jobs report, and behind it the arrays of finished fields."""

    def __init__(self, channel: Channel[ToWorker]) -> None:
        self._channel = channel
        self._reports: deque[Emission] = deque()
        self._bulk: deque[Emission] = deque()
        self._bulk_room = trio.Semaphore(BULK_FRAMES)
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

    async def post_bulk(self, message: ToService, payload: bytes | memoryview = b"") -> None:
        """Send it when no report waits; returns once there is room for it."""
        await self._bulk_room.acquire()
        self._bulk.append((message, payload))
        self._more.set()

    async def sent(self) -> None:
        """Return once all that was posted has left."""
        await self._sent.wait()

    def close(self) -> None:
        """Drop what waits, and everything that is still posted."""
        self._closed = True
        self._reports.clear()
        self._bulk.clear()

    async def run(self) -> None:
        """Send until cancelled.

        Raises:
            trio.TooSlowError: when the service has stopped reading.
            trio.BrokenResourceError: when it is gone.
        """
        while True:
            while not (self._reports or self._bulk):
                self._more = trio.Event()
                self._sent.set()
                await self._more.wait()
            if self._reports:
                message, payload = self._reports.popleft()
                await self._send(message, payload)
                self._waiting_bytes -= memoryview(payload).nbytes
            else:
                await self._send(*self._bulk.popleft())
                self._bulk_room.release()

    async def _send(self, message: ToService, payload: bytes | memoryview) -> None:
        size = memoryview(payload).nbytes
        with trio.fail_after(PATIENCE_S + math.ceil(size / SLOWEST_BYTES_PER_S)):
            await self._channel.send(message, payload)
