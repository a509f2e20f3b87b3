"""The calls of a service, typed. Every call raises `Unreachable` and `ServiceError`.

async with open_client("http://127.0.0.1:8000") as client:
    job = await client.start("shade", ImageFile("photo.png", data), None, [("passes", "2")])
    job = await client.follow(job.id, hear)
    picture = await client.image(job.id)
    rest = await client.resume(job.id, deadline_s=5)
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from service.access.keys import is_key
from service.client.answers import document_of, place, service_error
from service.client.documents import JobDocument
from service.client.errors import ClientError, Unreachable
from service.client.event_stream import EventDecoder
from service.jobs.events import Event, Snapshot

SILENCE_S = 5.0  # of an event stream, then the job is asked about instead
POLL_S = 0.5
FAREWELL_S = 0.5  # for a stream to end after its last event
LOST_S = 10.0  # that a service may be away while a job is followed: it may be restarted
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # of one read or write

Hear = Callable[[Event], Awaitable[None]]


class ImageFile(NamedTuple):
    """An image file to be sent; results are named after it."""

    name: str
    data: bytes


@asynccontextmanager
async def open_client(url: str, key: str | None = None) -> AsyncIterator["Client"]:
    """A client of the service at an address; a path in it is put before those of the service.

    Raises:
        ClientError: not an address, or not a key.
    """
    check_url(url)
    headers = {} if key is None else {"Authorization": f"Bearer {checked_key(key)}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT) as http:
        yield Client(http)


def check_url(url: str) -> None:
    """Raises ClientError for what is not the address of a service."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        valid = False
    if not valid or parts.query or parts.fragment:
        raise ClientError(f"{url!r} is not an address such as http://127.0.0.1:8000")


def checked_key(key: str) -> str:
    """The key; raises ClientError, which does not repeat it, for what is none."""
    if not is_key(key):
        raise ClientError("the key does not look like one: itten_ and 43 more characters")
    return key


class Client:
    """One service."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def start(
        self,
        kind: Literal["shade", "field"],
        target: ImageFile,
        source: ImageFile | None,
        fields: Sequence[tuple[str, str]],
    ) -> JobDocument:
        """Start a job; `fields` are those of its spec, as text."""
        files = {"target": target} | ({} if source is None else {"source": source})
        headers = {"Prefer": "respond-async"}
        answer = await self._call(
            "POST", f"/{kind}", files=files, data=dict(fields), headers=headers
        )
        return document_of(answer)

    async def resume(
        self,
        job: str,
        deadline_s: float | None = None,
        *,
        target: ImageFile | None = None,
        source: ImageFile | None = None,
        fields: Sequence[tuple[str, str]] = (),
    ) -> JobDocument:
        """Go on from a partial job, as a new one; `deadline_s` is its own.

        Images and fields need not be sent again; those that are must be as they were.
        """
        files = {name: each for name, each in (("target", target), ("source", source)) if each}
        data = dict(fields) | ({} if deadline_s is None else {"deadline_s": str(deadline_s)})
        headers = {"Prefer": "respond-async"}
        answer = await self._call(
            "POST", f"/jobs/{job}/resume", files=files or None, data=data, headers=headers
        )
        return document_of(answer)

    async def document(self, job: str) -> JobDocument:
        """The job as it stands."""
        return document_of(await self._call("GET", f"/jobs/{job}"))

    async def raw_document(self, job: str) -> dict[str, Any]:
        """The job as it stands, with all that the service says of it."""
        answer = await self._call("GET", f"/jobs/{job}")
        return msgspec.json.decode(answer.content, type=dict[str, Any])

    async def image(self, job: str, media: str = "image/png", index: int | None = None) -> bytes:
        """The result as a file of a media type, or the picture after a pass; 0 is the input."""
        query = {} if index is None else {"pass": index}
        answer = await self._call(
            "GET", f"/jobs/{job}/image", params=query, headers={"Accept": media}
        )
        return answer.content

    async def field(self, job: str, media: str = "image/png") -> bytes:
        """The field as a file of a media type: a picture, arrays, or lines."""
        answer = await self._call("GET", f"/jobs/{job}/field", headers={"Accept": media})
        return answer.content

    async def remove(self, job: str) -> None:
        """Cancel a job that runs; remove one that has ended."""
        await self._call("DELETE", f"/jobs/{job}")

    async def follow(self, job: str, hear: Hear) -> JobDocument:
        """Tell the events of a job as they happen; returns its document at the end.

        An event stream that is silent or breaks is given up: the job is asked about instead, and
        each answer told as a snapshot.
        """
        with suppress(httpx.TransportError, httpx.DecodingError):
            await self._listen(job, hear)
        return await self._poll(job, hear)

    async def _listen(self, job: str, hear: Hear) -> None:
        """Tell the events as long as they come."""
        path, headers = f"/jobs/{job}/events", {"Accept": "text/event-stream"}
        decoder = EventDecoder()
        with trio.CancelScope() as scope:
            async with self._http.stream("GET", path, headers=headers, timeout=SILENCE_S) as answer:
                if answer.status_code != httpx.codes.OK:
                    return
                async for piece in answer.aiter_bytes():
                    for event in decoder.feed(piece):
                        await hear(event)
                    if decoder.ended:
                        scope.deadline = trio.current_time() + FAREWELL_S

    async def _poll(self, job: str, hear: Hear) -> JobDocument:
        give_up = trio.current_time() + LOST_S
        while True:
            try:
                answer = await self._call("GET", f"/jobs/{job}")
            except Unreachable:
                if trio.current_time() > give_up:
                    raise
            else:
                give_up = trio.current_time() + LOST_S
                document = document_of(answer)
                await hear(Snapshot(answer.json()))
                if document.state.ended:
                    return document
            await trio.sleep(POLL_S)

    async def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{place(self._http.base_url)} does not answer: {reason}") from error
        if not answer.is_success:
            raise service_error(answer)
        return answer
