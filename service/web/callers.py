"""Who calls: looked at before anything else of a request, and whose jobs it can be about."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import wraps
from typing import TypeVar

import trio
from quart import Blueprint, Quart, Request, Response, Websocket, g, request, websocket
from structlog.contextvars import bind_contextvars

from service.access.access import Access
from service.access.keys import Key, Scope
from service.access.rates import neighbourhood
from service.access.tickets import LASTS_S
from service.jobs.data_orders import DataOrder
from service.jobs.desk import Desk
from service.jobs.jobs import Job, full_id, is_full_id, is_job_id
from service.jobs.orders import Order
from service.problems import UnknownJob, echo
from service.web.answers import json_answer
from service.web.origins import check_host

Asked = TypeVar("Asked", Order, DataOrder)
Handler = Callable[[str], Awaitable[Response]]
SAFE = ("GET", "HEAD", "OPTIONS")


def guard_access(app: Quart, access: Access, known_hosts: frozenset[str]) -> None:
    """Let nobody in who may not; hosts are names of this service besides the obvious ones."""

    async def admit(call: Request | Websocket) -> None:
        scope = _scope(call, has_keys=access.has_keys)
        if scope is None:
            return
        if not access.has_keys:
            check_host(call.headers, known_hosts)
        ticket = call.args.get("ticket") if call.method in SAFE else None
        authorization = call.headers.get("Authorization", "")
        g.caller = await access.admit(scope, authorization, ticket, call.remote_addr or "")
        if g.caller.owner:
            bind_contextvars(owner=g.caller.owner)  # for the log

    @app.before_request
    async def admit_request() -> None:
        await admit(request)

    @app.before_websocket
    async def admit_websocket() -> None:
        await admit(websocket)


def ticket_routes(access: Access) -> Blueprint:
    """The call that gives out tickets."""
    routes = Blueprint("tickets", __name__)

    @routes.post("/tickets")
    async def issue() -> Response:
        return json_answer({"ticket": access.ticket(caller()), "expires_s": LASTS_S}, 201)

    return routes


def caller() -> Key:
    """The key of who calls."""
    key: Key = g.caller
    return key


def by_caller(order: Asked) -> Asked:
    """The order, as that of who calls."""
    return replace(order, owner=caller().owner)


def turn(desk: Desk) -> AbstractAsyncContextManager[None]:
    """A turn of who calls at the pictures of jobs; raises Busy where none comes."""
    return desk.looking.turn(caller().owner or neighbourhood(request.remote_addr or ""))


def in_turn(desk: Desk) -> Callable[[Handler], Handler]:
    """Have a handler run in a turn of who calls."""

    def turned(handler: Handler) -> Handler:
        @wraps(handler)
        async def taking(job_id: str) -> Response:
            async with turn(desk):
                return await handler(job_id)

        return taking

    return turned


async def find_job(desk: Desk, job: str) -> Job:
    """The job of this id among those of who calls; an admin finds those of all.

    An admin's own come first; where several owners chose an id, OWNER.ID is one of theirs.

    Raises:
        UnknownJob, NoLongerKept: there is none, or not any more.
    """
    key = caller()
    if not (is_full_id(job) if key.is_admin else is_job_id(job)):
        raise UnknownJob(f"{echo(job)} is not the id of a job")
    known_as = full_id(key.owner, job)
    if key.is_admin:
        any_owner = await trio.to_thread.run_sync(desk.store.full_id, job, key.owner)
        known_as = any_owner or known_as
    return await desk.find(known_as)


def _scope(call: Request | Websocket, *, has_keys: bool) -> Scope | None:
    """What a call takes; None where anybody may, and where there is nothing."""
    endpoint = call.endpoint
    if endpoint is None or call.method == "OPTIONS":
        return None
    if endpoint == "pages.metrics":
        return "admin" if has_keys else "read"
    if endpoint.startswith("pages."):
        return None
    return "read" if call.method in SAFE or endpoint == "tickets.issue" else "submit"
