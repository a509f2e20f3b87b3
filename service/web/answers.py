"""From a job and its pictures to HTTP answers: headers, files, names, tags."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import trio
from quart import Request, Response

from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.job_files import PICTURE_ARRAY
from service.jobs.jobs import Job, JobState, links
from service.jobs.results import Shown
from service.pictures.encode import Format
from service.problems import MEDIA_TYPE, Conflict, NoLongerKept, NotReady, SetAside
from service.web.negotiation import JSON, NPZ, SVG
from service.web.preferences import Preferences, preferences

LATEST_S = 1.0  # after its deadline an answer is waited for no longer
_PIECE = 1 << 20  # bytes of a file that are read at a time
_SUFFIX = {"shade": "shaded", "field": "field"}


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as JSON; text outside ASCII stays readable."""
    return Response(msgspec.json.encode(value), status, content_type=JSON)


def document_answer(job: Job, status: int = 200) -> Response:
    """The job document."""
    return json_answer(job.document(), status)


async def whole_document(desk: Desk, job: Job) -> dict[str, Any]:
    """The job document, with the answer where that is data."""
    answer = await results.answer(desk, job)
    return job.document() | ({} if answer is None else {"result": msgspec.Raw(answer)})


async def placed_answer(request: Request, desk: Desk, job: Job, ended: int = 200) -> Response:
    """202 and where to look for the rest; after `Prefer: wait` this status if it has ended.

    An answer that is data is waited for, unless `Prefer` says otherwise: it is in the document.
    """
    prefer = preferences(request)
    wait_s: float | None = prefer.wait_s
    if wait_s is None and job.is_data and not prefer.respond_async:
        wait_s = job.deadline_s + LATEST_S
    if wait_s is not None:
        await desk.wait(job.id, wait_s)
    document = await whole_document(desk, job)
    return _accepted(job, document, prefer, ended if job.state.ended else 202)


def accepted_answer(job: Job, prefer: Preferences) -> Response:
    """The document of a job that has begun, and where to look for the rest."""
    return _accepted(job, job.document(), prefer, 202)


def _accepted(job: Job, document: dict[str, Any], prefer: Preferences, status: int) -> Response:
    response = json_answer(document, status)
    response.headers["Location"] = str(links(job.public_id)["self"])
    response.headers["Itten-Job"] = job.public_id
    if prefer.applied:
        response.headers["Preference-Applied"] = prefer.applied
    return response


def refusal(job: Job) -> Response | None:
    """What a caller that waits for this ended job is told instead of a picture, if anything.

    Raises:
        Conflict: somebody cancelled the job.
    """
    if job.state is JobState.CANCELLED:
        raise Conflict(f"The job has been cancelled: {job.status_reason}.")
    if job.problem is None:
        return None
    headers = {"Itten-Job": job.public_id}
    for kind in (NotReady, SetAside):
        if job.problem["type"].endswith(f"/{kind.slug}"):
            headers["Retry-After"] = f"{kind.default_retry_after:.0f}"
    body = msgspec.json.encode(job.problem)
    return Response(body, job.problem["status"], headers, content_type=MEDIA_TYPE)


def job_headers(job: Job) -> dict[str, str]:
    """How far the job came, and where the time went."""
    timings = job.timings
    seconds = {
        "queue": timings.queue_s,
        "field": timings.field_s,
        "shade": timings.shade_s,
        "encode": timings.encode_s,
    }
    return {
        "Itten-Job": job.public_id,
        "Itten-Status": str(job.state),
        "Itten-Tiles": f"{job.pass_tiles_converged}/{job.pass_tiles_total}",
        "Itten-Passes": f"{job.progress.passes_done}/{job.progress.passes_total}",
        "Server-Timing": ", ".join(f"{n};dur={s * 1000:.1f}" for n, s in seconds.items()),
    }


async def picture_answer(
    request: Request, desk: Desk, job: Job, shown: Shown, as_format: Format
) -> Response:
    """A picture as a file; 304 without encoding it where the caller has it already."""
    headers = {
        "ETag": f'"{job.id}-{shown.name}-{as_format}"',
        "Vary": "Accept",
        "Cache-Control": "private, no-cache",  # to be asked for again: it may be gone
        "Content-Disposition": _disposition(job, shown.name, as_format.replace("jpeg", "jpg")),
    }
    if _is_known(request, headers["ETag"]):
        return Response(b"", 304, headers)
    red, green, blue = bytes.fromhex(job.background[1:])
    file = await trio.to_thread.run_sync(
        desk.prices.encode,
        shown.picture,
        as_format,
        (red, green, blue),
        abandon_on_cancel=True,  # seconds that neither a hang-up nor the service's end waits for
        limiter=None if request.method == "POST" else desk.looking.threads,
    )
    return Response(file, 200, headers, content_type=f"image/{as_format}")


async def file_answer(
    request: Request, job: Job, name: str, media: str, make: Callable[[], Awaitable[bytes]]
) -> Response:
    """A file of this name that never changes; 304 without making it where the caller has it."""
    suffix = media.rpartition("/")[2].removeprefix("x-")
    headers = {
        "ETag": f'"{job.id}-{name}-{suffix}"',
        "Vary": "Accept",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": _disposition(job, name, suffix),
    }
    if _is_known(request, headers["ETag"]):
        return Response(b"", 304, headers)
    return Response(await make(), 200, headers, content_type=media)


def svg_answer(request: Request, job: Job, file: bytes) -> Response:
    """A line drawing as SVG; opened by itself, it may load and run nothing."""
    headers = {
        "ETag": f'"{job.id}-svg"',
        "Vary": "Accept",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": _disposition(job, "drawing", "svg"),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    known = _is_known(request, headers["ETag"])
    return Response(b"", 304, headers) if known else Response(file, 200, headers, content_type=SVG)


async def npz_answer(request: Request, job: Job, path: Path, name: str = "field") -> Response:
    """The arrays of a field, or of an answer of that name, from the file that holds them."""
    headers = {
        "ETag": f'"{job.id}-npz"',
        "Vary": "Accept",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": _disposition(job, name, "npz"),
    }
    if _is_known(request, headers["ETag"]):
        return Response(b"", 304, headers)
    try:
        file = await trio.open_file(path, "rb")  # held open, whatever becomes of the job
    except FileNotFoundError as error:
        raise NoLongerKept("The arrays were removed while it was asked for.") from error
    headers["Content-Length"] = str(os.stat(file.fileno()).st_size)
    return Response(_pieces(file), 200, headers, content_type=NPZ)


async def _pieces(file: Any) -> AsyncIterator[bytes]:
    async with file:
        while piece := await file.read(_PIECE):
            yield piece


def _is_known(request: Request, tag: str) -> bool:
    return request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(tag.strip('"'))


def _disposition(job: Job, name: str, suffix: str) -> str:
    """Shown in a browser, and saved under a name that says what it is."""
    what = "drawing" if job.drawing else _SUFFIX.get(job.kind, "itten")
    if name.startswith(("pass", "input", "source", "graph", "field-", "explanation")):
        what = name
    elif job.is_data:
        what = job.kind.replace(".", "-")
    elif name in ("field", PICTURE_ARRAY):
        what = "field"
    filename = f"{job.name or 'itten'}-{what}.{suffix}"
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in filename)
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
