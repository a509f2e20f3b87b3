"""Serves the application on a TCP port, with hypercorn's protocol code and our guards.

    quart_guards, body_guards       requests, bodies, WebSocket sessions   (quart-trio)
    hypercorn_guards                connections: sending, closing, failing (hypercorn)
    h11_guards, websocket_guards    the two protocols on them              (hypercorn)
    access_log, refusals            what is written about it, and to whom is no client

hypercorn's own `serve` is not used: it has no place for other connection classes, and ends
with the first connection that fails.
"""

import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import repr_socket_addr

from service.http.config import GuardedConfig
from service.http.hypercorn_guards import GuardedConnection
from service.http.limits import Limits
from service.http.quart_guards import GuardedQuart
from service.http.refusals import FULL, raw
from service.settings_values import Network

_SHUTDOWN_S = 1.0  # for the application's own after_serving
_FULL = raw(FULL, "Service Unavailable")


async def serve(
    app: GuardedQuart,
    *,
    host: str,
    port: int,
    shutdown: trio.Event,
    grace_s: float,
    max_body: int,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    trusted: tuple[Network, ...] = (),
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `shutdown` is set; starts with the URLs that it listens on.

    Port 0 picks a free one; `trusted` are proxies that say whom a request is from. At the
    shutdown, uploads that are not complete are refused. Other requests under way get `grace_s`
    seconds, then WebSockets are closed with 1001 and everything else is cut off, within twice
    `farewell_s`.
    Cancelled, it ends at once, whatever its connections are sending.

    Raises:
        OSError: the address cannot be listened on; `strerror` says why.
    """
    app.config["MAX_CONTENT_LENGTH"] = max_body
    async with AsyncExitStack() as stack:
        listeners = await _listen(host, port)
        for listener in listeners:
            await stack.enter_async_context(listener)
        await stack.enter_async_context(_lifespan(app))
        config = GuardedConfig(limits, max_body, trusted, app.answered)
        server = _Server(app, config)
        await server.run(listeners, shutdown, grace_s, task_status)


async def _listen(host: str, port: int) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        reason = f"cannot listen on {host}, port {port}: {error.strerror or error}"
        raise OSError(error.errno, reason) from error


@asynccontextmanager
async def _lifespan(app: GuardedQuart) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        app.nursery = nursery  # for `add_background_task`
        await app.startup()
        try:
            yield
        finally:
            # Shielded, or after_serving functions would not get past their first await where
            # `serve` itself was cancelled.
            with trio.move_on_after(_SHUTDOWN_S, shield=True):
                await app.shutdown()
            nursery.cancel_scope.cancel()


class _Server:
    """The connections that are open, and how they end."""

    def __init__(self, app: GuardedQuart, config: GuardedConfig) -> None:
        self._guarded = app
        self._app = ASGIWrapper(app)
        self._config = config
        self._context = WorkerContext(None)
        self._open: set[GuardedConnection] = set()
        self._from = Counter[str]()  # how many of these are from each address

    async def run(
        self,
        listeners: list[trio.SocketListener],
        shutdown: trio.Event,
        grace_s: float,
        task_status: trio.TaskStatus[list[str]],
    ) -> None:
        """Accept until `shutdown`, then end within `grace_s` and a little."""
        async with trio.open_nursery() as ending:
            ending.start_soon(self._cut_in, math.inf)  # when all is cancelled
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(self._accept, listener, connections)
                    task_status.started([_url(listener) for listener in listeners])
                    await shutdown.wait()
                    accepting.cancel_scope.cancel()
                await self._context.terminated.set()  # idle connections end at once
                self._guarded.turn_away()
                ending.start_soon(self._end, grace_s)
            ending.cancel_scope.cancel()

    async def _accept(self, listener: trio.SocketListener, connections: trio.Nursery) -> None:
        await trio.serve_listeners(self._handle, [listener], handler_nursery=connections)

    async def _handle(self, stream: trio.SocketStream) -> None:
        address = _address(stream)
        if self._is_full(address):
            self._config.refused(FULL, (address, 0))
            with suppress(trio.BrokenResourceError):
                await stream.send_all(_FULL)
            await trio.aclose_forcefully(stream)
            return
        connection = GuardedConnection(self._app, self._config, self._context, stream)
        self._open.add(connection)
        self._from[address] += 1
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._from[address] -= 1
            self._from += Counter()  # without those that have none any more

    def _is_full(self, address: str) -> bool:
        limits = self._config.limits
        return (
            len(self._open) >= limits.connections or self._from[address] >= limits.connections_each
        )

    async def _end(self, grace_s: float) -> None:
        await trio.sleep(grace_s)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cut_in, self._config.limits.farewell_s)
            async with trio.open_nursery() as leaving:
                for connection in self._open:
                    leaving.start_soon(connection.leave)
            nursery.cancel_scope.cancel()

    async def _cut_in(self, seconds: float) -> None:
        """After so long, or when cancelled, end every send that is shielded from a cancel."""
        try:
            await trio.sleep(seconds)
        finally:
            for connection in self._open:
                connection.cut()


def _address(stream: trio.SocketStream) -> str:
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:  # it has gone already
        return ""


def _url(listener: trio.SocketListener) -> str:
    return f"http://{repr_socket_addr(listener.socket.family, listener.socket.getsockname())}"
