"""`/jobs/{id}/explanation`: how a pass came about."""

from functools import partial

import trio
from quart import Blueprint, Response, request

from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.jobs import Job
from service.pictures.encode import encode
from service.pictures.layers import LAYERS
from service.web.answers import file_answer
from service.web.callers import find_job, in_turn
from service.web.negotiation import JSON, choose
from service.web.query import one_of, whole

_PASSES = range(1, 17)
_PNG = "image/png"


def explanation_routes(desk: Desk) -> Blueprint:
    """The call that explains."""
    routes = Blueprint("explanation", __name__)

    @routes.get("/jobs/<job_id>/explanation")
    @in_turn(desk)
    async def explanation(job_id: str) -> Response:
        asked, layer = whole("pass", _PASSES), one_of("layer", LAYERS)
        choose(request, JSON if layer is None else _PNG)
        job = await find_job(desk, job_id)
        index = asked or max(1, job.progress.passes_done)
        name = f"explanation-{index}"
        if layer is None:
            make = partial(results.explanation, desk, job, index)
            return await file_answer(request, job, name, JSON, make)
        make = partial(_png, desk, job, index, layer)
        return await file_answer(request, job, f"{name}-{layer}", _PNG, make)

    return routes


async def _png(desk: Desk, job: Job, index: int, layer: str) -> bytes:
    picture = await results.explaining_layer(desk, job, index, layer)
    # By itself: what such a picture takes says nothing of what results will.
    return await trio.to_thread.run_sync(
        encode, picture, "png", abandon_on_cancel=True, limiter=desk.looking.threads
    )
