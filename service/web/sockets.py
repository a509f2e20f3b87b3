"""`/jobs/{id}/events`: progress as it happens, over a WebSocket or as server-sent events."""

from collections.abc import AsyncIterator

import trio
from quart import Blueprint, Response, request, websocket

from service.jobs.desk import Desk
from service.jobs.events import Envelope
from service.jobs.mailbox import Mailbox
from service.web.callers import find_job
from service.web.negotiation import EVENTS, choose
from service.web.origins import check_origin

BEAT_S = 15.0  # between two comments on a stream on which nothing happens: proxies drop idle ones
_BEAT = b": still here\n\n"


def event_routes(desk: Desk) -> Blueprint:
    """Both ways to listen, on the same path."""
    routes = Blueprint("events", __name__)

    @routes.websocket("/jobs/<job_id>/events")
    async def listen(job_id: str) -> None:
        check_origin(websocket.headers, desk.settings.allowed_origins)
        job = await find_job(desk, job_id)
        with desk.listen(job) as mailbox:
            await websocket.accept()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_read)
                await _tell(mailbox)
                nursery.cancel_scope.cancel()

    @routes.get("/jobs/<job_id>/events")
    async def stream(job_id: str) -> Response:
        choose(request, EVENTS)
        job = await find_job(desk, job_id)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(b"", 200, headers, content_type=EVENTS)
        response = Response(_stream(desk.listen(job)), 200, headers, content_type=EVENTS)
        response.timeout = None  # it lasts as long as the job
        return response

    return routes


async def _tell(mailbox: Mailbox) -> None:
    async for envelope in mailbox:
        await websocket.send(envelope.text())
        picture = envelope.binary()
        if picture is not None:
            await websocket.send(picture)


async def _read() -> None:
    """Take what the client says, which is nothing: a hang-up is noticed while reading only."""
    while True:
        await websocket.receive()


async def _stream(mailbox: Mailbox) -> AsyncIterator[bytes]:
    with mailbox:
        while True:
            envelope: Envelope | None = None
            with trio.move_on_after(BEAT_S) as quiet:
                envelope = await anext(mailbox, None)
            if envelope is not None:
                yield envelope.sse()
            elif quiet.cancelled_caught:
                yield _BEAT
            else:
                return
