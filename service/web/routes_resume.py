"""`POST /jobs/{id}/resume`: go on from a partial job, as a new job with a deadline of its own."""

from typing import Any, NamedTuple

import trio
from quart import Blueprint, Request, Response, request

from service.jobs import resuming
from service.jobs.data_orders import DataOrder, rest_of_data
from service.jobs.desk import Desk
from service.jobs.jobs import Job
from service.jobs.orders import Upload, field_order, shade_order
from service.jobs.resuming import check_images, check_resumable, check_same, order_for_rest
from service.pictures.decoder_process import File
from service.problems import Conflict, UnsupportedFormat, echo
from service.spec.data import parse_data
from service.spec.reading import bad_spec, read_json
from service.web.answers import placed_answer
from service.web.callers import by_caller, find_job
from service.web.data_uploads import form_value
from service.web.uploads import Fields, Files, lent, spec_part

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_IMAGES = ("target", "source")


class _Said(NamedTuple):
    """What a request to go on brings; all of it may be missing."""

    images: dict[str, File]
    pairs: list[tuple[str, str]]
    spec_json: bytes | None
    arrived: float  # by trio's clock: the deadline counts from here

    @property
    def fields(self) -> set[str]:
        """The names of the fields that were given."""
        return {name for name, _ in self.pairs} | set(read_json(self.spec_json or b"{}"))


def resume_routes(desk: Desk) -> Blueprint:
    """The call that goes on from a job."""
    routes = Blueprint("resume", __name__)

    @routes.post("/jobs/<job_id>/resume")
    async def resume(job_id: str) -> Response:
        job = await find_job(desk, job_id)
        said = await _read(request)
        check_resumable(job)
        if job.is_data:
            rest = _rest_of_data(job, said, desk.settings.max_deadline_s)
            live = await resuming.resume(desk, job, by_caller(rest))
            return await placed_answer(request, desk, live.record)
        deadline_s = _check_fields(job, said, desk.settings.max_deadline_s)
        order = order_for_rest(job, deadline_s, said.arrived)
        await trio.to_thread.run_sync(check_images, job, order, said.images)
        live = await resuming.resume(desk, job, by_caller(order))
        return await placed_answer(request, desk, live.record)

    return routes


def _rest_of_data(job: Job, said: _Said, max_deadline_s: float) -> DataOrder:
    """The order for what a job lacks whose answer is data; it goes on as it began.

    Raises:
        BadSpec: another field than deadline_s, or params that are none.
        Conflict: other params.
    """
    own = "is not taken here; a job goes on as it began, and only deadline_s may be another"
    if others := sorted((said.fields | set(said.images)) - {"params", "deadline_s"}):
        raise bad_spec([(name, own) for name in others])
    given = {name: form_value(name, text) for name, text in said.pairs}
    given |= read_json(said.spec_json or b"{}")
    spec = parse_data(job.kind, job.spec | given, max_deadline_s)
    rest = rest_of_data(job, spec.deadline_s, said.arrived)
    if spec.params != parse_data(job.kind, job.spec, max_deadline_s).params:
        raise Conflict("The params are not what the job began with; send a new request.")
    return rest


async def _read(request: Request) -> _Said:
    """Read the body, which may be none, a form, or JSON.

    Raises:
        Malformed, UploadTooSlow, BodyTooLarge: it cannot be read.
        UnsupportedFormat: it is something else.
        BadSpec: parts that do not belong there.
    """
    kind = request.mimetype.lower()
    files, form = Files(), Fields()
    body: Any = b""
    if kind in _FORMS:
        files, form = await request.files, await request.form
    else:
        body = await request.get_data(cache=False)
        if body and kind != "application/json":
            raise UnsupportedFormat(f"The body is {echo(kind)}; send JSON, a form, or nothing.")
    pairs = [*form.items(multi=True), *request.args.items(multi=True)]
    spec_json = spec_part(files, pairs, body or None)
    rest = [(name, text) for name, text in pairs if name != "spec"]
    return _Said(_images(files), rest, spec_json, trio.current_time())


def _images(files: Files) -> dict[str, File]:
    wrong = {
        name: "is not a file that is taken" for name in files if name not in (*_IMAGES, "spec")
    }
    twice = {name: "is given twice" for name in files if len(files.getlist(name)) > 1}
    if wrong or twice:
        raise bad_spec((twice | wrong).items())
    return {name: lent(files[name]) for name in _IMAGES if name in files}


def _check_fields(job: Job, said: _Said, max_deadline_s: float) -> float:
    """Compare what was said with the job; returns the new deadline."""
    cross = job.spec.get("mode") == "cross"
    upload = Upload(
        image=b"",
        source=b"" if cross else None,
        name="",
        pairs=said.pairs,
        spec_json=said.spec_json,
        arrived=said.arrived,
    )
    make = shade_order if job.kind == "shade" else field_order
    asked = make(upload, max_deadline_s)
    check_same(job, asked, said.fields)
    return asked.deadline_s
