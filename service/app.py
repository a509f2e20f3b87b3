"""The application: routes, and every error as problem+json."""

import json

import structlog
from quart import Quart, Response, has_websocket_context, request, websocket
from quart.typing import ResponseTypes
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed
from werkzeug.routing import WebsocketMismatch

from service import problems
from service.access.access import Access
from service.http.quart_guards import GuardedQuart
from service.http.refusals import HEADERS
from service.jobs.desk import Desk
from service.jobs.store_opening import problem_of
from service.metrics.metrics import Metrics
from service.problems import Problem, echo
from service.settings import Settings
from service.web.callers import SAFE, guard_access, ticket_routes
from service.web.origins import check_origin, cors_headers, host_names
from service.web.routes_explanation import explanation_routes
from service.web.routes_jobs import job_routes
from service.web.routes_orders import order_routes
from service.web.routes_pages import page_routes
from service.web.routes_resume import resume_routes
from service.web.routes_work import work_routes
from service.web.sockets import event_routes

_OURS = (
    "Something broke while this request was answered; the log of the service says more, by the id "
    "in Itten-Request."
)
_log = structlog.stdlib.get_logger("itten.app")


def create_app(desk: Desk) -> GuardedQuart:
    """The application that puts its orders on this desk; raises KeysError."""
    app = GuardedQuart("service", static_folder=None)
    access = Access(desk.settings)
    for routes in (
        work_routes(desk),
        order_routes(desk),
        job_routes(desk),
        explanation_routes(desk),
        resume_routes(desk),
        event_routes(desk),
        page_routes(desk),
        ticket_routes(access),
    ):
        app.register_blueprint(routes)
    _tell_problems(app)
    _count_answers(app, desk.metrics)
    _guard_origins(app, desk.settings.allowed_origins)
    guard_access(app, access, _own_names(desk.settings))
    return app


def _own_names(settings: Settings) -> frozenset[str]:
    return host_names(settings.allowed_origins) | {settings.host.lower()}


def _tell_problems(app: Quart) -> None:
    @app.errorhandler(Problem)
    async def problem(error: Problem) -> Response:
        if error.status == 500:
            _log.error("a request failed", problem=error.to_document())
        return problem_answer(error)

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        return problem_answer(_translated(error))

    @app.errorhandler(Exception)
    async def broken(error: Exception) -> Response:
        _log.error("a request broke", exc_info=error)
        return problem_answer(problem_of(error) or Problem(_OURS))


def _count_answers(app: GuardedQuart, metrics: Metrics) -> None:
    app.answered = metrics.answered

    @app.after_request
    async def count(response: Response) -> Response:
        metrics.answered(response.status_code)
        return response


def _guard_origins(app: Quart, allowed: tuple[str, ...]) -> None:
    @app.before_request
    async def check() -> None:
        if request.method not in SAFE:
            check_origin(request.headers, allowed)

    def finished(response: Response, asked: Headers) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if allowed:
            response.vary.add("Origin")
        response.headers.update(cors_headers(asked, allowed))
        return response

    @app.after_request
    async def finish(response: Response) -> Response:
        return finished(response, request.headers)

    @app.after_websocket
    async def finish_refusal(response: ResponseTypes | None) -> ResponseTypes | None:
        return finished(response, websocket.headers) if isinstance(response, Response) else response


def problem_answer(problem: Problem) -> Response:
    """The problem as its own document."""
    body = json.dumps(problem.to_document(), ensure_ascii=False).encode(errors="replace")
    return Response(body, problem.status, problem.headers())


def _translated(error: HTTPException) -> Problem:
    """What the framework refuses by itself."""
    is_socket = has_websocket_context()
    path = echo((websocket if is_socket else request).path)
    if is_socket and isinstance(error, WerkzeugMethodNotAllowed | WebsocketMismatch):
        return problems.NotFound(
            f"There is no WebSocket at {path}; that of a job is at /jobs/ID/events."
        )
    if isinstance(error, WerkzeugMethodNotAllowed):
        allow = sorted(error.valid_methods or ())
        takes = ", ".join(allow)
        return problems.MethodNotAllowed(
            f"{path} takes {takes}, not {echo(request.method)}.", allow=allow
        )
    if error.code == 404:
        return problems.NotFound(f"There is nothing at {path}; /openapi.json lists what there is.")
    if error.code == 413:
        return problems.BodyTooLarge("The body is too large; send a smaller image.")
    if error.code is not None and 400 <= error.code < 500:
        return problems.Malformed("The request cannot be read; check its headers.")
    _log.error("a request broke", exc_info=error)
    return Problem(_OURS)
