"""`POST /jobs` and `PUT /jobs/{id}`: a job of any kind, whose answer is its document."""

from quart import Blueprint, Response, request

from service.jobs.desk import Desk
from service.jobs.jobs import is_job_id
from service.jobs.orders import Order, order_of_kind
from service.spec.reading import bad_spec
from service.web.answers import placed_answer
from service.web.callers import by_caller
from service.web.uploads import read_upload

_ID = "must be 8 to 64 characters of A-Z, a-z, 0-9, _ and -"


def order_routes(desk: Desk) -> Blueprint:
    """The calls that start a job of any kind."""
    routes = Blueprint("orders", __name__)

    async def order() -> Order:
        upload = await read_upload(request, also_json=True)
        return by_caller(order_of_kind(upload, desk.settings.max_deadline_s))

    @routes.post("/jobs")
    async def start() -> Response:
        return await placed_answer(request, desk, (await desk.accept(await order())).record)

    @routes.put("/jobs/<job_id>")
    async def put(job_id: str) -> Response:
        if not is_job_id(job_id):
            raise bad_spec([("id", _ID)])
        job, is_new = await desk.put(job_id, await order())
        return await placed_answer(request, desk, job, ended=201 if is_new else 200)

    return routes
