"""`POST /shade` and `POST /field`: an image in, a picture out, by the deadline."""

from collections.abc import Callable
from dataclasses import replace

import trio
from quart import Blueprint, Response, request

from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.job_files import RESULT
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order, Upload, Wanted, field_order, shade_order
from service.jobs.results import Shown
from service.web.answers import (
    accepted_answer,
    document_answer,
    job_headers,
    npz_answer,
    picture_answer,
    refusal,
    svg_answer,
)
from service.web.callers import by_caller
from service.web.negotiation import IMAGES, JSON, NPZ, SVG, choose, choose_for
from service.web.preferences import preferences
from service.web.uploads import read_upload

OrderMaker = Callable[[Upload, float], Order]
_WANTED: dict[str, Wanted] = {JSON: "document", NPZ: "npz", SVG: "svg", **IMAGES}


def work_routes(desk: Desk) -> Blueprint:
    """The calls that start a job."""
    routes = Blueprint("work", __name__)

    @routes.post("/shade")
    async def shade() -> Response:
        return await _work(desk, shade_order, (*IMAGES, JSON))

    @routes.post("/field")
    async def field() -> Response:
        return await _work(desk, field_order, (*IMAGES, NPZ, SVG, JSON))

    return routes


async def _work(desk: Desk, make_order: OrderMaker, offers: tuple[str, ...]) -> Response:
    prefer = preferences(request)
    if not prefer.respond_async:
        choose(request, *offers)  # to refuse before the body is read
    upload = await read_upload(request)
    order = by_caller(make_order(upload, desk.settings.max_deadline_s))
    if prefer.respond_async:
        return accepted_answer((await desk.accept(order)).record, prefer.at_once)
    media = choose_for(request, offers, drawing=order.is_drawing)
    live = await desk.accept(replace(order, wanted=_WANTED[media]))
    try:
        await live.settled.wait()
        return refusal(live.record) or await _answer(desk, live, media)
    except trio.Cancelled:
        live.cancel("the client hung up")
        raise


async def _answer(desk: Desk, live: LiveJob, media: str) -> Response:
    began = trio.current_time()
    response = await _encoded(desk, live, media)
    desk.note_encoding(live.record, trio.current_time() - began)
    response.headers.update(job_headers(live.record))
    return response


async def _encoded(desk: Desk, live: LiveJob, media: str) -> Response:
    job = live.record
    if media == JSON:
        return document_answer(job)
    if media == NPZ:
        return await npz_answer(request, job, await results.field_npz(desk, job))
    if media == SVG:
        return svg_answer(request, job, await results.drawing_svg(desk, job))
    assert live.result is not None
    return await picture_answer(request, desk, job, Shown(live.result, RESULT), IMAGES[media])
