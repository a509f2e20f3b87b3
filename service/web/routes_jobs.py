"""`/jobs`: what became of a job, its pictures, its field, its end."""

from quart import Blueprint, Response, request

from service.jobs import results
from service.jobs.desk import Desk
from service.problems import NoLongerKept, echo
from service.spec.reading import bad_spec
from service.web.answers import (
    document_answer,
    json_answer,
    npz_answer,
    picture_answer,
    svg_answer,
)
from service.web.callers import caller, find_job
from service.web.negotiation import IMAGES, NPZ, SVG, choose, choose_for

_MAX_PASS = 16


def job_routes(desk: Desk) -> Blueprint:
    """The calls about jobs, all but the events."""
    routes = Blueprint("jobs", __name__)

    @routes.get("/jobs")
    async def newest() -> Response:
        owner = None if caller().is_admin else caller().owner
        return json_answer({"jobs": [job.document() for job in await desk.newest(owner)]})

    @routes.get("/jobs/<job_id>")
    async def document(job_id: str) -> Response:
        return document_answer(await find_job(desk, job_id))

    @routes.delete("/jobs/<job_id>")
    async def remove(job_id: str) -> Response:
        try:
            job = await find_job(desk, job_id)
        except NoLongerKept:
            return Response(b"", 204)  # it is gone, as was asked for
        await desk.remove(job.id)
        return Response(b"", 204)

    @routes.get("/jobs/<job_id>/image")
    async def image(job_id: str) -> Response:
        media, index = choose(request, *IMAGES), _pass_index()
        job = await find_job(desk, job_id)
        if index is None:
            shown = await results.result(desk, job)
        else:
            shown = await results.after_pass(desk, job, index)
        return await picture_answer(request, desk, job, shown, IMAGES[media])

    @routes.get("/jobs/<job_id>/field")
    async def field(job_id: str) -> Response:
        job = await find_job(desk, job_id)
        media = choose_for(request, (*IMAGES, NPZ, SVG), drawing=job.drawing)
        if media == NPZ:
            return await npz_answer(request, job, await results.field_npz(desk, job))
        if media == SVG:
            return svg_answer(request, job, await results.drawing_svg(desk, job))
        shown = await results.field_picture(desk, job)
        return await picture_answer(request, desk, job, shown, IMAGES[media])

    return routes


def _pass_index() -> int | None:
    """The `pass` of the query; None when there is none."""
    texts = request.args.getlist("pass")
    if not texts:
        return None
    [text, *more] = texts
    if more or not (text.isascii() and text.isdecimal() and int(text[:9]) <= _MAX_PASS):
        raise bad_spec([("pass", f"must be one whole number 0 to {_MAX_PASS}, not {echo(text)}")])
    return int(text)
