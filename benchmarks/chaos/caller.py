"""Clients who want their answer whatever happens, and write down what they are told."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import trio

from benchmarks.chaos.cases import STATES, Case, Told, Way
from benchmarks.chaos.troubles import Troubles
from benchmarks.load import listener
from benchmarks.load.arrivals import Request
from benchmarks.load.client import Body

PATIENCE_S = 60.0  # after the deadline, over restarts and all; then the service counts as silent
LOOK_S = 0.15  # between two looks at a job's document
ROOM_S = 2.0  # after a full disk what was to be kept may still be missing
AGAIN = 20  # looks for what an earlier job leaves, before its client gives up
WAYS: dict[Way, float] = {"waits": 0.3, "asks later": 0.25, "puts": 0.3, "cancels": 0.15}
"""Shares of those who neither hang up nor let their answers lie."""
GOES_ON = 0.5  # share of those with a partial job that have it go on


class Strange(Exception):
    """An answer that is none."""


@dataclass(eq=False)
class Caller:
    """All clients of a run; `http` keeps no connections, and has no limit of them."""

    http: httpx.AsyncClient
    url: str
    troubles: Troubles
    seed: int
    cases: list[Case] = field(default_factory=list)

    async def call(self, request: Request, body: Body) -> None:
        """Do as the request says, to the end; never raises for what the service does."""
        draw = Random(f"{self.seed} {request.index}")
        way = _way(request, draw)
        case = await self._case(way, request, lambda case: self._by_way(case, body, draw))
        if case.told == "partial" and way in ("asks later", "puts") and draw.random() < GOES_ON:
            earlier = case.job
            await self._case("goes on", request, lambda case: self._going_on(case, str(earlier)))

    async def _case(
        self, way: Way, request: Request, follow: Callable[[Case], Awaitable[Told]]
    ) -> Case:
        case = Case(way, request, trio.current_time())
        self.cases.append(case)
        with trio.move_on_after(request.deadline_s + PATIENCE_S):
            try:
                case.told = await follow(case)
            except (httpx.HTTPError, Strange, ValueError, KeyError, OSError) as error:
                broke = self.troubles.any("no service", case.began)
                case.told = "cut off" if broke and case.job is None else "error"
                case.note = f"{type(error).__name__}: {error}"[:300]
        case.full = self._was_full(case)
        return case

    async def _by_way(self, case: Case, body: Body, draw: Random) -> Told:
        if case.way == "waits":
            return await self._waiting(case, body)
        if case.way == "hangs up":
            with trio.move_on_after(case.request.hangs_up_s or 0.0):
                return await self._waiting(case, body)
            return "hung up"
        if case.way == "puts":
            return await self._putting(case, body, f"chaos-{self.seed}-{case.request.index:06}")
        if (told := await self._asking(case, body)) is not None:
            return told
        if case.way == "never reads":
            with suppress(OSError):  # the service is gone just now
                async with listener.never_reading(self.url, str(case.job)):
                    return await self._followed(case)
        if case.way == "cancels":
            await trio.sleep(draw.uniform(0, case.request.deadline_s / 2))
            self._expect(await self._again("DELETE", f"/jobs/{case.job}"), case, 204)
        return await self._followed(case)

    # --- ways to ask --------------------------------------------------------------------------

    async def _waiting(self, case: Case, body: Body) -> Told:
        answer = await self._post(case.request, body)
        case.job = answer.headers.get("Itten-Job")
        if (told := self._turned_away(case, answer, 200)) is not None:
            return told
        case.picture = _digest(answer)
        return _state(answer.headers["Itten-Status"])

    async def _asking(self, case: Case, body: Body) -> Told | None:
        """Have a job accepted; how it ended where it was not."""
        answer = await self._post(case.request, body, Prefer="respond-async")
        if (told := self._turned_away(case, answer, 202)) is None:
            case.job = answer.headers["Itten-Job"]
        return told

    async def _putting(self, case: Case, body: Body, job: str) -> Told:
        """Send it under an id of one's own, twice: it is one job."""
        options = _options(case.request) | {"kind": _kind(case.request)}
        for _ in range(2):
            answer = await self._again(
                "PUT",
                f"/jobs/{job}",
                params=options,
                content=b"".join(body.pieces),
                headers={"Content-Type": body.kind},
            )
            if (told := self._turned_away(case, answer, 200, 201, 202)) is not None:
                return told
            case.job = job
        return await self._followed(case)

    async def _going_on(self, case: Case, earlier: str) -> Told:
        for _ in range(AGAIN):
            answer = await self.http.post(
                f"/jobs/{earlier}/resume", params={"deadline_s": case.request.deadline_s}
            )
            if answer.status_code != 409 or "Retry-After" not in answer.headers:
                break
            await trio.sleep(LOOK_S)
        if answer.status_code == 410:  # too much is kept: what was resumed has left
            return "refused"
        if (told := self._turned_away(case, answer, 202)) is not None:
            return told
        case.job = answer.headers["Itten-Job"]
        return await self._followed(case)

    async def _post(self, request: Request, body: Body, **headers: str) -> httpx.Response:
        return await self.http.post(
            f"/{_kind(request)}",
            params=_options(request),
            content=b"".join(body.pieces),
            headers={"Content-Type": body.kind} | headers,
        )

    # --- what is answered ---------------------------------------------------------------------

    async def _followed(self, case: Case) -> Told:
        """How the job ends, as its document says."""
        while True:
            answer = await self._again("GET", f"/jobs/{case.job}")
            if answer.status_code == 410 and case.way == "cancels":
                return "cancelled"
            self._expect(answer, case, 200)
            document = answer.json()
            if document["state"] in STATES:
                break
            await trio.sleep(LOOK_S)
        case.note = document.get("status_reason") or ""
        if document["state"] == "failed":
            _check_problem(document["problem"])
        elif document["state"] != "cancelled":
            case.picture = await self._picture(case)
        return _state(document["state"])

    async def _picture(self, case: Case) -> str | None:
        answer = await self._again("GET", f"/jobs/{case.job}/image")
        if answer.status_code in (409, 410):  # an interrupted field has none; or too much is kept
            return None
        self._expect(answer, case, 200)
        return _digest(answer)

    async def _again(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask; once more where the service died over it, which does no harm."""
        while True:
            since = trio.current_time()
            try:
                return await self.http.request(method, path, **options)
            except httpx.TransportError:
                if not self.troubles.any("no service", since):
                    raise
            await self.troubles.wait_over("no service")

    def _turned_away(self, case: Case, answer: httpx.Response, *wanted: int) -> Told | None:
        """How the case ended with this answer; None: it goes on."""
        if answer.status_code in wanted:
            return None
        problem = _problem(answer)
        case.note = str(problem.get("detail", ""))
        if answer.status_code in (429, 503):
            return "failed" if "Itten-Job" in answer.headers else "refused"
        if answer.status_code == 507 and self._was_full(case):
            return "no room"
        raise Strange(f"{answer.status_code} {case.note}")

    def _expect(self, answer: httpx.Response, case: Case, status: int) -> None:
        excused = answer.status_code == 507 and self._was_full(case)
        if answer.status_code != status and not excused:
            path = answer.request.url.path
            raise Strange(f"{answer.status_code} of {answer.request.method} {path}: {answer.text}")

    def _was_full(self, case: Case) -> bool:
        return self.troubles.any("full disk", case.began - ROOM_S)


def _way(request: Request, draw: Random) -> Way:
    if request.manner != "waits":
        return request.manner
    return draw.choices(list(WAYS), list(WAYS.values()))[0]


def _kind(request: Request) -> str:
    return "field" if request.kind == "field" else "shade"


def _options(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {"deadline_s": request.deadline_s}
    if request.kind != "field":
        options |= {"passes": request.passes, "contours": request.contours}
    return options


def _state(text: str) -> Told:
    for each in STATES:
        if each == text:
            return each
    raise Strange(f"a job that is {text}")


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(answer.content)
    except ValueError:
        return {}
    return found


def _check_problem(problem: dict[str, Any]) -> None:
    """A job may fail for want of workers, time or room; anything else is a bug of the service."""
    if problem["status"] not in (503, 507):
        raise Strange(f"it failed: {problem}")


def _digest(answer: httpx.Response) -> str:
    return hashlib.sha256(answer.content).hexdigest()
