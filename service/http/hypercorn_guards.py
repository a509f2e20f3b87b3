"""One client must not end the server: hypercorn 0.18.0, connection by connection.

Nothing is patched in place: `GuardedConnection` stands in for hypercorn's TCPServer, and makes
`GuardedH11` where hypercorn would make its choice of protocols. Each override says why.
"""

from collections.abc import Iterator
from contextlib import suppress

import trio
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr

from service.http.config import GuardedConfig
from service.http.h11_guards import GuardedH11
from service.http.pins import require_pins
from service.http.websocket_guards import GuardedWebSocket

require_pins()

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError)


class GuardedConnection(TCPServer):
    """One client's connection, which no exception leaves."""

    config: GuardedConfig
    protocol: GuardedH11  # type: ignore[assignment]

    def __init__(
        self,
        app: AppWrapper,
        config: GuardedConfig,
        context: WorkerContext,
        stream: trio.SocketStream,
    ) -> None:
        super().__init__(app, config, context, {}, stream)  # type: ignore[arg-type] # no TLS
        self._limits = config.limits
        self._reading = trio.CancelScope()
        self._finished = False  # half closed: the client may only hang up now

    async def run(self) -> None:
        """Serve the connection to its end.

        hypercorn lets an exception out into the nursery that holds all connections, which
        cancels them and the server (issues 225, 329, 334 there). Here it ends this one.
        """
        try:
            async with trio.open_nursery() as self._nursery:
                self._speak_http11(self._nursery)
                await self.idle_task.restart(self._task_group, self._idle_timeout)
                with self._reading:
                    await self._read_data()
                await self.protocol.handle(Closed())
                await self.idle_task.stop()  # or a client gone keeps its socket until the timeout
        except* OSError:
            pass  # the client is gone
        except* Exception as group:
            for error in _leaves(group):
                self.config.log.broken(error)
        finally:
            await trio.aclose_forcefully(self.stream)

    def _speak_http11(self, nursery: trio.Nursery) -> None:
        # hypercorn's own ProtocolWrapper turns to HTTP/2 when a client asks for it, on the
        # cleartext port as well, and no setting prevents it; most ways to end the server were
        # in that code.
        self._task_group = TaskGroup()
        self._task_group._nursery = nursery
        socket = self.stream.socket
        self.protocol = GuardedH11(
            self.app,
            self.config,
            self.context,
            self._task_group,
            ConnectionState({}),
            False,
            parse_socket_addr(socket.family, socket.getpeername()),
            parse_socket_addr(socket.family, socket.getsockname()),
            self.protocol_send,
        )
        self.protocol.guard(self._watch)

    async def protocol_send(self, event: Event) -> None:
        """Do what the protocol asks: send, close, or start and stop the idle timer."""
        if isinstance(event, RawData):
            if event.data:  # the end of an answer of known length has none
                await self._send(event.data)
        elif isinstance(event, Closed):
            await self._finish()
        else:
            await super().protocol_send(event)

    async def _send(self, data: bytes) -> None:
        # hypercorn shields one send_all of the whole body, without a limit: a client that
        # stops reading outlives RESPONSE_TIMEOUT, cancellation and SIGTERM. A piece at a time
        # is shielded here, because a cancelled send leaves half a message with the client.
        try:
            async with self.send_lock:
                for piece in _pieces(data, self._limits.send_bytes):
                    await trio.lowlevel.checkpoint_if_cancelled()
                    with trio.fail_after(self._limits.send_s, shield=True):
                        await self.stream.send_all(piece)
        except (*_GONE, trio.TooSlowError):
            await self.hang_up()
        except trio.Cancelled:
            await self.hang_up()
            raise

    async def _finish(self) -> None:
        # hypercorn closes at once. With part of an upload unread that makes a reset, which
        # can overtake the answer; so say that we are done, and let the client hang up.
        if self._finished:
            return
        self._finished = True
        self._reading.deadline = trio.current_time() + self._limits.linger_s
        await self.protocol.handle(Closed())
        with suppress(*_GONE):
            await self.stream.send_eof()

    async def hang_up(self) -> None:
        """End the connection now, whatever its tasks are doing."""
        with trio.move_on_after(self._limits.farewell_s, shield=True):
            await self.protocol.handle(Closed())
        self._nursery.cancel_scope.cancel()
        await trio.aclose_forcefully(self.stream)  # a send under way ends, shielded or not

    async def leave(self) -> None:
        """Hang up; a WebSocket is closed with 1001 (going away) before, or clients see 1006."""
        if isinstance(self.protocol.stream, GuardedWebSocket):
            await self.protocol.stream.go_away()
        await self.hang_up()

    def cut(self) -> None:
        """End what is being sent or read, shielded or not."""
        self.stream.socket.close()

    async def _read_data(self) -> None:
        data = b"."
        while data:
            try:
                data = bytes(await self.stream.receive_some(MAX_RECV))
            except _GONE:
                return
            if not self._finished:
                await self.protocol.handle(RawData(data))

    async def _watch(self) -> None:
        # hypercorn reads no further once a second request, or one with `Upgrade: h2c` as
        # `curl --http2` sends it, is waiting; the client's hang-up went unnoticed meanwhile.
        room = self._limits.pipelined_bytes
        while room > 0:
            try:
                data = bytes(await self.stream.receive_some(min(room, MAX_RECV)))
            except _GONE:
                data = b""
            if not data:
                await self.hang_up()
                return
            self.protocol.connection.receive_data(data)
            room -= len(data)


def _pieces(data: bytes, size: int) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(view), size))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
