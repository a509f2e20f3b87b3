"""HTTP/1.1 and nothing else, and only requests that the application can take."""

import re
from collections.abc import Awaitable, Callable
from typing import cast

import h11
import trio
from h11 import _abnf, _readers
from h11._receivebuffer import ReceiveBuffer
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Body, EndBody, Request, Response
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.trio.worker_context import EventWrapper
from hypercorn.typing import H11SendableEvent

from service.http.access_log import SENT
from service.http.config import GuardedConfig
from service.http.pins import require_pins
from service.http.refusals import (
    NO_HOST,
    NO_PATH,
    NO_REQUEST,
    TWICE,
    TWO_LENGTHS,
    answer,
    unreadable,
)
from service.http.websocket_guards import GuardedWebSocket
from service.problems import Problem
from service.tracing import HEADER, begin

require_pins()

# h11 tries every way to share a run of blanks between the two ends of a value: 0.7 s for 16 kB.
_READ_ONCE = _abnf.header_field.replace(_abnf.OWS, f"{_abnf.OWS}+", 1)
_readers.header_field_re = re.compile(_READ_ONCE.encode("ascii"))
# A header over several lines is not one for every proxy (RFC 9112, 5.2): no line goes on another.
_readers.obs_fold_re = re.compile(rb"(?!)")
_ONCE = (b"authorization", b"content-type", b"origin", b"sec-websocket-key")
_HOST = re.compile(
    rb"(\[[0-9A-Za-z:.%_-]+\]|([0-9A-Za-z_-]{1,63}\.)*[0-9A-Za-z_-]{0,63})(:[0-9]{0,5})?"
)


class WatchedPause(EventWrapper):
    """The event that h11's pause waits for, with the socket watched meanwhile."""

    def __init__(self, watch: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._watch = watch

    async def wait(self) -> None:
        """Wait until the request under way is answered, or the client hangs up."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            await super().wait()
            nursery.cancel_scope.cancel()


class BoundedChunks(_readers.ChunkedReader):
    """A body in chunks. One that alone is too large is not waited for by who has no answer yet."""

    def __init__(self, connection: h11.Connection, most: int) -> None:
        super().__init__()
        self._connection, self._most = connection, most

    def __call__(self, buffer: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        """The next event, if there is one; raises LocalProtocolError."""
        event = super().__call__(buffer)
        if self._bytes_in_chunk > self._most and self._connection.our_state is h11.SEND_RESPONSE:
            raise h11.LocalProtocolError("a chunk is too large", 413)
        return event


class GuardedH11(H11Protocol):
    """hypercorn 0.18.0's HTTP/1.1, without its ways out of it."""

    config: GuardedConfig

    def guard(self, watch: Callable[[], Awaitable[None]]) -> None:
        """Set what hypercorn's constructor has no place for, before the first byte."""
        self.peer = self.client  # which is that of the request under way
        self.request_id = b""  # of the same
        self.can_read = WatchedPause(watch)

    async def _check_protocol(self, event: h11.Request) -> None:
        # Turns the connection into HTTP/2 on `Upgrade: h2c` and on the preface.
        pass

    async def _create_stream(self, request: h11.Request) -> None:
        # As hypercorn's, with our streams in place of its own. Its scope for a target such as
        # `?x`, `*` or CONNECT's `host:port` holds a path that quart cannot take apart.
        # The application runs in tasks that are started from here, and inherit what is bound.
        self.request_id = begin(request.headers).request_id.encode()
        self.client = self.config.caller(self.peer, list(request.headers))
        target, problem = origin_form(request.target), _problem_of(request)
        if target is None or problem is not None:
            await self._refuse(problem or NO_PATH)
            await self.send(Closed())
            return
        connection = cast(h11.Connection, self.connection)
        if isinstance(connection._reader, _readers.ChunkedReader):
            connection._reader = BoundedChunks(connection, self.config.max_body)
        websocket = _wants_websocket(request)
        self.stream = (GuardedWebSocket if websocket else HTTPStream)(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        if isinstance(self.stream, GuardedWebSocket):
            self.stream.guard(self.config.limits)
            self.connection = H11WSConnection(connection)
        self.keep_alive_requests += 1
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii").upper(),
                raw_path=target,
                state=self.connection_state,
            )
        )

    async def handle(self, event: Event) -> None:
        """Take what the connection has read, or that it is closed."""
        if isinstance(event, Closed):
            # The client may have read it all a tick before sending it has returned.
            await trio.lowlevel.cancel_shielded_checkpoint()
        await super().handle(event)

    async def stream_send(self, event: StreamEvent) -> None:
        """Pass on what a stream has to say, with the request named and the body's bytes counted."""
        if isinstance(event, Body) and isinstance(self.stream, HTTPStream):
            scope = cast(dict[str, object], self.stream.scope)
            scope[SENT] = cast(int, scope.get(SENT, 0)) + len(event.data)
        elif isinstance(event, EndBody) and isinstance(self.stream, HTTPStream):
            # hypercorn says so after this is sent: who leaves meanwhile would count as hung up.
            self.stream.state = ASGIHTTPState.CLOSED
        elif isinstance(event, Response):
            event.headers.append((HEADER, self.request_id))
            if self.connection.their_state is h11.SEND_BODY:
                # Answered before the body was read, so this connection cannot go on
                # (RFC 9112, 9.3).
                event.headers.append((b"connection", b"close"))
        await super().stream_send(event)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        # hypercorn invites every body that asks (`Expect: 100-continue`). One that will get a
        # 413 anyway had better stay where it is.
        if not (isinstance(event, h11.InformationalResponse) and self._is_too_large()):
            await super()._send_h11_event(event)

    async def _send_error_response(self, status_code: int) -> None:
        # hypercorn's is empty. Between two requests there is no id yet.
        if self.stream is None:
            self.request_id = begin(()).request_id.encode()
            self.client = self.peer
        await self._refuse(unreadable(status_code))

    async def _refuse(self, problem: Problem) -> None:
        headers, body = answer(problem)
        named = [*headers, (HEADER, self.request_id)]
        connection = cast(h11.Connection, self.connection)
        events = [h11.Response(status_code=problem.status, headers=named), h11.EndOfMessage()]
        if connection._request_method != b"HEAD":
            events.insert(1, h11.Data(data=body))
        # All made at once: if the application answers meanwhile, h11 gives up and makes no more.
        for piece in [connection.send(each) for each in events]:
            await self.send(RawData(piece or b""))
        self.config.refused(problem, self.client)

    def _is_too_large(self) -> bool:
        if not isinstance(self.stream, HTTPStream):
            return False
        lengths = [
            value for name, value in self.stream.scope["headers"] if name == b"content-length"
        ]
        return bool(lengths) and int(lengths[0]) > self.config.max_body


def origin_form(target: bytes) -> bytes | None:
    """The target as a path with its query; None for the forms that name no path here.

    `http://host/path`, which proxies are sent, is taken and its host ignored.
    """
    if target.lower().startswith((b"http://", b"https://")):
        rest = target.split(b"//", 1)[1]
        host, slash, path = rest.partition(b"/")
        return None if b"?" in host else b"/" + path if slash else b"/"
    return target if target.startswith(b"/") else None


def _problem_of(request: h11.Request) -> Problem | None:
    """What is wrong with a request that h11 lets pass."""
    if not request.http_version.startswith(b"1."):
        return NO_REQUEST
    headers = dict(request.headers)
    if not _HOST.fullmatch(headers.get(b"host", b"")):
        return NO_HOST  # quart fails over one before it has a request
    names = [name for name, _ in request.headers]
    if any(names.count(each) > 1 for each in _ONCE):
        return TWICE  # a proxy may go by the other one
    # A proxy may take another part of the stream for the body than h11 (RFC 9112, 6.3).
    has_two_lengths = {b"content-length", b"transfer-encoding"} <= headers.keys()
    return TWO_LENGTHS if has_two_lengths else None


def _wants_websocket(request: h11.Request) -> bool:
    headers = {name: value.strip().lower() for name, value in request.headers}
    tokens = [token.strip() for token in headers.get(b"connection", b"").split(b",")]
    return (
        request.method.upper() == b"GET"
        and b"upgrade" in tokens
        and headers.get(b"upgrade") == b"websocket"
    )
