"""A live server on a free port, and clients that may misbehave: raw sockets under h11, wsproto."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import trio
import wsproto
from quart import request, websocket
from quart.typing import ResponseReturnValue
from wsproto.events import CloseConnection, Ping

from service.http.limits import Limits
from service.http.quart_guards import GuardedQuart
from service.http.serving import serve
from service.problems import Problem
from service.settings_values import Network

MAX_BODY = 1 << 20  # bytes
SHORT_S = 0.3  # of a limit that a test wants to see reached
SOON_S = 30.0  # for what comes at once, on any machine; sooner than any limit of these
CALM = Limits(header_s=90, send_s=90, linger_s=90, ping_s=90, silence_s=90, farewell_s=SHORT_S)


@dataclass
class Live:
    """A server under test; `log` is what its application's handlers noted."""

    app: GuardedQuart
    port: int
    shutdown: trio.Event
    ended: trio.Event = field(default_factory=trio.Event)

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def ask(self, raw: bytes) -> "Answer":
        """One request as it stands, on a connection of its own."""
        async with await self.connect() as stream:
            await stream.send_all(raw)
            return await read_answer(stream)

    async def assert_alive(self) -> None:
        assert (await self.ask(get("/hello"))).body == b"hello"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def live(
    app: GuardedQuart | None = None,
    limits: Limits = CALM,
    grace_s: float = 0.0,
    trusted: tuple[Network, ...] = (),
) -> AsyncIterator[Live]:
    """Serve `app` on a free port; the test fails if the server does, or does not end."""
    app = app or plain_app()
    shutdown = trio.Event()
    with trio.fail_after(2 * SOON_S):
        async with trio.open_nursery() as nursery:
            serving = partial(_serve, app, shutdown, limits, grace_s, trusted)
            server = await nursery.start(serving)
            yield server
            shutdown.set()


async def _serve(
    app: GuardedQuart,
    shutdown: trio.Event,
    limits: Limits,
    grace_s: float,
    trusted: tuple[Network, ...],
    task_status: trio.TaskStatus[Live],
) -> None:
    async with trio.open_nursery() as nursery:
        serving = partial(
            serve,
            app,
            host="127.0.0.1",
            port=0,
            shutdown=shutdown,
            grace_s=grace_s,
            max_body=MAX_BODY,
            limits=limits,
            trusted=trusted,
        )
        [url] = await nursery.start(serving)
        server = Live(app, int(url.rsplit(":", 1)[1]), shutdown)
        task_status.started(server)
    server.ended.set()


def plain_app() -> GuardedQuart:
    """Routes for most tests: small, large, slow, echoing, and one of each kind of failure."""
    app = GuardedQuart(__name__)

    @app.errorhandler(Problem)
    async def _problem(problem: Problem) -> ResponseReturnValue:
        return problem.to_document(), problem.status, problem.headers()

    @app.get("/hello")
    async def _hello() -> str:
        return "hello"

    @app.post("/length")
    async def _length() -> str:
        return str(len(await request.get_data()))

    @app.post("/form")
    async def _form() -> dict[str, Any]:
        files = await request.files
        return {name: len(part.read()) for name, part in files.items()} | dict(await request.form)

    @app.post("/ignore")
    async def _ignore() -> ResponseReturnValue:
        return "not read", 404

    @app.websocket("/echo")
    async def _echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return head(f"{method} {path} HTTP/{version}", "Host: test", *headers)


def post(path: str, body: bytes, *headers: str) -> bytes:
    return (
        head(f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *headers) + body
    )


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("latin1") + b"\r\n"


async def read_answer(stream: trio.SocketStream, method: str = "GET") -> Answer:
    """The next answer, read exactly to its end; EOF before that fails the test."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "test")]))
    client.send(h11.EndOfMessage())
    status, headers, body = 0, {}, bytearray()
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await stream.receive_some(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode("latin1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, headers, bytes(body))


async def read_to_end(stream: trio.SocketStream) -> bytes:
    """All that the server still has to say; a reset counts as an end."""
    data = bytearray()
    try:
        async for piece in stream:
            data += piece
    except trio.BrokenResourceError:
        pass
    return bytes(data)


def upgrade(path: str, *headers: str) -> bytes:
    return get(
        path,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )


class Peer:
    """The client's end of a WebSocket, after the handshake."""

    def __init__(self, stream: trio.SocketStream, handshake: bytes) -> None:
        self.stream = stream
        self.handshake = handshake
        self.wire = wsproto.Connection(wsproto.ConnectionType.CLIENT)
        self.seen: list[wsproto.events.Event] = []

    async def send(self, event: wsproto.events.Event) -> None:
        await self.stream.send_all(self.wire.send(event))

    async def next(self) -> wsproto.events.Event:
        """The next event but pings; the end of the stream is a close with 1006."""
        while isinstance(event := await self.next_or_ping(), Ping):
            pass
        return event

    async def next_or_ping(self) -> wsproto.events.Event:
        while not (events := self.seen or list(self.wire.events())):
            self.wire.receive_data(await self.stream.receive_some(65536) or None)
        self.seen = events[1:]
        return events[0]

    async def closed_with(self) -> int:
        """The code that the server closes with, whatever it says before."""
        while not isinstance(event := await self.next(), CloseConnection):
            pass
        return int(event.code)


@asynccontextmanager
async def peer(server: Live, path: str, headers: Sequence[str] = ()) -> AsyncIterator[Peer]:
    """A WebSocket; the handshake must succeed."""
    async with await server.connect() as stream:
        await stream.send_all(upgrade(path, *headers))
        data = b""
        while b"\r\n\r\n" not in data:
            piece = await stream.receive_some(65536)
            assert piece, data
            data += piece
        handshake, _, rest = data.partition(b"\r\n\r\n")
        assert handshake.startswith(b"HTTP/1.1 101"), handshake
        client = Peer(stream, handshake)
        client.wire.receive_data(rest)
        yield client
