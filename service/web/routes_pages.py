"""The page, its files, the API's description, and how the service feels."""

import sys
from pathlib import Path

from quart import Blueprint, Response, request, send_from_directory

from service.jobs.desk import Desk
from service.metrics.gauges import DeskGauges
from service.metrics.metrics import CONTENT_TYPE_LATEST
from service.metrics.workers import ProcessMetrics
from service.problems import NotFound, NotReady
from service.web.answers import json_answer
from service.web.compression import compressed
from service.web.docs_page import render
from service.web.openapi import describe

# Nothing from elsewhere, nothing inline, in nobody's frame; pictures also from memory.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}

_WARMING_UP = "The worker is warming up; ask again."
_UNREACHABLE = (
    "No worker can be reached, which the service goes on trying; its log says why. Ask again."
)


def page_routes(desk: Desk) -> Blueprint:
    """Everything that is not about a job."""
    routes = Blueprint("pages", __name__)
    static = static_directory()
    description = describe(desk.settings)
    explained = render(description)
    desk.metrics.watch(DeskGauges(desk))
    desk.metrics.watch(ProcessMetrics(desk.link, desk.decoders, desk.admission))

    @routes.get("/healthz")
    async def healthz() -> Response:
        return json_answer({"status": "alive"})

    @routes.get("/readyz")
    async def readyz() -> Response:
        hello = desk.link.hello
        if hello is None or desk.closing:
            raise NotReady(_UNREACHABLE if desk.link.troubled else _WARMING_UP)
        # In the order of ITTEN_WORKERS, without their addresses: whoever comes may ask.
        workers = [
            {"state": "ready", "device": peer.hello.device, "warning": peer.hello.warning}
            if peer.hello
            else {"state": "missing"}
            for peer in desk.link.peers
        ]
        first = {"device": hello.device, "warning": hello.warning}
        return json_answer({"status": "ready", **first, "workers": workers})

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(desk.metrics.text(), content_type=CONTENT_TYPE_LATEST)

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return json_answer(description)

    @routes.get("/docs")
    async def docs() -> Response:
        return Response(explained, headers=PAGE_HEADERS, content_type="text/html; charset=utf-8")

    @routes.get("/")
    async def page() -> Response:
        return await _file(static, "index.html")

    @routes.get("/graphs")
    async def graphs() -> Response:
        return await _file(static / "graph", "index.html")

    @routes.get("/surfaces")
    async def surfaces() -> Response:
        return await _file(static / "surface", "index.html")

    @routes.get("/static/<path:name>")
    async def file(name: str) -> Response:
        return await _file(static, name)

    @routes.after_request
    async def smaller(response: Response) -> Response:
        return await compressed(request, response)

    return routes


def static_directory() -> Path:
    """Where the page's files lie: beside the package, or where an installation puts them."""
    beside = Path(__file__).resolve().parents[2] / "static"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "itten" / "static"


async def _file(directory: Path, name: str) -> Response:
    try:
        response = await send_from_directory(directory, name)
    except OSError as error:  # a name that is too long for any file
        raise NotFound("There is no such file.") from error
    response.headers.update(PAGE_HEADERS)
    return response
