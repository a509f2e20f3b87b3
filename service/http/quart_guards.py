"""quart-trio 0.12.0 with its connections mended; build the application on `GuardedQuart`."""

import json
from collections.abc import Callable
from typing import Any

import trio
from hypercorn.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    WebsocketResponseBodyEvent,
    WebsocketResponseStartEvent,
)
from quart import request
from quart.asgi import ASGIHTTPConnection
from quart.utils import encode_headers
from quart.wrappers import Request, Response, Websocket
from quart.wrappers.response import DataBody
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection, TrioASGIWebsocketConnection

from service.http.access_log import HUNG_UP
from service.http.body_guards import GuardedBody, GuardedRequest
from service.http.pins import require_pins
from service.http.room import FULL, Room
from service.problems import Busy, NotReady

require_pins()

_SMALL = 64 * 1024  # bytes of an answer that there is always room for
STOPPING = "The service is stopping; send the request again."
_FAILED, _OVERRUN = 1011, 1008  # close codes: internal error, policy violation


class GuardedHTTPConnection(TrioASGIHTTPConnection):
    """A request and its answer."""

    app: "GuardedQuart"
    _began = _answered = False

    def _create_request_from_scope(self, send: ASGISendCallable) -> Request:
        request = super()._create_request_from_scope(send)
        body: GuardedBody = request.body  # type: ignore[assignment]
        body.room = self.app.room
        self.app.bodies.add(body)
        return request

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, receive: ASGIReceiveCallable
    ) -> None:
        """Feed the body to the request; cancel the handler when the client hangs up.

        quart-trio cancels also on the disconnect that hypercorn sends after every answer,
        while hypercorn is still inside the handler's last send: the connection was then
        neither closed nor timed, and stayed open.
        """
        await ASGIHTTPConnection.handle_messages(self, request, receive)
        if not self._began:
            self.app.answered(HUNG_UP)
        if not self._answered:
            nursery.cancel_scope.cancel()

    async def handle_request(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, send: ASGISendCallable
    ) -> None:
        """Run the handler and send its answer."""

        async def watched(message: ASGISendEvent) -> None:
            self._began = True
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._answered = True
            body = message["body"] if message["type"] == "http.response.body" else b""
            with self.app.room.holding(len(body)):
                await send(message)

        try:
            await super().handle_request(nursery, request, watched)
        finally:
            body: GuardedBody = request.body  # type: ignore[assignment]
            self.app.bodies.discard(body)
            body.end()


class GuardedWebsocketConnection(TrioASGIWebsocketConnection):
    """A WebSocket session."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Run the session, to the end of its handler or of its client."""
        self._send = send
        await super().__call__(receive, send)

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, receive: ASGIReceiveCallable
    ) -> None:
        """Queue what the client says; cancel the handler when it leaves or talks too much.

        quart-trio waits for room in the queue, and with it the connection: neither a pong nor
        a hang-up was seen any more. It also turns an empty binary message into None.
        """
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.receive":
                data, text = event.get("bytes"), event.get("text")
                try:
                    self.send_channel.send_nowait(text or "" if data is None else data)
                except trio.WouldBlock:
                    await self.close_connection(self._send, _OVERRUN, "too many unread messages")
                    break
        nursery.cancel_scope.cancel()

    async def handle_websocket(  # type: ignore[override]
        self, nursery: trio.Nursery, websocket: Websocket, send: ASGISendCallable
    ) -> None:
        """Run the handler, and say how it ended.

        A handler that fails after accepting leaves an answer that cannot be sent; quart closes
        with 1000, as if all were well.
        """
        response = await self.app.handle_websocket(websocket)
        if response is not None and not self._accepted:
            await _reject(response, send)
        elif not self._closed:
            code = 1000 if response is None else _FAILED
            await send({"type": "websocket.close", "code": code, "reason": None})
        nursery.cancel_scope.cancel()


class GuardedQuart(QuartTrio):
    """The application class to build on: limits on what a request may hold and take."""

    asgi_http_class = GuardedHTTPConnection
    asgi_websocket_class = GuardedWebsocketConnection
    request_class = GuardedRequest
    answered: Callable[[int], None] = staticmethod(lambda _: None)
    """Told of the status of each answer that the application has not made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url_map.merge_slashes = False  # by a redirect, to whatever Host was sent
        self.room = Room()
        self.bodies: set[GuardedBody] = set()  # of the requests under way
        self.config.update(
            BODY_TIMEOUT=60,  # seconds for the whole body; 32 MB in that time is 4 Mbit/s
            RESPONSE_TIMEOUT=120,  # seconds of sending; event streams set their own
            MAX_FORM_MEMORY_SIZE=64 * 1024,  # bytes in a field that is not a file
            MAX_FORM_PARTS=64,  # two images, and each field of a spec as a part of its own
        )

    def turn_away(self) -> None:
        """Refuse the requests that are not there yet: they would be too late for the work."""
        for body in self.bodies:
            body.refuse(NotReady(STOPPING))

    async def process_response(self, response: Any, request_context: Any = None) -> Any:
        """As quart's, without an answer to a question that can be asked again, if there is no room.

        What was worked for is sent all the same.
        """
        body = response.response
        size = len(body.data) if isinstance(body, DataBody) else 0
        if size > _SMALL and request.method == "GET" and not self.room.has(size):
            problem = Busy(FULL)
            document = json.dumps(problem.to_document())
            response = Response(document, problem.status, problem.headers())
        return await super().process_response(response, request_context)


async def _reject(response: Any, send: ASGISendCallable) -> None:
    data = response.get_data(as_text=False)
    body: bytes = await data if isinstance(response, Response) else data
    start: WebsocketResponseStartEvent = {
        "type": "websocket.http.response.start",
        "status": response.status_code,
        "headers": [(name.lower(), value) for name, value in encode_headers(response.headers)],
    }
    end: WebsocketResponseBodyEvent = {
        "type": "websocket.http.response.body",
        "body": body,
        "more_body": False,
    }
    await send(start)
    await send(end)
