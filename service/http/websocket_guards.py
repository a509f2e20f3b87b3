"""A WebSocket that ends when it should, and inflates nothing."""

import dataclasses
import re
from typing import Any

import trio
from hypercorn.protocol.events import (
    Body,
    Data,
    EndBody,
    Event,
    Request,
    Response,
    StreamClosed,
)
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WSStream
from hypercorn.typing import ASGISendEvent
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason
from wsproto.handshake import WEBSOCKET_VERSION

from service.http.limits import Limits
from service.http.pins import require_pins
from service.http.refusals import NO_HANDSHAKE, answer

require_pins()

# hypercorn accepts permessage-deflate whenever it is offered, and inflates before it looks at the
# size: 305 kB on the wire made 473 MB in memory.
_EXTENSIONS, _KEY = b"sec-websocket-extensions", b"sec-websocket-key"
_NONCE = re.compile(rb"[A-Za-z0-9+/]{22}==")  # 16 bytes
_PIECE = 4096  # bytes; as many frames as fit into it hold up the event loop for 10 ms


class GuardedWebSocket(WSStream):
    """hypercorn 0.18.0's WebSocket stream, with its loose ends tied."""

    def guard(self, limits: Limits) -> None:
        """Set what hypercorn's constructor has no place for, before the first event."""
        self._limits = limits
        self._gone = trio.Event()
        self._heard = trio.current_time()
        self._may_say: float = 2 * limits.message_bytes
        self._refused = False

    async def handle(self, event: Event) -> None:
        """Take one event of the connection."""
        if isinstance(event, Request):
            await super().handle(_without(event))
            if self.closed:  # answered 400; hypercorn leaves the connection open, untimed
                await self._end()
        elif isinstance(event, Body | Data):
            self._count(len(event.data))
            await self._take(event)
        else:
            await super().handle(event)
            self._gone.set()

    async def _take(self, event: Body | Data) -> None:
        if self.closed or self.handshake.accepted:
            await self._take_in(event)
        elif self.state is ASGIWebsocketState.HANDSHAKE and not self._refused:
            # Data before the handshake: hypercorn answers 400 and then lets the application
            # accept, which raises in the connection (issue 225), and never tells it of the end.
            self._refused = True
            await self._send_error_response(400)
            await self._end()

    async def _take_in(self, event: Body | Data) -> None:
        for start in range(0, len(event.data), _PIECE):
            piece = dataclasses.replace(event, data=event.data[start : start + _PIECE])
            await super().handle(piece)
            await trio.lowlevel.checkpoint()  # hypercorn takes in all frames of 64 kB at once
        if self._may_say < 0 and not self.closed:
            await self._close(CloseConnection(CloseReason.POLICY_VIOLATION))

    def _count(self, size: int) -> None:
        """Take note of so many bytes from the client."""
        now = trio.current_time()
        earned = (now - self._heard) * self._limits.chatter_bytes_s
        self._may_say = min(2 * self._limits.message_bytes, self._may_say + earned) - size
        self._heard = now

    async def _send_error_response(self, status_code: int) -> None:
        # hypercorn's is empty.
        if status_code != NO_HANDSHAKE.status:  # an application that has not answered
            await super()._send_error_response(status_code)
            return
        headers, body = answer(NO_HANDSHAKE)
        headers.append((b"sec-websocket-version", WEBSOCKET_VERSION))
        await self.send(Response(self.stream_id, headers, status_code))
        await self.send(Body(self.stream_id, body))
        await self.send(EndBody(self.stream_id))
        await self.config.log.access(self.scope, {"status": status_code, "headers": []}, 0.0)

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Send what the application says, unless the handshake was refused already."""
        if not self._refused:
            await super().app_send(message)

    async def _handle_events(self) -> None:
        # hypercorn's loop hangs up without a word on what is no frame, and after a message that
        # is too large it goes on, the buffer growing with each frame.
        for event in self.connection.events():
            if isinstance(event, Message):
                await self._hear(event)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                asked = self.connection.state is not ConnectionState.OPEN
                await self._close(event.response() if asked else CloseConnection(event.code))
            if self.closed:
                return

    async def _hear(self, event: Message[Any]) -> None:
        try:
            self.buffer.extend(event)
        except FrameTooLargeError:
            await self._close(CloseConnection(CloseReason.MESSAGE_TOO_BIG))
            return
        if event.message_finished:
            assert self.app_put is not None
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()

    async def _send_pings(self) -> None:
        # hypercorn's loop sleeps on after the socket has closed, and holds the connection's
        # nursery, thus the shutdown; and pings alone do not tell that the peer is dead.
        # The first one comes late: a client that hangs up at once need not answer it any more.
        while not self.closed:
            with trio.move_on_after(self._limits.ping_s):
                await self._gone.wait()
            if self.closed:
                return
            if trio.current_time() - self._heard > self._limits.silence_s:
                await self._end()
                return
            await self._send_wsproto_event(Ping())

    async def go_away(self) -> None:
        """Close with 1001, as a server does that is about to end."""
        if self.state is ASGIWebsocketState.CONNECTED and not self.closed:
            await self._close(CloseConnection(CloseReason.GOING_AWAY))

    async def _close(self, frame: CloseConnection) -> None:
        await self._send_wsproto_event(frame)
        await self._end()

    async def _end(self) -> None:
        await self.send(StreamClosed(stream_id=self.stream_id))


def _without(event: Request) -> Request:
    """The handshake, without what it may not have."""
    headers = [
        (name, value)
        for name, value in event.headers
        if name != _EXTENSIONS and (name != _KEY or _NONCE.fullmatch(value))
    ]
    return dataclasses.replace(event, headers=headers)
