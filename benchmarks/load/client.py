"""One client: sends its request, waits or not, and tells what became of it.

Bodies are prepared beforehand and answers are not decoded: the clients share their cores with what
they measure. What the job came to is read from its document, after the answer.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import trio

from benchmarks.load import listener, pictures
from benchmarks.load.arrivals import Request
from benchmarks.load.outcome import Outcome

PATIENCE_S = 30.0  # after the deadline, until an answer counts as lost
BOUNDARY = b"itten-load-boundary"


@dataclass(frozen=True)
class Body:
    """What is uploaded, in pieces that are shared between requests."""

    kind: str  # its media type
    pieces: Sequence[bytes]

    @property
    def length(self) -> int:
        """Bytes."""
        return sum(map(len, self.pieces))


def prepare(request: Request) -> Body:
    """The upload: the image itself, or with a source a form of two."""
    target = pictures.pieces(request.side, request.variant, request.index)
    if not request.source_side:
        return Body("image/jpeg", target)
    other = (request.variant + 1) % 3
    source = pictures.pieces(request.source_side, other, request.index)
    parts = [*_head("target"), *target, b"\r\n", *_head("source"), *source]
    end = b"\r\n--" + BOUNDARY + b"--\r\n"
    return Body(f"multipart/form-data; boundary={BOUNDARY.decode()}", [*parts, end])


def _head(name: str) -> tuple[bytes]:
    text = f'Content-Disposition: form-data; name="{name}"; filename="{name}.jpg"'
    return (b"--" + BOUNDARY + b"\r\n" + text.encode() + b"\r\nContent-Type: image/jpeg\r\n\r\n",)


@dataclass
class Client:
    """Sends requests to a service at `url`; `http` has no limit of connections."""

    http: httpx.AsyncClient
    url: str

    async def send(self, request: Request, body: Body, behind_s: float = 0.0) -> Outcome:
        """Do what the request says; never raises for what the service does."""
        upload = _Upload(body)
        lost = Outcome(request, "lost", behind_s=behind_s)
        with trio.move_on_after(request.deadline_s + PATIENCE_S):
            try:
                found = await self._by_manner(request, upload)
            except (httpx.HTTPError, OSError, ValueError, KeyError) as error:
                return replace(lost, reason=f"{type(error).__name__}: {error}"[:200])
            return replace(found, behind_s=behind_s)
        return replace(lost, reason="no answer")

    async def _by_manner(self, request: Request, upload: "_Upload") -> Outcome:
        if request.manner == "never reads":
            return await self._overheard(request, upload)
        if request.hangs_up_s is None:
            return await self._waits(request, upload)
        with trio.CancelScope() as patience:
            upload.sent_to(patience, request.hangs_up_s)
            return await self._waits(request, upload)
        return Outcome(request, "hung up")

    async def _waits(self, request: Request, upload: "_Upload") -> Outcome:
        async with self._post(request, upload) as response:
            answer_s = trio.current_time() - upload.ended
            if response.status_code != 200:
                return await _refused(request, response, answer_s)
            async for _ in response.aiter_raw():
                pass
        outcome = Outcome(request, "complete", 200, answer_s)
        return await self._with_document(outcome, response.headers["Itten-Job"])

    async def _overheard(self, request: Request, upload: "_Upload") -> Outcome:
        """An asynchronous job, with a WebSocket that nobody ever reads from."""
        async with self._post(request, upload, Prefer="respond-async") as response:
            if response.status_code != 202:
                return await _refused(request, response, trio.current_time() - upload.ended)
            job = (await response.aread()) and response.headers["Location"].rpartition("/")[2]
        async with listener.never_reading(self.url, job):
            await listener.until_end(self.http, job)
            answer_s = trio.current_time() - upload.ended
        return await self._with_document(Outcome(request, "complete", 202, answer_s), job)

    def _post(self, request: Request, upload: "_Upload", **headers: str) -> Any:
        options: dict[str, Any] = {"deadline_s": request.deadline_s}
        if request.kind != "field":
            options |= {"passes": request.passes, "contours": request.contours}
        path = "/field" if request.kind == "field" else "/shade"
        headers |= {"Content-Type": upload.body.kind, "Content-Length": str(upload.body.length)}
        return self.http.stream(
            "POST", path, params=options, content=upload.pieces(), headers=headers
        )

    async def _with_document(self, outcome: Outcome, job: str) -> Outcome:
        document = (await self.http.get(f"/jobs/{job}")).raise_for_status().json()
        state, timings = document["state"], document["timings"]
        return replace(
            outcome,
            end=state if state in ("complete", "partial") else "failed",
            passes=document["progress"]["passes_done"],
            tiles=document["progress"]["tiles_done"],
            bound=document["quality"]["angle_bound_median"],
            reason=document.get("status_reason") or "",
            **timings,
        )


async def _refused(request: Request, response: httpx.Response, answer_s: float) -> Outcome:
    text = await response.aread()
    after = response.headers.get("Retry-After")
    # An answer about a job is of one that got in: it has failed.
    refused = response.status_code == 503 and "Itten-Job" not in response.headers
    return Outcome(
        request,
        "refused" if refused else "failed",
        response.status_code,
        answer_s,
        retry_after_s=None if after is None else float(after),
        reason=_said(text),
    )


def _said(text: bytes) -> str:
    try:
        return str(json.loads(text).get("detail", ""))[:200]
    except ValueError:
        return repr(text[:100])


class _Upload:
    """A body on its way; `ended` is when its last byte was taken, by trio's clock."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.ended = trio.current_time()
        self._patience: tuple[trio.CancelScope, float] | None = None

    def sent_to(self, scope: trio.CancelScope, seconds: float) -> None:
        """Cancel the scope so long after the end."""
        self._patience = scope, seconds

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self.body.pieces:
            yield piece
        self.ended = trio.current_time()
        if self._patience is not None:
            scope, seconds = self._patience
            scope.deadline = self.ended + seconds
