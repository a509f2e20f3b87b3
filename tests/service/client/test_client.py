"""The calls of a service: against a real one, and against ones that misbehave."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import pytest
import trio
import trio.testing

from service.client.client import Client, ImageFile, check_url, open_client
from service.client.errors import ClientError, ServiceError, Unreachable
from service.jobs.events import Envelope, Event, Pass, Snapshot, Tiles
from service.jobs.jobs import Job, JobState, Progress
from tests.service.house import png, unpacked

TARGET = ImageFile("photo.png", png())
URL = "http://somewhere.example"


async def test_a_job_from_start_to_pictures(site_url: str) -> None:
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    async with open_client(site_url) as client:
        started = await client.start("shade", TARGET, None, [("passes", "2"), ("deadline_s", "9")])
        assert started.deadline_s == 9
        job = await client.follow(started.id, hear)
        assert (job.id, job.state, job.progress.passes_done) == (started.id, "complete", 2)
        assert isinstance(heard[0], Snapshot)
        assert unpacked(await client.image(job.id, index=1))[0, 0].tolist() == [245, 235, 225]
        assert unpacked(await client.image(job.id))[0, 0].tolist() == [10, 20, 30]
        assert (await client.image(job.id, "image/webp"))[8:12] == b"WEBP"
        assert (await client.raw_document(job.id))["links"]["self"] == f"/jobs/{job.id}"
        await client.remove(job.id)
        with pytest.raises(ServiceError) as gone:
            await client.document(job.id)
    assert (gone.value.status, gone.value.slug, gone.value.mendable) == (
        410,
        "no-longer-kept",
        False,
    )


async def test_two_pictures_and_a_field(site_url: str) -> None:
    async with open_client(f"{site_url}/") as client:
        job = await client.start("shade", TARGET, ImageFile("other.png", png(8, 6)), [])
        assert (await client.follow(job.id, _ignore)).state == "complete"
        field = await client.start("field", TARGET, None, [])
        await client.follow(field.id, _ignore)
        arrays = np.load(io.BytesIO(await client.field(field.id, "application/x-npz")))
        assert arrays["vectors"].shape == (24, 32, 4)


async def test_what_is_wrong_is_said_as_the_service_says_it(site_url: str) -> None:
    async with open_client(site_url) as client:
        with pytest.raises(ServiceError, match="passes: must be at most 16") as refused:
            await client.start("shade", TARGET, None, [("passes", "17")])
        with pytest.raises(ServiceError) as unknown:
            await client.document("no-such-job")
    assert (refused.value.status, refused.value.mendable) == (422, True)
    assert (unknown.value.status, unknown.value.mendable) == (404, False)


async def test_nobody_there() -> None:
    async with open_client("http://me:secret@127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"http://127.0.0.1:1 does not answer") as error:
            await client.document("job-12345678")
    assert "secret" not in str(error.value)
    assert not error.value.mendable


@pytest.mark.parametrize(
    "url",
    ["", "host", "ftp://host", "http://", "http://host:99999", "http://host:x", "http://h/?a"],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ClientError, match="not an address"):
        check_url(url)


@pytest.mark.parametrize(
    ("answer", "said", "mendable"),
    [
        (httpx.Response(404, text="<html>"), "404 Not Found", True),
        (httpx.Response(502, text="<html>"), "502 Bad Gateway", False),
        (
            httpx.Response(308, headers={"Location": "https://x.example/"}),
            "https://x.example/",
            True,
        ),
        (httpx.Response(202, json={"hello": "world"}), "somewhere.example", True),
        (httpx.Response(202, json=["a"]), "somewhere.example", True),
    ],
)
async def test_somebody_else_there(answer: httpx.Response, said: str, mendable: bool) -> None:
    async with _stub(lambda _: answer) as client:
        with pytest.raises(ServiceError, match="as Itten does") as error:
            await client.start("shade", TARGET, None, [])
    assert said in str(error.value)
    assert error.value.mendable == mendable


async def test_a_busy_service_says_when_to_come_back() -> None:
    problem = {"type": "/problems/busy", "title": "Busy", "status": 503, "detail": "All taken."}
    answer = httpx.Response(503, json=problem, headers={"Retry-After": "7"})
    async with _stub(lambda _: answer) as client:
        with pytest.raises(ServiceError, match="All taken") as error:
            await client.start("shade", TARGET, None, [])
    assert (error.value.slug, error.value.retry_after) == ("busy", 7)


# --- an event stream that is no use: the job is asked about instead ------------------------------

JOB = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=10.0, state=JobState.RUNNING)
PASS_1 = Envelope(JOB.id, 1, Pass(1, 2)).sse()


async def _breaks() -> AsyncIterator[bytes]:
    yield PASS_1 + b"data: {"
    raise httpx.ReadError("connection reset")


async def _is_silent() -> AsyncIterator[bytes]:
    yield PASS_1
    raise httpx.ReadTimeout("")  # as the transport does


async def _is_nonsense() -> AsyncIterator[bytes]:
    yield PASS_1 + b"data: nonsense\n\n"


async def _ends() -> AsyncIterator[bytes]:
    yield PASS_1


@pytest.mark.parametrize("stream", [_breaks, _is_silent, _is_nonsense, _ends])
def test_a_stream_that_is_given_up(stream: Callable[[], AsyncIterator[bytes]]) -> None:
    answer = httpx.Response(200, content=stream())
    heard = _followed(_Service(answer, away=0))
    assert heard[0] == Pass(1, 2)
    assert [each.document["progress"]["tiles_done"] for each in heard[1:]] == [1, 2, 3]
    assert heard[-1].document["state"] == "complete"


def test_a_stream_that_never_was() -> None:
    heard = _followed(_Service(httpx.Response(406), away=0))
    assert all(isinstance(each, Snapshot) for each in heard)


def test_a_service_that_is_away_for_a_while() -> None:
    heard = _followed(_Service(httpx.Response(503), away=12))
    assert heard[-1].document["state"] == "complete"


def test_a_service_that_stays_away() -> None:
    with pytest.raises(Unreachable):
        _followed(_Service(httpx.Response(503), away=1000))


class _Service:
    """One job that gets further each time it is asked about; refuses so many connections first."""

    def __init__(self, stream: httpx.Response, away: int) -> None:
        self.stream, self.away, self.asked = stream, away, 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return self.stream
        self.away -= 1
        if self.away >= 0:
            raise httpx.ConnectError("refused")
        self.asked += 1
        state = JobState.COMPLETE if self.asked == 3 else JobState.RUNNING
        job = Job(**{**_values(JOB), "state": state, "progress": Progress(self.asked, 3, 0, 2)})
        return httpx.Response(200, json=job.document())


def _followed(service: _Service) -> list[Any]:
    heard: list[Any] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    async def follow() -> None:
        async with _stub(service) as client:
            await client.follow(JOB.id, hear)

    trio.run(follow, clock=trio.testing.MockClock(autojump_threshold=0))
    return heard


def _values(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in job.__struct_fields__}


class _stub:  # noqa: N801 - used like a function
    def __init__(
        self, answer: Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
    ) -> None:
        transport = httpx.MockTransport(answer)  # type: ignore[arg-type]
        self._http = httpx.AsyncClient(base_url=URL, transport=transport)

    async def __aenter__(self) -> Client:
        await self._http.__aenter__()
        return Client(self._http)

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()


async def _ignore(event: Event) -> None:
    assert isinstance(event, Tiles | Pass | Snapshot | Event)
