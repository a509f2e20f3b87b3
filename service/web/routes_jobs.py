"""`/jobs`: what became of a job, its pictures, its field, its end."""

from functools import partial

from quart import Blueprint, Response, request

from service.jobs import eigenvectors, inputs, results
from service.jobs.desk import Desk
from service.problems import NoLongerKept
from service.spec.reading import bad_spec
from service.web.answers import (
    file_answer,
    json_answer,
    npz_answer,
    picture_answer,
    svg_answer,
    whole_document,
)
from service.web.callers import caller, find_job, in_turn
from service.web.negotiation import IMAGES, JSON, NPZ, SVG, choose, choose_for
from service.web.query import one_of, whole

_PASSES = range(17)
_SIDES = range(16, 8193)  # pixels
_CHANNELS = range(1, 5)
_LENDERS = ("source",)


def job_routes(desk: Desk) -> Blueprint:
    """The calls about jobs, all but the events."""
    routes = Blueprint("jobs", __name__)

    @routes.get("/jobs")
    async def newest() -> Response:
        owner = None if caller().is_admin else caller().owner
        return json_answer({"jobs": [job.document() for job in await desk.newest(owner)]})

    @routes.get("/jobs/<job_id>")
    async def document(job_id: str) -> Response:
        return json_answer(await whole_document(desk, await find_job(desk, job_id)))

    @routes.delete("/jobs/<job_id>")
    async def remove(job_id: str) -> Response:
        try:
            job = await find_job(desk, job_id)
        except NoLongerKept:
            return Response(b"", 204)  # it is gone, as was asked for
        await desk.remove(job.id)
        return Response(b"", 204)

    @routes.get("/jobs/<job_id>/image")
    @in_turn(desk)
    async def image(job_id: str) -> Response:
        media = choose(request, *IMAGES)
        index, side, part = (
            whole("pass", _PASSES),
            whole("max_side", _SIDES),
            one_of("part", _LENDERS),
        )
        if part is not None and index is not None:
            raise bad_spec([("pass", "a source has no passes; leave pass or part out")])
        job = await find_job(desk, job_id)
        if part is not None:
            shown = await results.source(desk, job)
        elif index is not None:
            shown = await results.after_pass(desk, job, index)
        else:
            shown = await results.result(desk, job)
        if side is not None:
            shown = await results.smaller(shown, side)
        return await picture_answer(request, desk, job, shown, IMAGES[media])

    @routes.get("/jobs/<job_id>/result")
    async def result(job_id: str) -> Response:
        media = choose(request, JSON, NPZ)
        job = await find_job(desk, job_id)
        if media == NPZ:
            return await npz_answer(request, job, await results.data_npz(desk, job), "result")
        return await file_answer(request, job, "result", JSON, partial(results.data, desk, job))

    @routes.get("/jobs/<job_id>/graph")
    @in_turn(desk)
    async def graph(job_id: str) -> Response:
        choose(request, NPZ)
        job = await find_job(desk, job_id)
        return await file_answer(request, job, "graph", NPZ, partial(inputs.graph_npz, desk, job))

    @routes.get("/jobs/<job_id>/field")
    @in_turn(desk)
    async def field(job_id: str) -> Response:
        channel = whole("channel", _CHANNELS)
        job = await find_job(desk, job_id)
        if channel is not None:
            media = choose(request, *IMAGES)
            shown = await eigenvectors.eigenvector(desk, job, channel)
            return await picture_answer(request, desk, job, shown, IMAGES[media])
        media = choose_for(request, (*IMAGES, NPZ, SVG), drawing=job.drawing)
        if media == NPZ:
            return await npz_answer(request, job, await results.field_npz(desk, job))
        if media == SVG:
            return svg_answer(request, job, await results.drawing_svg(desk, job))
        shown = await results.field_picture(desk, job)
        return await picture_answer(request, desk, job, shown, IMAGES[media])

    return routes
