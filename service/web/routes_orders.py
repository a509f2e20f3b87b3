"""`POST /jobs` and `PUT /jobs/{id}`: a job of any kind, whose answer is its document."""

from quart import Blueprint, Response, request

from service.jobs import results
from service.jobs.data_orders import DataOrder
from service.jobs.desk import Desk
from service.jobs.jobs import Job, is_job_id
from service.jobs.orders import Order, order_of_kind
from service.spec.kinds import checked_kind
from service.spec.reading import bad_spec
from service.web.answers import job_headers, npz_answer, placed_answer, refusal
from service.web.callers import by_caller
from service.web.data_uploads import order_of, read_form, read_members
from service.web.lent_pictures import with_pictures
from service.web.negotiation import JSON, NPZ
from service.web.preferences import preferences
from service.web.uploads import read_upload

_ID = "must be 8 to 64 characters of A-Z, a-z, 0-9, _ and -"
_APART = (
    "is missing; {} takes an image: send multipart/form-data with the image as the file part "
    "target, and this JSON as its part spec"
)


def order_routes(desk: Desk) -> Blueprint:
    """The calls that start a job of any kind."""
    routes = Blueprint("orders", __name__)

    @routes.post("/jobs")
    async def start() -> Response:
        order = await _order(desk)
        if not isinstance(order, DataOrder) or preferences(request).respond_async:
            return await placed_answer(request, desk, (await desk.accept(order)).record)
        job = (await desk.accept(order)).record
        placed = await placed_answer(request, desk, job)
        wants_arrays = request.accept_mimetypes.best_match([JSON, NPZ]) == NPZ
        return await _arrays(desk, job) if wants_arrays else placed

    @routes.put("/jobs/<job_id>")
    async def put(job_id: str) -> Response:
        if not is_job_id(job_id):
            raise bad_spec([("id", _ID)])
        job, is_new = await desk.put(job_id, await _order(desk))
        return await placed_answer(request, desk, job, ended=201 if is_new else 200)

    return routes


async def _arrays(desk: Desk, job: Job) -> Response:
    """The arrays of an answer that was waited for."""
    refused = refusal(job)
    if refused is not None:
        return refused
    response = await npz_answer(request, job, await results.data_npz(desk, job), "result")
    response.headers.update(job_headers(job))
    return response


async def _order(desk: Desk) -> Order | DataOrder:
    """The order that the body is, of whatever kind."""
    most_s, media = desk.settings.max_deadline_s, request.mimetype.lower()
    if media == JSON:
        said = await read_members(request, desk.decoders)
        if said.kind is None:
            kind = checked_kind([said.values["kind"]] if "kind" in said.values else [])
            raise bad_spec([("target", _APART.format(kind))])
        return by_caller(order_of(await with_pictures(desk, said), most_s))
    if media == "multipart/form-data":
        form = read_form(request, await request.files, await request.form)
        if form is not None:
            return by_caller(order_of(await with_pictures(desk, form), most_s))
    return by_caller(order_of_kind(await read_upload(request), most_s))
